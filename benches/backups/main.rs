//! midwatch's backups and proofs against what people run instead, on the same server, in one run, in turns.
//! `make bench-backups`; needs PostgreSQL 15, Redis 7, pgbackrest, and about 15 GB beside the temporary folder.
//!
//! `MIDWATCH_BENCH=once` runs each once instead of three times. `MIDWATCH_BENCH=small` uses a fiftieth of the data: it tells whether the
//! bench works, nothing else.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod contest;
mod latency;
mod postgres;
mod redis;
#[path = "../../tests/support/servers.rs"]
mod servers;

use std::path::Path;
use std::process::Command;

/// How much data there is.
#[derive(Clone, Copy)]
struct Size {
    /// pgbench's scale.
    scale: u32,
    /// Rows of the second database.
    rows: u32,
    /// Keys of the Redis.
    keys: u32,
    /// How often each contestant runs.
    rounds: usize,
}

/// Two databases of about 2 GB, and a Redis of 390 MB.
const FULL: Size = Size { scale: 130, rows: 5_000_000, keys: 1_050_000, rounds: 3 };

fn size() -> Size {
    match std::env::var("MIDWATCH_BENCH").as_deref() {
        Ok("small") => Size { scale: 3, rows: 100_000, keys: 20_000, rounds: 1 },
        Ok("once") => Size { rounds: 1, ..FULL },
        _ => FULL,
    }
}

fn main() {
    // `cargo test --benches` asks every bench for its tests; this one has none.
    if std::env::args().any(|arg| arg == "--test" || arg == "--list") {
        return;
    }
    let size = size();
    postgres::run(size);
    redis::run(size);
}

/// midwatch with a ledger and a configuration of its own.
struct Midwatch {
    folder: tempfile::TempDir,
}

impl Midwatch {
    /// With one environment `bench`, guard open, whose services are given as TOML.
    fn new(services: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        let config = format!(
            "[environments.bench]\nguard = \"open\"\n[environments.bench.repositories.main]\npath = \"{}\"\n{services}",
            repository.display()
        );
        std::fs::write(folder.path().join("midwatch.toml"), config).unwrap();
        std::fs::write(folder.path().join("password"), servers::PASSWORD).unwrap();
        std::fs::set_permissions(folder.path().join("password"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Self { folder }
    }

    /// A routine, to its end.
    fn command(&self, words: &str) -> String {
        let (state, config) = (self.folder.path().join("state"), self.folder.path().join("midwatch.toml"));
        let (state, config, binary) = (state.display(), config.display(), env!("CARGO_BIN_EXE_midwatch"));
        format!("MIDWATCH_STATE={state} {binary} --config {config} {words} --yes 2>/dev/null")
    }

    /// Says what the newest job's worker held of memory.
    fn memory(&self) {
        let log =
            format!("cat $(ls -td {}/jobs/*/ | head -n 1)log | grep 'of memory'", self.folder.path().join("state").display());
        let output = Command::new("sh").args(["-c", &log]).output().unwrap();
        println!("  {}", String::from_utf8_lossy(&output.stdout).trim());
    }

    /// The newest backup's size.
    fn size(&self) -> u64 {
        newest(&self.folder.path().join("repository/backups"))
    }
}

/// The size of the newest folder in a folder.
fn newest(folder: &Path) -> u64 {
    let script = format!("d=$(ls -td {}/*/ | head -n 1); du -sb \"$d\" | cut -f1", folder.display());
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_default()
}
