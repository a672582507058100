//! Room that is kept for the ledger: given up when the disk is full, so that what frees a full disk can still be audited.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::statvfs;

use super::home::Home;

const NAME: &str = "reserve";
/// Bytes. Thousands of entries fit.
const SIZE: usize = 8 << 20;
/// The part of the room left that may be set aside.
const SHARE: u64 = 2;

/// Sets the room aside where it is not, and where the disk is not full anyway. What fails here fails again, and is told, when
/// something must be written.
pub(super) fn keep(home: &Home) {
    let path = home.path().join(NAME);
    let is_kept = fs::metadata(&path).is_ok_and(|meta| meta.len() == SIZE as u64);
    if !is_kept && has_room(home.path()) && fill(home).is_err() {
        drop(fs::remove_file(&path));
    }
}

/// Gives the room up; says whether there was any.
pub(super) fn release(home: &Home) -> bool {
    let path = home.path().join(NAME);
    let held = fs::metadata(&path).is_ok_and(|meta| meta.len() > 0);
    held && fs::remove_file(&path).is_ok()
}

fn has_room(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) / SHARE > SIZE as u64)
}

/// Writes noise, not zeros: a file system that compresses or leaves holes would set nothing aside.
fn fill(home: &Home) -> io::Result<()> {
    let mut file = home.file(NAME).map_err(io::Error::other)?;
    file.set_len(0)?;
    let mut noise = vec![0; 1 << 20];
    for _ in 0..SIZE / noise.len() {
        fastrand::fill(&mut noise);
        file.write_all(&noise)?;
    }
    file.sync_all()
}
