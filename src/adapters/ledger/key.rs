//! The key of this host: what it seals manifests and proofs with, so that an edited one is found out.

use std::fs::File;
use std::io::Read as _;

use super::Ledger;
use super::home::{Home, at};
use crate::adapters::repository::SealKey;
use crate::domain::failure::{Failure, FailureKind};

const NAME: &str = "key";
const LENGTH: usize = 32;

impl Ledger {
    /// This host's key; made when it is first asked for, and never again.
    pub fn key(&self) -> Result<SealKey, Failure> {
        let path = self.home.path().join(NAME);
        match File::open(&path) {
            Ok(file) => {
                read(file).map_err(|failure| Failure { what: format!("{}: {}", path.display(), failure.what), ..failure })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.writable().and_then(|()| make(&self.home)),
            Err(error) => Err(at(&path, &error)),
        }
    }
}

fn read(file: File) -> Result<SealKey, Failure> {
    let mut bytes = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    let whole = bytes.as_slice().try_into();
    whole.map(SealKey::new).map_err(|_| Failure::new(FailureKind::Damaged, format!("it is no key: {LENGTH} bytes belong there")))
}

/// Complete before it has its name; where somebody was quicker, theirs counts.
fn make(home: &Home) -> Result<SealKey, Failure> {
    let path = home.path().join(NAME);
    let mut bytes = [0; LENGTH];
    File::open("/dev/urandom").and_then(|mut noise| noise.read_exact(&mut bytes)).map_err(|e| at("/dev/urandom".as_ref(), &e))?;
    match home.create(&path, &bytes) {
        Ok(()) => Ok(SealKey::new(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            File::open(&path).map_err(Failure::from).and_then(read)
        }
        Err(error) => Err(at(&path, &error)),
    }
}
