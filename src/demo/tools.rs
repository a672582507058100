//! The programs a demo is made of: where they are, and what to install when they are not.

use std::env;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where each program is.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The folder with `initdb`, `postgres` and `pg_basebackup`, all of one version.
    pub postgres: PathBuf,
    /// `redis-server`.
    pub redis: PathBuf,
    /// `prometheus`.
    pub prometheus: PathBuf,
    /// `prometheus-alertmanager`.
    pub alertmanager: PathBuf,
    /// `prometheus-node-exporter`.
    pub node_exporter: PathBuf,
    /// `prometheus-postgres-exporter`.
    pub postgres_exporter: PathBuf,
    /// `prometheus-redis-exporter`.
    pub redis_exporter: PathBuf,
}

/// All programs that were not found, and the packages that bring them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    programs: Vec<&'static str>,
    packages: Vec<&'static str>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "not installed: {}", self.programs.join(", "))?;
        write!(f, "get them with: sudo apt-get install --no-install-recommends {}", self.packages.join(" "))
    }
}

impl Tools {
    /// Finds them all, or tells all that are missing.
    pub fn find() -> Result<Self, Missing> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        Self::find_in(&folders, Path::new("/usr/lib/postgresql"))
    }

    fn find_in(folders: &[PathBuf], postgres: &Path) -> Result<Self, Missing> {
        let mut missing = Missing::default();
        let mut one = |package, names: &[&'static str]| {
            let found = names.iter().find_map(|name| which(folders, name));
            if found.is_none() {
                missing.programs.push(names[0]);
                missing.packages.push(package);
            }
            found.unwrap_or_default()
        };
        // Debian's names first, then those of the projects' own archives.
        let tools = Self {
            redis: one("redis-server", &["redis-server"]),
            prometheus: one("prometheus", &["prometheus"]),
            alertmanager: one("prometheus-alertmanager", &["prometheus-alertmanager", "alertmanager"]),
            node_exporter: one("prometheus-node-exporter", &["prometheus-node-exporter", "node_exporter"]),
            postgres_exporter: one("prometheus-postgres-exporter", &["prometheus-postgres-exporter", "postgres_exporter"]),
            redis_exporter: one("prometheus-redis-exporter", &["prometheus-redis-exporter", "redis_exporter"]),
            postgres: postgres_folder(folders, postgres).unwrap_or_default(),
        };
        if tools.postgres.as_os_str().is_empty() {
            missing.programs.push("postgres, initdb, pg_basebackup");
            missing.packages.push("postgresql");
        }
        if missing.programs.is_empty() { Ok(tools) } else { Err(missing) }
    }
}

fn which(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|path| executable(path))
}

fn executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The newest version's folder where versions lie side by side, as on Debian, else the first folder that has all three.
fn postgres_folder(folders: &[PathBuf], versions: &Path) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = versions
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort_unstable_by_key(|(major, _)| std::cmp::Reverse(*major));
    let side_by_side = found.into_iter().map(|(_, folder)| folder);
    side_by_side
        .chain(folders.iter().cloned())
        .find(|folder| ["initdb", "postgres", "pg_basebackup"].iter().all(|name| executable(&folder.join(name))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn put(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn all_that_is_missing_is_named_at_once_with_one_command() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("prometheus"));
        let missing = Tools::find_in(&[folder.path().into()], &folder.path().join("none")).unwrap_err();
        let words = missing.to_string();
        for name in ["redis-server", "prometheus-alertmanager", "prometheus-node-exporter", "initdb", "apt-get install"] {
            assert!(words.contains(name), "{name} in {words}");
        }
        assert!(!missing.programs.contains(&"prometheus"));
    }

    #[test]
    fn the_newest_whole_postgres_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for (version, names) in [
            ("9", &["initdb", "postgres", "pg_basebackup"][..]),
            ("15", &["initdb", "postgres", "pg_basebackup"]),
            ("16", &["psql"]),
        ] {
            for name in names {
                put(&folder.path().join(version).join("bin").join(name));
            }
        }
        assert_eq!(postgres_folder(&[], folder.path()), Some(folder.path().join("15/bin")));
    }
}
