#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn site(dir: &std::path::Path) -> Site {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let nowhere = PathBuf::new();
    let tools = Tools {
        postgres: nowhere.clone(),
        redis: nowhere.clone(),
        prometheus: nowhere.clone(),
        alertmanager: nowhere.clone(),
        node_exporter: nowhere.clone(),
        postgres_exporter: nowhere.clone(),
        redis_exporter: nowhere,
    };
    Site::new(dir.to_owned(), tools, watch::Sender::new(Vec::new())).unwrap()
}

fn shell(name: &str, script: &str) -> Launch {
    Launch::new(name, "/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn a_server_that_lost_its_port_gets_another() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let first = Cell::new(0);
    let launch = |[port]: [u16; 1]| {
        if first.get() == 0 {
            first.set(port);
            shell("server", "echo 'bind: Address already in use' >&2; exit 1")
        } else {
            shell("server", "exec sleep 60")
        }
    };
    let [port] = site.serve(launch, async |[port]| port != first.get()).await.unwrap();
    assert_ne!(port, first.get());
    assert_eq!(site.processes().len(), 1, "the one that failed is forgotten");
    site.process("server").unwrap().signal(rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_server_that_fails_is_told_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let launch = |_: [u16; 1]| shell("server", "echo the disk is on fire >&2; exit 3");
    let error = site.serve(launch, async |_| false).await.unwrap_err();
    assert_eq!(error.to_string(), "server did not come up: the disk is on fire");
}

#[tokio::test]
async fn programs_inherit_nothing_but_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    site.run(shell("env", "env")).await.unwrap();
    let seen = fs::read_to_string(folder.path().join("log/env.log")).unwrap();
    let names: Vec<&str> = seen
        .lines()
        .filter_map(|line| line.split('=').next())
        .filter(|name| !["_", "PWD", "SHLVL", "OLDPWD"].contains(name))
        .collect();
    assert!(names.iter().all(|name| ["PATH", "HOME", "LC_ALL", "TZ"].contains(name)), "{names:?}");
}

#[test]
fn ports_are_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let mut ports: Vec<u16> = (0..50).flat_map(|_| site.free_ports::<2>().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 100);
}

#[test]
fn secrets_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    for owner in crate::demo::secret::OWNERS {
        let mode = fs::metadata(site.secrets.file(owner)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{owner}");
        assert_eq!(site.secrets.read(owner).unwrap().len(), 32);
    }
}
