//! A repository of pgbackrest's, whole and damaged.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use midwatch::domain::job::Outcome;
use midwatch::domain::service::ServiceKind;

use crate::bench::{Bench, compare, output};
use crate::dumps::{assertion, fill};
use crate::servers::{Postgres, pg};

/// What every call of pgbackrest says.
fn common(postgres: &Postgres, repository: &Path) -> Vec<String> {
    let folder = postgres.folder.path().display();
    vec![
        "--no-config".to_owned(),
        "--stanza=main".to_owned(),
        format!("--repo1-path={}", repository.display()),
        format!("--pg1-path={folder}/data"),
        format!("--lock-path={folder}/lock"),
        "--log-level-file=off".to_owned(),
        "--log-level-console=off".to_owned(),
    ]
}

fn pgbackrest(postgres: &Postgres, repository: &Path, words: &[&str]) {
    let mut command = pg("pgbackrest");
    let folder = postgres.folder.path().display();
    command.args(common(postgres, repository)).args(words);
    if words != ["archive-push"] {
        command.arg(format!("--pg1-socket-path={folder}")).arg(format!("--pg1-port={}", postgres.port));
        command.arg("--pg1-user=postgres");
    }
    output(command);
}

fn backups(repository: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(repository.join("backup/main")).unwrap().map(|entry| entry.unwrap().path());
    let mut labels: Vec<PathBuf> = all.filter(|path| path.join("backup.manifest").exists() && !path.is_symlink()).collect();
    labels.sort();
    labels
}

/// The largest file below a folder.
fn largest(folder: &Path) -> PathBuf {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.into_iter().max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

#[tokio::test]
async fn rule_15_backups_of_pgbackrest_are_proved_through_its_own_restore() {
    let bench = Bench::new();
    let postgres = Postgres::primary();
    let repository = bench.old().join("pgbackrest");
    fs::create_dir(&repository).unwrap();
    let owner = postgres.folder.path().metadata().unwrap();
    chown(&repository, Some(owner.uid()), Some(owner.gid())).unwrap();
    let push = format!("archive_command=pgbackrest {} archive-push %p", common(&postgres, &repository).join(" "));
    let postgres = postgres.restarted(&["archive_mode=on", &push]);
    fill(&postgres);
    pgbackrest(&postgres, &repository, &["stanza-create"]);
    for _ in 0..2 {
        pgbackrest(&postgres, &repository, &["--start-fast", "--type=full", "--repo1-retention-full=2", "backup"]);
    }
    let labels = backups(&repository);
    let damaged = largest(&labels[1].join("pg_data"));
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let (outcome, found) = bench.judge(ServiceKind::Postgres, &[], assertion()).await;
    let names: Vec<String> = labels.iter().map(|label| label.strip_prefix(bench.old()).unwrap().display().to_string()).collect();
    compare(&found, &[&names[0]], &[(&names[1], "restore: pgbackrest cannot restore it")]);
    assert_eq!(outcome, Outcome::Failed);
}
