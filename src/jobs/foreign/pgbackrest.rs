//! A repository of `pgbackrest`'s: each of its backups is restored by `pgbackrest` itself, with the WAL that it needs, into a
//! scratch cluster that recovers to where the backup is consistent.
//!
//! The restored cluster gets settings of our own: it archives nothing, follows nobody, listens in its own folder only, and its
//! tablespaces lie there too.

use std::path::Path;

use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::foreign::restore::Subject;
use crate::jobs::postgres::client;
use crate::jobs::postgres::scratch::{Place, Scratch};
use crate::ports::tools::Run;

/// The settings of the live server go; the order to recover stays.
const TAME: &str = r#"
cd "$1" || exit 1
rm -f standby.signal postmaster.pid postgresql.conf postgresql.auto.conf pg_ident.conf pg_hba.conf
rm -rf pg_replslot/*
: >postgresql.conf && : >postgresql.auto.conf && : >pg_ident.conf && echo 'local all all trust' >pg_hba.conf
"#;

/// Where a backup lies: `ROOT/backup/STANZA/LABEL`.
#[derive(Debug, PartialEq, Eq)]
struct Label<'a> {
    root: &'a str,
    stanza: &'a str,
    set: &'a str,
}

impl<'a> Label<'a> {
    fn of(folder: &'a str) -> Option<Self> {
        let (rest, set) = folder.rsplit_once('/')?;
        let (rest, stanza) = rest.rsplit_once('/')?;
        Some(Self { root: rest.strip_suffix("/backup")?, stanza, set })
    }
}

/// The server's major version, as the manifest of a backup tells it.
pub fn version(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    text.lines().find_map(|line| Some(line.strip_prefix("db-version=")?.trim_matches('"').to_owned()))
}

/// Restores a backup and starts it. The inner failure is the backup's.
pub async fn restore<'a>(
    place: &'a Place<'a>,
    subject: &Subject,
    users: &[String],
) -> Result<Result<Scratch<'a>, String>, Failure> {
    let strange = || Failure::new(FailureKind::Usage, format!("{} is not in a repository of pgbackrest", subject.folder));
    let Label { root, stanza, set } = Label::of(&subject.folder).ok_or_else(strange)?;
    if !Path::new(root).is_absolute() {
        let what = format!("{root} is no folder of this host: pgbackrest's own repositories are proved where they lie");
        return Err(Failure::new(FailureKind::Tool, what));
    }
    let data = place.data();
    let common = [
        "--no-config".to_owned(),
        format!("--stanza={stanza}"),
        format!("--repo1-path={root}"),
        format!("--pg1-path={data}"),
        format!("--lock-path={}", place.path("lock")),
        "--log-level-file=off".to_owned(),
        "--log-level-console=off".to_owned(),
        "--log-level-stderr=warn".to_owned(),
    ];
    place.run("mkdir", ["-m", "700", &data]).await?;
    let spaces = format!("--tablespace-map-all={}", place.path("tablespaces"));
    let own =
        [format!("--set={set}"), spaces, "--type=immediate".to_owned(), "--archive-mode=off".to_owned(), "restore".to_owned()];
    let ended = place.start(Run::new("pgbackrest", common.iter().chain(&own).cloned())).await?.ended().await?;
    if !ended.status.success() {
        let said = client::words(&ended.stderr);
        let is_ours =
            ["Permission denied", "No space left", "cipher", "unable to create path"].iter().any(|words| said.contains(words));
        let why = format!("pgbackrest cannot restore it: {said}");
        return if is_ours { Err(Failure::new(FailureKind::Tool, why)) } else { Ok(Err(why)) };
    }
    place.run("sh", ["-c", TAME, "sh", &data]).await?;
    let fetch = format!("restore_command=pgbackrest {} archive-get %f \"%p\"", common.join(" "));
    let settings = [fetch.as_str(), "recovery_target=immediate", "recovery_target_action=promote"];
    match place.serve(&settings, users).await {
        Err(failure) if failure.kind == FailureKind::Damaged => Ok(Err(failure.what)),
        served => served.map(Ok),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_in_its_stanza_s_folder() {
        let label = Label { root: "/srv/pgbackrest", stanza: "main", set: "20261101-020000F" };
        assert_eq!(Label::of("/srv/pgbackrest/backup/main/20261101-020000F"), Some(label));
        assert_eq!(Label::of("/srv/elsewhere/main/20261101-020000F"), None);
    }

    #[test]
    fn a_manifest_tells_the_server_s_version() {
        assert_eq!(version(b"[backup:db]\ndb-id=1\ndb-version=\"15\"\n").as_deref(), Some("15"));
        assert_eq!(version(b"[backup]\n"), None);
    }
}
