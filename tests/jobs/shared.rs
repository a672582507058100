//! Two logins on one host, one ledger.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use crate::desk::Ran;
use crate::hold::Hold;
use crate::servers::{PASSWORD, Postgres, eventually};
use crate::{has, worker};

/// The group that shares the ledger; it needs no name.
const GROUP: u32 = 4242;
/// Two users that every host has.
const DAEMON: u32 = 1;
const NOBODY: u32 = 65534;

/// A host with a shared ledger and a shared repository.
struct Host(TempDir);

impl Host {
    fn new(server: &Postgres) -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(host.0.path(), Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_midwatch"), host.path("midwatch")).unwrap();
        for folder in ["state", "repository"] {
            fs::create_dir(host.path(folder)).unwrap();
            chown(host.path(folder), None, Some(GROUP)).unwrap();
            fs::set_permissions(host.path(folder), Permissions::from_mode(0o2770)).unwrap();
        }
        for user in [DAEMON, NOBODY] {
            let home = host.path(&user.to_string());
            fs::create_dir(&home).unwrap();
            fs::write(home.join("midwatch.toml"), configuration(server)).unwrap();
            chown(&home, Some(user), Some(GROUP)).unwrap();
        }
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, user: u32, words: &str) -> Command {
        let home = self.path(&user.to_string());
        let mut command = Command::new(self.path("midwatch"));
        command.arg("--config").arg(home.join("midwatch.toml")).args(words.split(' ')).stdin(Stdio::null());
        // The password's reference is an environment variable: the worker must have it too.
        command.env("HOME", &home).env("DATABASE_PASSWORD", PASSWORD).current_dir("/").uid(user).gid(GROUP);
        command
    }

    fn run(&self, user: u32, words: &str) -> Ran {
        let output = self.command(user, words).output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ran { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn job(&self, user: u32, id: u32) -> Value {
        let ran = self.run(user, &format!("jobs show {id} --json"));
        assert_eq!(ran.status, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }
}

fn configuration(server: &Postgres) -> String {
    format!(
        "state = \"../state\"\nscratch = \"scratch\"\n[environments.e]\nguard = \"open\"\n\
         [environments.e.repositories.main]\npath = \"../repository\"\n\
         [environments.e.services.db]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\nuser = \"postgres\"\n\
         password = \"env:DATABASE_PASSWORD\"\n[environments.e.services.db.backup]\nmethods = [\"logical\"]\n",
        server.port
    )
}

#[test]
fn rule_10_two_logins_share_a_ledger_and_cannot_collide() {
    if !rustix::process::getuid().is_root() {
        return eprintln!("skipped: only root can be two users");
    }
    let server = Arc::new(Postgres::primary());
    server.psql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    let (host, hold) = (Host::new(&server), Hold::on(&server, "t"));
    let first = host.run(DAEMON, "backup db --yes --detach");
    assert_eq!((first.status, first.out.as_str()), (0, "#1\n"), "{first:?}");

    // The second sees it, and who does it.
    eventually("the second sees the first's job begin", || has(&host.job(NOBODY, 1), "intended"));
    let job = host.job(NOBODY, 1);
    assert_eq!(job["state"], "running");
    let owner = fs::metadata(format!("/proc/{}", worker(&job))).unwrap().uid();
    assert_eq!(owner, DAEMON, "it runs as whoever asked for it");

    // The second attaches, cannot collide, and cancels.
    let attached = host.command(NOBODY, "jobs attach 1").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let loser = host.run(NOBODY, "backup db --yes");
    assert_eq!(loser.status, 75, "{loser:?}");
    let told = format!("is held by {}: backup db (job #1), since", job["operator"].as_str().unwrap());
    assert!(loser.err.contains(&told), "{loser:?}");
    assert_eq!(host.run(NOBODY, "jobs cancel 1").status, 0);
    let attached = attached.wait_with_output().unwrap();
    let log = String::from_utf8(attached.stdout).unwrap();
    assert_eq!(attached.status.code(), Some(1), "{log}");
    assert!(log.contains("cancels it") && log.ends_with("the job has ended: cancelled\n"), "{log}");
    assert_eq!(host.job(DAEMON, 1)["state"], "cancelled");

    // Locks, files and repository are free and open to the second.
    hold.release();
    for user in [NOBODY, DAEMON] {
        let ran = host.run(user, "backup db --yes");
        assert_eq!(ran.status, 0, "{ran:?}");
        assert_eq!(host.run(user, "audit verify").status, 0);
    }
    let cancelled = host.run(DAEMON, "audit list").out;
    assert!(cancelled.contains("ask job #1 to cancel"), "{cancelled}");
    open_to_the_group(&host.path("state"));
}

/// Everything but the users' own programs.
fn open_to_the_group(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "bin") {
        let meta = entry.metadata().unwrap();
        assert_eq!(meta.gid(), GROUP, "{}", entry.path().display());
        assert_eq!(meta.mode() & 0o067, 0o060, "{}", entry.path().display());
        if meta.is_dir() {
            open_to_the_group(&entry.path());
        }
    }
}
