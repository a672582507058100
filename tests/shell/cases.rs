//! What every subcommand says, prints and exits with. A subcommand without an entry fails the test.

use std::collections::BTreeSet;
use std::fs;

use midwatch::cli;
use serde_json::Value;

use crate::schema::wrong;
use crate::servers::pg;
use crate::stage::Stage;

/// One subcommand.
struct Case {
    /// Its words: `jobs list`.
    path: &'static str,
    /// What is called, and what it says of it; after an exclamation mark: on standard error.
    says: (&'static str, &'static str),
    /// What is called, and the schema of each line; or why there is no JSON.
    json: Result<&'static [(&'static str, &'static str)], &'static str>,
    /// What is called, and the exit status.
    exits: &'static [(&'static str, i32)],
}

/// In the order in which they are called: each finds what those before it have done.
const CASES: &[Case] = &[
    Case {
        path: "",
        says: ("", "!needs a terminal on both ends"),
        json: Err("the console draws"),
        exits: &[("--no-such-flag", 64), ("no-such-command", 64), ("--version", 0), ("--help", 0), ("", 64)],
    },
    Case {
        path: "backup",
        says: ("backup db --yes", "the job has ended: done"),
        json: Ok(&[
            ("backup db --dry-run --json", "plan"),
            ("backup db --yes --json", "job"),
            ("backup db --yes --detach --json", "asked"),
        ]),
        exits: &[
            ("backup db --dry-run", 0),
            ("backup db", 77),
            ("backup --yes", 64),
            ("backup nothing --yes", 64),
            ("backup db --no-such-flag", 64),
            ("--environment kept backup db --yes", 77),
            ("--environment nowhere backup db --yes", 78),
        ],
    },
    Case {
        path: "verify",
        says: ("verify db --yes", "the job has ended: done"),
        json: Ok(&[("verify db --dry-run --json", "plan")]),
        exits: &[("verify nothing --yes", 64), ("verify db", 77)],
    },
    Case {
        path: "adopt",
        says: ("adopt db HEREleft --yes", "the job has ended: done"),
        json: Ok(&[("adopt db HEREother --dry-run --json", "plan")]),
        exits: &[("adopt db", 64), ("adopt db HEREnowhere --yes", 64)],
    },
    Case {
        path: "prune",
        says: ("prune --yes", "!nothing"),
        json: Ok(&[]),
        exits: &[("prune nothing --yes", 64), ("prune --yes", 77)],
    },
    Case {
        path: "clean",
        says: ("clean --dry-run", "orphan"),
        json: Ok(&[("clean --dry-run --json", "plan"), ("clean --yes --json", "job")]),
        exits: &[("clean --yes", 77), ("clean nothing", 64)],
    },
    Case {
        path: "backups",
        says: ("backups", "proved"),
        json: Ok(&[("backups --json", "backup"), ("backups main --json", "backup")]),
        exits: &[("backups nothing", 64), ("--environment bare backups", 78)],
    },
    Case {
        path: "jobs list",
        says: ("jobs list --limit 100", "#1 "),
        json: Ok(&[("jobs list --json", "job")]),
        exits: &[("jobs list --limit many", 64), ("jobs", 64)],
    },
    Case {
        path: "jobs show",
        says: ("jobs show 1", "job #1: backup db"),
        json: Ok(&[("jobs show 1 --json", "job")]),
        exits: &[("jobs show", 64), ("jobs show x", 64), ("jobs show 4711", 64)],
    },
    Case {
        path: "jobs attach",
        says: ("jobs attach 1", "the job has ended: done"),
        json: Ok(&[("jobs attach 1 --json", "job")]),
        exits: &[("jobs attach 4711", 64), ("jobs attach", 64)],
    },
    Case {
        path: "jobs undo",
        says: ("jobs undo 1", "is being undone"),
        json: Ok(&[("jobs undo 1 --json", "asked")]),
        exits: &[("jobs undo", 64)],
    },
    Case {
        path: "jobs cancel",
        says: ("jobs cancel 1", "!has ended: done"),
        json: Err("of a job that runs: see the test of signals"),
        exits: &[("jobs cancel 1", 77), ("jobs cancel", 64)],
    },
    Case {
        path: "jobs resume",
        says: ("jobs resume 1", "!has ended: done"),
        json: Err("of a job that was lost: see the test of signals"),
        exits: &[("jobs resume 1", 77), ("jobs resume", 64)],
    },
    Case {
        path: "metrics",
        says: ("metrics", "# TYPE midwatch_backup_timestamp_seconds gauge"),
        json: Ok(&[("metrics --json", "metric")]),
        exits: &[
            ("metrics --write HEREnowhere/file", 74),
            ("metrics --write HEREmetrics.prom", 0),
            ("metrics --json --write x", 64),
        ],
    },
    Case {
        path: "alerts",
        says: ("alerts", "Watchdog"),
        json: Ok(&[
            ("alerts --json", "alert"),
            ("alerts state=firing severity=none --json", "alert"),
            ("--environment half alerts --json", "alert"),
        ]),
        exits: &[
            ("alerts nothing-passes", 0),
            ("--environment half alerts", 0),
            ("--environment dark alerts", 69),
            ("--environment bare alerts", 78),
            ("alerts --no-such-flag", 64),
        ],
    },
    Case {
        path: "query",
        says: ("query up{job='prometheus'}", "up{instance="),
        json: Ok(&[
            ("query up --json", "query"),
            ("query up --range 1m --step 1s --json", "query"),
            ("query vector(1)/0 --json", "query"),
            ("query up --at 1s --json", "query"),
            ("query nothing --json", "query"),
        ]),
        exits: &[
            ("query up{", 64),
            ("query", 64),
            ("query up --range yesterday", 64),
            ("query up --step 1s", 64),
            ("--environment dark query up", 69),
            ("--environment bare query up", 78),
        ],
    },
    Case {
        path: "targets",
        says: ("targets", "down   nobody"),
        json: Ok(&[("targets --json", "target")]),
        exits: &[
            ("--environment dark targets", 69),
            ("--environment bare targets", 78),
            ("targets --no-such-flag", 64),
            ("targets job=nobody state=down", 0),
        ],
    },
    Case {
        path: "rules",
        says: ("rules", "Watchdog"),
        json: Ok(&[("rules --json", "rule")]),
        exits: &[
            ("--environment dark rules", 69),
            ("--environment bare rules", 78),
            ("rules --no-such-flag", 64),
            ("rules nothing-passes", 0),
        ],
    },
    Case {
        path: "check",
        says: ("check", "prometheus"),
        json: Ok(&[("check --json", "check")]),
        exits: &[("check", 78), ("--config HEREgood.toml check", 0), ("--config HEREnowhere check", 78), ("check x", 64)],
    },
    Case {
        path: "config show",
        says: ("config show --origin", "midwatch.toml:4"),
        json: Ok(&[("config show --json", "setting"), ("--theme none config show --json", "setting")]),
        exits: &[("--config HEREnowhere config show", 78), ("config", 64), ("config show x", 64)],
    },
    Case {
        path: "config schema",
        says: ("config schema", "\"title\": \"midwatch.toml\""),
        json: Err("it is a schema itself: see the tests of the configuration"),
        exits: &[("config schema x", 64)],
    },
    Case {
        path: "keys",
        says: ("keys", "global\n  1          screen overview"),
        json: Ok(&[("keys --json", "key"), ("keys alerts --json", "key")]),
        exits: &[("keys nowhere", 64), ("keys alerts", 0)],
    },
    Case {
        path: "demo",
        says: ("demo", "!needs a terminal on both ends"),
        json: Err("demo --headless starts a whole stack: see tests/demo.rs"),
        exits: &[("demo", 64), ("demo --linger x", 64)],
    },
    Case {
        path: "demo attach",
        says: ("demo attach nobody", "!nobody"),
        json: Err("the console draws"),
        exits: &[("demo attach nobody", 69)],
    },
    Case {
        path: "demo stop",
        says: ("demo stop nobody", "!nobody"),
        json: Err("of a demo that is up: see tests/demo.rs"),
        exits: &[("demo stop", 69)],
    },
    Case {
        path: "demo list",
        says: ("demo list", ""),
        json: Err("of a demo that is up: see tests/demo.rs"),
        exits: &[("demo list", 0), ("demo list x", 64)],
    },
    Case {
        path: "demo break",
        says: ("demo break stop-app nobody", "!nobody"),
        json: Err("of a demo that is up: see tests/demo.rs"),
        exits: &[("demo break stop-app", 69), ("demo break the-world", 64), ("demo break", 64)],
    },
    Case {
        path: "schema",
        says: ("schema", "audit-verdict\n"),
        json: Err("it is a schema itself"),
        exits: &[("schema alert", 0), ("schema nothing", 64)],
    },
    Case {
        path: "man",
        says: ("man jobs attach", ".TH midwatch-jobs-attach 1"),
        json: Err("a page is for people"),
        exits: &[("man", 0), ("man nothing", 64), ("man --write HEREnowhere", 74)],
    },
    Case {
        path: "completions",
        says: ("completions bash", "_midwatch"),
        json: Err("a shell reads it"),
        exits: &[("completions zsh", 0), ("completions fish", 0), ("completions", 64), ("completions tcl", 64)],
    },
    Case {
        path: "audit list",
        says: ("audit list", "submit backup db"),
        json: Ok(&[("audit list --json", "audit-entry")]),
        exits: &[("audit", 64), ("audit list --limit x", 64)],
    },
    Case {
        path: "audit verify",
        says: ("audit verify", "as they were written"),
        json: Ok(&[("audit verify --json", "audit-verdict")]),
        exits: &[("audit verify", 0), ("audit verify x", 64)],
    },
];

/// The words of every subcommand that does something by itself.
fn subcommands(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
    if !command.is_subcommand_required_set() {
        found.insert(path.to_owned());
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        subcommands(below, format!("{path} {}", below.get_name()).trim(), found);
    }
}

#[test]
fn every_subcommand_has_a_case() {
    let mut known = BTreeSet::new();
    subcommands(&cli::command(), "", &mut known);
    let told: BTreeSet<String> = CASES.iter().map(|case| case.path.to_owned()).collect();
    assert_eq!(known, told, "every subcommand has one entry in CASES");
}

#[test]
fn every_subcommand_says_prints_and_exits_as_it_should() {
    let stage = prepared();
    let found: Vec<String> = CASES.iter().flat_map(|case| judge(&stage, case)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let found = broken_trail(&stage);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// With what some of the commands need: a dump that a script left, an orphan, a configuration in which nothing is missing.
fn prepared() -> Stage {
    let stage = Stage::new();
    let (folder, port) = (stage.postgres.folder.path(), stage.postgres.port.to_string());
    let dump = pg("pg_dump").args(["-U", "postgres", "-p", &port, "postgres", "-h"]).arg(folder).output().unwrap();
    for left in ["left", "other"] {
        fs::create_dir(stage.desk.path(left)).unwrap();
        fs::write(stage.desk.path(left).join("shop.sql"), &dump.stdout).unwrap();
    }
    fs::create_dir_all(stage.desk.path("repository/backups/e-db-19700101T000000Z-logical-000000")).unwrap();
    fs::write(stage.desk.path("repository/backups/e-db-19700101T000000Z-logical-000000/shop.dump"), "cut").unwrap();
    fs::write(stage.desk.path("good.toml"), "[environments.e]\n").unwrap();
    stage
}

/// What is not as the case says.
fn judge(stage: &Stage, case: &Case) -> Vec<String> {
    let mut found = says(stage, case);
    for (words, schema) in case.json.unwrap_or_default() {
        found.extend(prints(stage, words, schema));
    }
    for (words, status) in case.exits {
        let ran = stage.run(words);
        let silent = ran.status >= 64 && ran.err.trim().is_empty() && !words.ends_with("check");
        if ran.status != *status || silent {
            found.push(format!("{words:?} should exit with {status} and say why: {ran:?}"));
        }
        stage.settle();
    }
    found
}

fn says(stage: &Stage, case: &Case) -> Vec<String> {
    let (words, said) = case.says;
    let ran = stage.run(words);
    let (stream, said) = said.strip_prefix('!').map_or((&ran.out, said), |said| (&ran.err, said));
    let codes = ran.out.contains('\x1b') || ran.err.contains('\x1b');
    let bad = codes || !stream.contains(said);
    bad.then(|| format!("{words:?} should say {said:?} without control codes: {ran:?}")).into_iter().collect()
}

fn prints(stage: &Stage, words: &str, schema: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(&stage.run(&format!("schema {schema}")).out).unwrap();
    let ran = stage.run(words);
    stage.settle();
    let mut found = Vec::new();
    if ran.out.is_empty() {
        found.push(format!("{words:?} should print something: {ran:?}"));
    }
    for line in ran.out.lines() {
        match serde_json::from_str(line) {
            Ok(value) => found.extend(wrong(&schema, &value).into_iter().map(|what| format!("{words:?}: {what}"))),
            Err(error) => found.push(format!("{words:?}: {error}: {line}")),
        }
    }
    found
}

/// What was looked at is damaged: 1.
fn broken_trail(stage: &Stage) -> Vec<String> {
    let ledger = rusqlite::Connection::open(stage.desk.path("state/ledger.db")).unwrap();
    ledger.execute_batch("DROP TRIGGER audit_stays").unwrap();
    ledger.execute("UPDATE audit SET who = 'nobody' WHERE seq = 2", []).unwrap();
    let verdict = stage.run("audit verify");
    let bad = verdict.status != 1 || !verdict.out.contains("entry 2 is not as it was written");
    let found = bad.then(|| format!("a broken trail: {verdict:?}"));
    found.into_iter().chain(prints(stage, "audit verify --json", "audit-verdict")).collect()
}
