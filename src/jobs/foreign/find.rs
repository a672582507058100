//! Which files of a folder or a bucket are backups, told from their names and their first bytes. What a file begins with counts
//! more than what it is called.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ports::trove::Listed;

/// What a foreign backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// SQL of `pg_dump` or `pg_dumpall`.
    Script,
    /// `pg_dump -Fc`.
    Archive,
    /// `pg_dump -Fd`.
    Folder,
    /// `pg_dump -Ft`.
    Tar,
    /// A backup in a repository of `pgbackrest`'s.
    Pgbackrest,
    /// A Redis's or Valkey's RDB.
    Rdb,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Script, Self::Archive, Self::Folder, Self::Tar, Self::Pgbackrest, Self::Rdb];
}

/// A foreign backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Its file; for a directory archive and a backup of `pgbackrest`'s its folder.
    pub path: String,
    /// Its files: one, but for a directory archive. Of a backup of `pgbackrest`'s its manifest, which has the hashes of the rest.
    pub files: Vec<Listed>,
    /// The checksum that was written beside it.
    pub sidecar: Option<Listed>,
    /// A file with the roles, as `pg_dumpall --globals-only` writes it, that lies beside it.
    pub roles: Option<Listed>,
}

impl Kind {
    /// The word of manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Archive => "archive",
            Self::Folder => "archive-folder",
            Self::Tar => "archive-tar",
            Self::Pgbackrest => "pgbackrest",
            Self::Rdb => "rdb",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Script => "SQL of pg_dump",
            Self::Archive => "pg_dump custom archive",
            Self::Folder => "pg_dump directory archive",
            Self::Tar => "pg_dump tar archive",
            Self::Pgbackrest => "pgbackrest backup",
            Self::Rdb => "RDB",
        }
    }
}

/// What checksums are called after the file they are of.
const SUMS: &[&str] = &["md5", "md5sum", "sha256", "sha256sum"];
/// What compressed files are called.
const PACKED: &[&str] = &["gz"];

/// A file that may be a backup, with its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The file.
    pub file: Listed,
    /// Its checksum's file.
    pub sidecar: Option<Listed>,
}

/// Parts a listing into backups that are folders and single files; checksums go with their files.
pub fn sort(listed: &[Listed]) -> (Vec<Found>, Vec<Suspect>) {
    let roots = pgbackrest_roots(listed);
    let (listed, repositories): (Vec<Listed>, Vec<Listed>) =
        listed.iter().cloned().partition(|file| !roots.iter().any(|root| is_of_repository(root, &file.path)));
    let (mut folders, suspects) = sort_plain(&listed);
    let manifests = repositories.into_iter().filter(|file| file.name() == "backup.manifest");
    folders.extend(manifests.map(|file| Found {
        kind: Kind::Pgbackrest,
        path: file.folder().to_owned(),
        files: vec![file],
        sidecar: None,
        roles: None,
    }));
    (folders, suspects)
}

/// What stands before `backup/STANZA/backup.info`.
fn pgbackrest_roots(listed: &[Listed]) -> BTreeSet<String> {
    let infos = listed.iter().filter_map(|file| file.path.strip_suffix("/backup.info"));
    let above = infos.filter_map(|folder| folder.rsplit_once('/').map_or(Some(""), |(above, _)| Some(above)));
    above.filter_map(|above| above.strip_suffix("backup").map(str::to_owned)).collect()
}

fn is_of_repository(root: &str, path: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.starts_with("backup/") || rest.starts_with("archive/"))
}

fn sort_plain(listed: &[Listed]) -> (Vec<Found>, Vec<Suspect>) {
    let tocs = listed.iter().filter(|file| file.name() == "toc.dat" && !file.folder().is_empty());
    let folders: BTreeSet<&str> = tocs.map(Listed::folder).collect();
    let inside = |file: &Listed| folders.contains(file.folder());
    let archives = folders.iter().map(|folder| Found {
        kind: Kind::Folder,
        path: (*folder).to_owned(),
        files: listed.iter().filter(|file| file.folder() == *folder).cloned().collect(),
        sidecar: None,
        roles: None,
    });
    let singles: Vec<&Listed> = listed.iter().filter(|file| !inside(file)).collect();
    let is_sum = |file: &&&Listed| extension(&file.path).is_some_and(|end| SUMS.contains(&end));
    let (sums, files): (Vec<&Listed>, Vec<&Listed>) = singles.iter().partition(|file| is_sum(file));
    let suspects = files.iter().map(|file| {
        let sidecar = sums.iter().find(|sum| is_of(&sum.path, &file.path)).map(|sum| (*sum).clone());
        Suspect { file: (*file).clone(), sidecar }
    });
    (archives.collect(), suspects.collect())
}

/// `x.sql.gz.md5` and `x.sql.md5` are of `x.sql.gz`.
fn is_of(sum: &str, file: &str) -> bool {
    let stem = sum.rsplit_once('.').map_or(sum, |(stem, _)| stem);
    stem == file || stem == unpacked(file)
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.rsplit_once('.').map(|(_, end)| end)
}

fn unpacked(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, end)) if PACKED.contains(&end) => stem,
        _ => path,
    }
}

/// What a file is, from its name and how its contents begin, decompressed. None where it is no backup that is known.
pub fn kind(path: &str, head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"PGDMP") {
        return Some(Kind::Archive);
    }
    if head.starts_with(b"REDIS") || head.starts_with(b"VALKEY") {
        return Some(Kind::Rdb);
    }
    if head.starts_with(b"toc.dat\0") && head.len() > 512 && head[512..].starts_with(b"PGDMP") {
        return Some(Kind::Tar);
    }
    let start = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    if start.contains("PostgreSQL database dump") || start.contains("PostgreSQL database cluster dump") {
        return Some(Kind::Script);
    }
    match extension(unpacked(path))? {
        "sql" => Some(Kind::Script),
        "dump" | "backup" | "pgdump" => Some(Kind::Archive),
        "rdb" => Some(Kind::Rdb),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(paths: &[&str]) -> Vec<Listed> {
        paths.iter().map(|path| Listed { path: (*path).to_owned(), bytes: 1, modified: None }).collect()
    }

    #[test]
    fn checksums_go_with_their_files_and_directory_archives_are_one_backup() {
        let all = listed(&[
            "a.sql.gz",
            "a.sql.gz.md5",
            "b.sql.gz",
            "b.sql.md5",
            "shop/1.dat.gz",
            "shop/toc.dat",
            "c.rdb.gz",
            "lost.md5",
            "c.rdb.gz.sha256",
        ]);
        let (folders, suspects) = sort(&all);
        assert_eq!((folders.len(), folders[0].path.as_str(), folders[0].files.len()), (1, "shop", 2));
        let pairs: Vec<(&str, Option<&str>)> =
            suspects.iter().map(|s| (s.file.path.as_str(), s.sidecar.as_ref().map(|sum| sum.path.as_str()))).collect();
        assert_eq!(
            pairs,
            [("a.sql.gz", Some("a.sql.gz.md5")), ("b.sql.gz", Some("b.sql.md5")), ("c.rdb.gz", Some("c.rdb.gz.sha256"))]
        );
    }

    #[test]
    fn a_repository_of_pgbackrest_has_a_backup_for_each_manifest() {
        let all = listed(&[
            "r/archive/main/15-1/0001/0002.gz",
            "r/backup/main/20261101-020000F/backup.manifest",
            "r/backup/main/20261101-020000F/pg_data/base/1/2.gz",
            "r/backup/main/20261102-020000F/backup.manifest.copy",
            "r/backup/main/backup.info",
            "r/x.sql",
        ]);
        let (folders, suspects) = sort(&all);
        let paths: Vec<&str> = folders.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["r/backup/main/20261101-020000F"], "one that is not complete is none");
        assert_eq!((suspects.len(), suspects[0].file.path.as_str()), (1, "r/x.sql"));
        assert_eq!(sort(&listed(&["backup/main/a/backup.manifest", "backup/main/backup.info"])).0.len(), 1);
    }

    #[test]
    fn what_a_file_begins_with_counts_more_than_its_name() {
        assert_eq!(kind("x.sql", b"PGDMP\x01\x0e"), Some(Kind::Archive));
        assert_eq!(kind("x.dump", b"--\n-- PostgreSQL database dump\n--\n"), Some(Kind::Script));
        assert_eq!(kind("x", b"REDIS0010"), Some(Kind::Rdb));
        assert_eq!(kind("x.rdb.gz", b"VALKEY080"), Some(Kind::Rdb));
        let mut tar = b"toc.dat\0".to_vec();
        tar.resize(512, 0);
        tar.extend(b"PGDMP");
        assert_eq!(kind("x.tar", &tar), Some(Kind::Tar));
    }

    #[test]
    fn an_empty_file_is_what_it_is_called_and_the_rest_is_nothing_of_ours() {
        assert_eq!(kind("a.sql.gz", b""), Some(Kind::Script));
        assert_eq!(kind("a.dump", b""), Some(Kind::Archive));
        assert_eq!(kind("a.rdb", b""), Some(Kind::Rdb));
        for other in ["backup.log", "notes.md", "base.tar.gz", "sql", ".gz"] {
            assert_eq!(kind(other, b"hello"), None, "{other}");
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.word()), Some(kind));
        }
    }
}
