//! A repository whose disk is full, as a real worker meets it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::desk::Desk;
use crate::servers::Postgres;

fn mount(options: &str, at: &Path) -> bool {
    let run = Command::new("mount").args(["-t", "tmpfs", "-o", options, "midwatch-test"]).arg(at).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Unmounted when dropped.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).stderr(Stdio::null()).status());
    }
}

#[test]
fn rule_14_a_full_disk_leaves_no_part_of_a_backup_and_the_last_one_whole() {
    let server = Postgres::primary();
    server
        .psql("CREATE TABLE t AS SELECT n, md5(n::text) || md5((n * 7)::text) AS noise FROM generate_series(1, 60000) n")
        .unwrap();
    let desk = Desk::on_postgres(&server);
    let repository = desk.path("repository");
    if !mount("size=64m", &repository) {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    let _mounted = Mounted(&repository);
    desk.ok("backup db");
    let size = std::fs::metadata(desk.file("postgres")).unwrap().len();
    // Room for a half, for a tenth, and for nothing.
    for part in [size / 2, size / 10, 0] {
        let used = size + 64 * 1024;
        assert!(mount(&format!("remount,size={}k", (used + part) / 1024), &repository));
        let ran = desk.run("backup db");
        assert_eq!((ran.status, ran.err.contains("room")), (1, true), "{part}: {ran:?}");
        assert_eq!((desk.backups().len(), desk.orphans().len()), (1, 0), "{part}");
    }
    assert!(mount("remount,size=64m", &repository));
    desk.ok("backup db");
    desk.ok("verify --all");
    assert!(desk.backups().iter().all(|backup| backup["standing"] == "proved"));
}
