//! A disk that is full.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use super::*;

/// A file system of a few megabytes; none where this user may not mount one.
struct Disk(TempDir);

impl Disk {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: this user may mount no tmpfs");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.path().join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).output());
    }
}

fn state(disk: &Disk) -> Arc<Ledger> {
    open(&disk.path().join("state"))
}

#[tokio::test]
async fn rule_22_a_full_disk_can_be_freed_and_audited() {
    let Some(disk) = Disk::new(40) else { return };
    let ledger = state(&disk);
    let reserve = disk.path().join("state/reserve");
    assert_eq!(reserve.metadata().unwrap().len(), 8 << 20);
    disk.fill();
    let id = submit(&ledger, "shop-db").unwrap();
    assert!(!reserve.exists(), "the reserve was given up for it");
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    for event in [Event::Intended { step: StepId(0) }, Event::Finished { outcome: Outcome::Done }] {
        journal.append(&event).await.unwrap();
    }
    assert_eq!(ledger.audit(10).unwrap().len(), 3);
    assert_eq!(ledger.verify_audit().unwrap(), open(&disk.path().join("state")).verify_audit().unwrap());
    // What the job freed is there: the next midwatch sets the room aside again.
    fs::remove_file(disk.path().join("filler")).unwrap();
    drop(state(&disk));
    assert!(reserve.exists());
}

#[tokio::test]
async fn rule_22_without_room_to_audit_nothing_is_changed() {
    let Some(disk) = Disk::new(24) else { return };
    let ledger = state(&disk);
    let id = submit(&ledger, "shop-db").unwrap();
    let journal = JobJournal::take(Arc::clone(&ledger), id).unwrap();
    let mut refused = None;
    // The reserve holds for thousands of entries; then it is over.
    for _ in 0..50_000 {
        disk.fill();
        if let Err(failure) = journal.append(&Event::UndoIntended { step: StepId(0) }).await {
            refused = Some(failure);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.kind, FailureKind::Full, "{refused}");
    let before = (kinds(&ledger, id).len(), ledger.audit(u32::MAX).unwrap().len());
    assert_eq!(submit(&ledger, "other-db").unwrap_err().kind, FailureKind::Full);
    assert_eq!((kinds(&ledger, id).len(), ledger.audit(u32::MAX).unwrap().len()), before);
    assert!(matches!(ledger.verify_audit().unwrap(), super::audit::Verdict::Whole { .. }));
    fs::remove_file(disk.path().join("filler")).unwrap();
    submit(&ledger, "other-db").unwrap();
}

#[test]
fn a_ledger_opens_on_a_full_disk() {
    let Some(disk) = Disk::new(40) else { return };
    submit(&state(&disk), "shop-db").unwrap();
    disk.fill();
    assert_eq!(state(&disk).jobs(10).unwrap().len(), 1);
}
