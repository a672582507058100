//! What went wrong between midwatch and the Docker Engine, in words, with what mends it.

use std::fs;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use crate::adapters::control::docker::seat::Seat;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;

/// A socket that could not be connected to.
pub fn socket(path: &Path, error: &Error) -> Failure {
    let at = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => no_rights(path),
        ErrorKind::NotFound => {
            Failure::new(FailureKind::Unavailable, format!("Docker does not run here: there is no socket {at}"))
                .mend("sudo systemctl start docker, or let DOCKER_HOST name where it listens")
        }
        ErrorKind::ConnectionRefused => {
            Failure::new(FailureKind::Unavailable, format!("Docker's daemon does not run: nobody listens at its socket {at}"))
                .mend("sudo systemctl start docker; journalctl -u docker tells why it ended")
        }
        _ => Failure::new(FailureKind::Unavailable, format!("Docker's socket {at}: {error}")),
    }
}

fn no_rights(path: &Path) -> Failure {
    let user = name_of("/etc/passwd", rustix::process::geteuid().as_raw());
    let group = path.metadata().ok().map(|meta| meta.gid());
    let group = group.filter(|gid| *gid != 0).map_or_else(|| "docker".to_owned(), |gid| name_of("/etc/group", gid));
    let what = format!("{user} has no rights on Docker's socket {}: its group {group} has", path.display());
    Failure::new(FailureKind::Denied, what).mend(format!("sudo usermod -aG {group} {user}, and log in again"))
}

/// The name behind a number of `/etc/passwd` or `/etc/group`; the number itself where it has none.
fn name_of(table: &str, number: u32) -> String {
    let table = fs::read_to_string(table).unwrap_or_default();
    let number = number.to_string();
    let found = table.lines().find(|line| line.split(':').nth(2) == Some(&number)).and_then(|line| line.split(':').next());
    found.map_or(number.clone(), str::to_owned)
}

/// An address that could not be connected to.
pub fn address(seat: &Seat, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unavailable, format!("{seat}: {error}")).mend("let DOCKER_HOST name where it listens")
}

/// How Docker's client says that there is no daemon.
const NOT_RUNNING: &[&str] = &[
    "Cannot connect to the Docker daemon",
    "failed to connect to the docker API",
    "connect: no such file or directory",
    "connect: connection refused",
];

/// What `ssh`, or Docker's client behind it, said at its end.
pub fn beyond(host: &str, said: &str) -> Failure {
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("ended without a word");
    let any = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    let failed = |kind, what: String, mend: String| Failure::new(kind, what).mend(mend);
    match () {
        () if any(&["permission denied while trying to connect", "connect: permission denied"]) => failed(
            FailureKind::Denied,
            format!("whom ssh logs in as on {host} has no rights on Docker's socket there: {line}"),
            "there: sudo usermod -aG docker USER".to_owned(),
        ),
        () if any(NOT_RUNNING) => failed(
            FailureKind::Unavailable,
            format!("Docker does not run on {host}: {line}"),
            format!("ssh {host} sudo systemctl start docker"),
        ),
        () if any(&["docker: not found", "docker: command not found"]) => failed(
            FailureKind::Tool,
            format!("{host} has no docker in its PATH: {line}"),
            "there: sudo apt-get install docker.io".to_owned(),
        ),
        () if any(&["Permission denied (", "Host key verification failed"]) => {
            failed(FailureKind::Denied, format!("{host} does not let us in: {line}"), format!("ssh {host} shows it"))
        }
        () => failed(FailureKind::Unavailable, format!("ssh to {host}: {line}"), format!("ssh {host} docker version shows it")),
    }
}

/// No answer in time; to what would change something it may still come.
pub fn silent(seat: &Seat, patience: Duration, changes: bool) -> Failure {
    let may = if changes { "; what it was asked may have happened, or happen yet" } else { "" };
    let what = format!("{seat} takes the question and does not answer within {}{may}", human(patience));
    let mend = match seat {
        Seat::Ssh(host) => format!("ssh {host} docker ps shows whether it is the way or Docker"),
        _ => "docker ps shows whether it hangs; sudo systemctl restart docker ends that, and containers with it unless live-restore is on"
            .to_owned(),
    };
    Failure::new(FailureKind::Stalled, what).mend(mend)
}

/// What is there besides what was asked for, nearest first.
pub fn nearest(wanted: &str, names: &[String]) -> Option<String> {
    let mut near: Vec<(f64, &String)> = names.iter().map(|name| (strsim::jaro_winkler(wanted, name), name)).collect();
    near.retain(|(likeness, _)| *likeness > 0.7);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.iter().take(3).map(|(_, name)| name.as_str()).collect();
    (!near.is_empty()).then(|| near.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_ssh_says_is_told_apart() {
        for (said, kind, part) in [
            ("anna@db-1: Permission denied (publickey).", FailureKind::Denied, "does not let us in"),
            ("Got permission denied while trying to connect to the Docker daemon socket", FailureKind::Denied, "no rights"),
            (
                "error during connect: Cannot connect to the Docker daemon at unix:///x.",
                FailureKind::Unavailable,
                "does not run on db-1",
            ),
            (
                "failed to open the raw stream connection: dial unix /x: connect: permission denied",
                FailureKind::Denied,
                "no rights",
            ),
            (
                "failed to open the raw stream connection: dial unix /x: connect: connection refused",
                FailureKind::Unavailable,
                "does not run",
            ),
            ("sh: 1: docker: not found", FailureKind::Tool, "no docker"),
            ("kex_exchange_identification: Connection reset\n\n", FailureKind::Unavailable, "Connection reset"),
            ("", FailureKind::Unavailable, "without a word"),
        ] {
            let failure = beyond("db-1", said);
            assert_eq!(failure.kind, kind, "{failure}");
            assert!(failure.what.contains(part) && failure.mend.is_some(), "{failure}");
        }
    }

    #[test]
    fn near_names_come_nearest_first() {
        let names = ["shop-db-1", "worker-1", "worker-2", "cache"].map(str::to_owned);
        assert_eq!(nearest("worker-3", &names).unwrap(), "worker-1, worker-2");
        assert_eq!(nearest("zzz", &names), None);
    }
}
