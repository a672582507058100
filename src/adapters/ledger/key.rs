//! The key of this host: what it seals manifests and proofs with, so that an edited one is found out.

use std::fmt;
use std::fs::File;
use std::io::Read as _;

use secrecy::{ExposeSecret as _, SecretBox};
use sha2::{Digest as _, Sha256};

use super::home::{Home, at};
use super::{Ledger, hex};
use crate::domain::failure::{Failure, FailureKind};

const NAME: &str = "key";
const LENGTH: usize = 32;

/// 32 random bytes and the name they go by. Shown, it is its name.
pub struct HostKey {
    bytes: SecretBox<[u8; LENGTH]>,
    name: String,
}

impl HostKey {
    fn new(bytes: [u8; LENGTH]) -> Self {
        let name = hex(&Sha256::digest(bytes)[..8]);
        Self { bytes: SecretBox::new(Box::new(bytes)), name }
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8; LENGTH] {
        self.bytes.expose_secret()
    }

    /// Its name: the first 16 hexadecimal digits of its SHA-256.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({})", self.name)
    }
}

impl Ledger {
    /// This host's key; made when it is first asked for, and never again.
    pub fn key(&self) -> Result<HostKey, Failure> {
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

fn read(file: File) -> Result<HostKey, Failure> {
    let mut bytes = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
    let whole = bytes.as_slice().try_into();
    whole.map(HostKey::new).map_err(|_| Failure::new(FailureKind::Damaged, format!("it is no key: {LENGTH} bytes belong there")))
}

/// Complete before it has its name; where somebody was quicker, theirs counts.
fn make(home: &Home) -> Result<HostKey, Failure> {
    let path = home.path().join(NAME);
    let mut bytes = [0; LENGTH];
    File::open("/dev/urandom").and_then(|mut noise| noise.read_exact(&mut bytes)).map_err(|e| at("/dev/urandom".as_ref(), &e))?;
    match home.create(&path, &bytes) {
        Ok(()) => Ok(HostKey::new(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            File::open(&path).map_err(Failure::from).and_then(read)
        }
        Err(error) => Err(at(&path, &error)),
    }
}
