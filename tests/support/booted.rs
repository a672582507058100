//! A real systemd as the first process of a container that is made of this host's own files. Include it, and `docker.rs`, with
//! `#[path = "support/booted.rs"] mod booted;`.
#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::docker::{Docker, found, libraries};

const IMAGE: &str = "midwatch-systemd";
pub const NAME: &str = "booted";
const SYSTEMD: &str = "/lib/systemd/systemd";
const JOURNALD: &str = "/lib/systemd/systemd-journald";
/// What `docker exec` runs there instead of what is here, and what the services of the tests call.
pub const PROGRAMS: &[&str] = &["systemctl", "journalctl", "sh", "cat", "uname", "id", "sleep"];
/// The units of a small system.
const UNITS: &[&str] = &[
    "basic.target",
    "local-fs-pre.target",
    "local-fs.target",
    "paths.target",
    "shutdown.target",
    "slices.target",
    "sockets.target",
    "swap.target",
    "sysinit.target",
    "systemd-journald-dev-log.socket",
    "systemd-journald.service",
    "systemd-journald.socket",
    "timers.target",
    "umount.target",
];
/// Where hosts have the control groups of the newer kind: beside those of the older, or alone.
const GROUPS: &[&str] = &["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
/// What it needs of the kernel beside them: its own mounts.
const RIGHTS: &[&str] = &[
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=host",
    "--tmpfs=/run",
    "--tmpfs=/tmp",
    "--env=container=docker",
];

/// A container that was booted.
pub struct Booted<'a>(pub &'a Docker);

impl<'a> Booted<'a> {
    /// Boots it, with these options of `docker run` and these files of the host beside its own; none, and said so, where that cannot
    /// be.
    pub fn boot(docker: &'a Docker, options: &[&str], more: &[String], path: &str) -> Option<Self> {
        if !Path::new(SYSTEMD).exists() {
            eprintln!("skipped: systemd is not installed: apt-get install systemd");
            return None;
        }
        // With those of the older kind it would mount all that the host has not, for the whole host.
        let Some(groups) = GROUPS.iter().find(|groups| Path::new(groups).join("cgroup.controllers").exists()) else {
            eprintln!("skipped: systemd needs control groups of the second version");
            return None;
        };
        let mut all = [files(), more.to_vec()].concat();
        all.sort();
        all.dedup();
        docker.import(IMAGE, &all, &format!("ENV PATH={path}"));
        let volume = format!("--volume={groups}:/sys/fs/cgroup:rw");
        let run = ["run", "-d", "--name", NAME, &volume];
        docker.succeed(&[&run[..], RIGHTS, options, &[IMAGE, SYSTEMD, "--unit=basic.target"]].concat());
        let booted = Self(docker);
        let state = || String::from_utf8_lossy(&booted.exec(&["systemctl", "is-system-running"]).stdout).trim().to_owned();
        let mut runs = String::new();
        docker.eventually("a system that was booted, or cannot be", || {
            runs = docker.succeed(&["inspect", "-f", "{{.State.Status}}", NAME]);
            runs != "running" || ["running", "degraded"].contains(&state().as_str())
        });
        if runs != "running" {
            eprintln!("skipped: systemd cannot be the first process of a container here: {:?}", docker.run(&["logs", NAME]));
            return None;
        }
        Some(booted)
    }

    pub fn exec(&self, words: &[&str]) -> Output {
        self.0.run(&[&["exec", NAME], words].concat())
    }

    /// A service that runs a script.
    pub fn unit(&self, name: &str, script: &str) {
        let put = |path: &str, text: &str| {
            let words = ["sh", "-c", "printf %s \"$1\" >\"$2\"", "sh", text, path];
            assert!(self.exec(&words).status.success(), "{path}");
        };
        put(&format!("/run/{name}"), script);
        let text = format!("[Service]\nExecStart=/bin/sh /run/{name}\nTimeoutStopSec=300\n");
        put(&format!("/run/systemd/system/{name}.service"), &text);
    }

    pub fn reload(&self) {
        assert!(self.exec(&["systemctl", "daemon-reload"]).status.success());
    }
}

/// Everything that goes into the image.
fn files() -> Vec<String> {
    let mut programs: Vec<PathBuf> = PROGRAMS.iter().map(|name| found(name)).collect();
    programs.extend([SYSTEMD, JOURNALD].map(PathBuf::from));
    let units = UNITS.iter().map(|unit| format!("/lib/systemd/system/{unit}"));
    let tables = ["/bin/sh", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"].map(str::to_owned);
    let mut all: Vec<String> = programs.iter().map(|path| path.display().to_string()).collect();
    all.extend(libraries(&programs).into_iter().chain(units).chain(tables));
    all.retain(|path| Path::new(path).exists());
    all.sort();
    all.dedup();
    all
}
