//! Where programs are on this host.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::domain::access::ToolPlace;
use crate::domain::failure::{Failure, FailureKind};

/// Where distributions lay PostgreSQL's versions side by side: the folder, and what stands before the version's number.
const SIDE_BY_SIDE: &[(&str, &str)] = &[("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
/// Where programs are that a timer's `PATH` often lacks.
const ALSO: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Programs that every system has, and that no folder of a service's tools needs to have.
const SYSTEM: &[&str] = &["sh", "cat", "tar", "find", "ls", "ln", "mkdir", "rm"];

/// Where programs find the programs that they start: first where the service's tools are.
pub fn path(place: &ToolPlace, major: Option<u16>, path: &OsStr) -> OsString {
    let own = match place {
        ToolPlace::Folder(folder) => Some(folder.clone()),
        ToolPlace::Here => {
            versions().into_iter().find(|(found, _)| major.is_none_or(|major| major == *found)).map(|(_, bin)| bin)
        }
        ToolPlace::Image(_) => None,
    };
    let all = own.into_iter().chain(std::env::split_paths(path)).chain(ALSO.iter().map(PathBuf::from));
    std::env::join_paths(all).unwrap_or_else(|_| path.to_owned())
}

/// Where a program is. Of PostgreSQL's, that of the `major` version, else of the newest. An image finds its own.
pub fn find(program: &str, place: &ToolPlace, major: Option<u16>, path: &OsStr) -> Result<PathBuf, Failure> {
    match place {
        ToolPlace::Folder(_) if SYSTEM.contains(&program) => in_path(program, path),
        ToolPlace::Folder(folder) => Some(folder.join(program)).filter(|path| executable(path)),
        ToolPlace::Here => here(program, major, path),
        ToolPlace::Image(_) => Some(program.into()),
    }
    .ok_or_else(|| missing(program, place, major))
}

/// The folders of PostgreSQL's programs here, by their major versions, newest first.
pub fn versions() -> Vec<(u16, PathBuf)> {
    let mut found: Vec<_> = SIDE_BY_SIDE.iter().flat_map(|(folder, prefix)| versions_in(Path::new(folder), prefix)).collect();
    found.sort_unstable_by_key(|(major, _)| std::cmp::Reverse(*major));
    found
}

fn versions_in(folder: &Path, prefix: &str) -> Vec<(u16, PathBuf)> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let major = |name: &str| name.strip_prefix(prefix)?.parse().ok();
    entries.filter_map(|entry| Some((major(entry.file_name().to_str()?)?, entry.path().join("bin")))).collect()
}

/// Where versions lie side by side, what `PATH` has is a wrapper that chooses one of them by itself.
fn here(program: &str, major: Option<u16>, path: &OsStr) -> Option<PathBuf> {
    let all = versions().into_iter().map(|(found, bin)| (found, bin.join(program)));
    let all: Vec<_> = all.filter(|(_, path)| executable(path)).collect();
    if all.is_empty() {
        return in_path(program, path);
    }
    all.into_iter().find(|(found, _)| major.is_none_or(|major| major == *found)).map(|(_, path)| path)
}

/// The first in a `PATH`, or where programs are that a short one leaves out.
pub(super) fn in_path(program: &str, path: &OsStr) -> Option<PathBuf> {
    let folders = std::env::split_paths(path).chain(ALSO.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| executable(path))
}

fn executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

pub(super) fn missing(program: &str, place: &ToolPlace, major: Option<u16>) -> Failure {
    let of = major.map(|major| format!(" of PostgreSQL {major}")).unwrap_or_default();
    match place {
        ToolPlace::Folder(folder) => Failure::new(FailureKind::Tool, format!("there is no {program} in {}", folder.display()))
            .mend("tools = { folder = \"…\" } names the folder that has it"),
        _ => Failure::new(FailureKind::Tool, format!("{program}{of} is not installed here"))
            .mend(format!("sudo apt-get install --no-install-recommends {}", package(program, major))),
    }
}

/// The Debian package that brings a program.
fn package(program: &str, major: Option<u16>) -> String {
    let versioned = |name: &str| major.map_or_else(|| name.to_owned(), |major| format!("{name}-{major}"));
    match program {
        "redis-cli" | "redis-check-rdb" => "redis-tools".to_owned(),
        "redis-server" => "redis-server".to_owned(),
        "valkey-server" | "valkey-cli" => "valkey".to_owned(),
        "pg_dump" | "pg_dumpall" | "pg_restore" | "psql" | "pg_basebackup" | "pg_receivewal" | "pg_isready" | "pg_amcheck" => {
            versioned("postgresql-client")
        }
        "docker" => "docker.io".to_owned(),
        "iptables" | "ip6tables" => "iptables".to_owned(),
        "nsenter" => "util-linux".to_owned(),
        "ssh" => "openssh-client".to_owned(),
        "systemctl" | "journalctl" => "systemd".to_owned(),
        "pgbackrest" => "pgbackrest".to_owned(),
        _ => versioned("postgresql"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn versions_are_read_from_the_names_of_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9.6/bin/psql", "15/bin/psql", "pgsql-16/bin/psql", "lib/bin/psql"] {
            put(&folder.path().join(name));
        }
        assert_eq!(versions_in(folder.path(), ""), [(15, folder.path().join("15/bin"))]);
        assert_eq!(versions_in(folder.path(), "pgsql-"), [(16, folder.path().join("pgsql-16/bin"))]);
    }

    #[test]
    fn a_folder_that_was_named_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = ToolPlace::Folder(folder.path().into());
        let failure = find("psql", &place, None, OsStr::new("/bin")).unwrap_err();
        assert!(failure.what.contains(&folder.path().display().to_string()), "{failure}");
        put(&folder.path().join("psql"));
        assert_eq!(find("psql", &place, None, OsStr::new("/bin")), Ok(folder.path().join("psql")));
        assert!(find("sh", &place, None, OsStr::new("/bin")).is_ok(), "the system's own are not looked for there");
        let path = path(&place, None, OsStr::new("/bin"));
        assert!(path.to_str().unwrap().starts_with(&format!("{}:/bin:", folder.path().display())));
    }

    #[test]
    fn what_is_missing_is_told_with_its_package() {
        let failure = find("pg_nothing", &ToolPlace::Here, Some(15), OsStr::new("/bin")).unwrap_err();
        assert_eq!(failure.what, "pg_nothing of PostgreSQL 15 is not installed here");
        assert_eq!(failure.mend.unwrap(), "sudo apt-get install --no-install-recommends postgresql-15");
    }
}
