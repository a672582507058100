//! What every subcommand says, prints and exits with. A subcommand without an entry fails the test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use midwatch::cli;

use crate::drills;
use crate::judge::{broken_trail, judge};
use crate::live::Live;
use crate::servers::pg;
use crate::services;
use crate::stage::Stage;

/// One subcommand.
pub struct Case {
    /// Its words: `jobs list`.
    pub path: &'static str,
    /// What is called, and what it says of it; after an exclamation mark: on standard error.
    pub says: (&'static str, &'static str),
    pub json: Json,
    /// What is called, and the exit status.
    pub exits: &'static [(&'static str, i32)],
}

/// What it prints as JSON.
pub enum Json {
    /// What is called, and the schema of each line.
    Lines(&'static [(&'static str, &'static str)]),
    /// Another test looks: its file and its name, and the words in it that do.
    Elsewhere(&'static str, &'static str, &'static str),
    /// None, and why.
    Never(&'static str),
}

use Json::{Elsewhere, Lines, Never};

/// The test of jobs that wait.
const WAITING: &str = "a_job_that_waits_can_be_watched_left_cancelled_and_resumed";

/// In the order in which they are called: each finds what those before it have done.
const CASES: &[Case] = &[
    Case {
        path: "",
        says: ("", "!needs a terminal on both ends"),
        json: Never("the console draws"),
        exits: &[("--no-such-flag", 64), ("no-such-command", 64), ("--version", 0), ("--help", 0), ("", 64)],
    },
    Case {
        path: "backup",
        says: ("backup db --yes", "the job has ended: done"),
        json: Lines(&[
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
        json: Lines(&[("verify db --dry-run --json", "plan")]),
        exits: &[("verify nothing --yes", 64), ("verify db", 77)],
    },
    Case {
        path: "adopt",
        says: ("adopt db HEREleft --yes", "the job has ended: done"),
        json: Lines(&[("adopt db HEREother --dry-run --json", "plan")]),
        exits: &[("adopt db", 64), ("adopt db HEREnowhere --yes", 64)],
    },
    Case {
        path: "prune",
        says: ("prune --yes", "!nothing"),
        json: Lines(&[("LIVE prune --dry-run --json", "plan")]),
        exits: &[("prune nothing --yes", 64), ("prune --yes", 77)],
    },
    Case {
        path: "clean",
        says: ("clean --dry-run", "orphan"),
        json: Lines(&[("clean --dry-run --json", "plan"), ("clean --yes --json", "job")]),
        exits: &[("clean --yes", 77), ("clean nothing", 64)],
    },
    Case {
        path: "backups",
        says: ("backups", "proved"),
        json: Lines(&[("backups --json", "backup"), ("backups main --json", "backup")]),
        exits: &[("backups nothing", 64), ("--environment bare backups", 78)],
    },
    Case {
        path: "jobs list",
        says: ("jobs list --limit 100", "#1 "),
        json: Lines(&[("jobs list --json", "job")]),
        exits: &[("jobs list --limit many", 64), ("jobs", 64)],
    },
    Case {
        path: "jobs show",
        says: ("jobs show 1", "job #1: backup db"),
        json: Lines(&[("jobs show 1 --json", "job")]),
        exits: &[("jobs show", 64), ("jobs show x", 64), ("jobs show 4711", 64)],
    },
    Case {
        path: "jobs attach",
        says: ("jobs attach 1", "the job has ended: done"),
        json: Lines(&[("jobs attach 1 --json", "job")]),
        exits: &[("jobs attach 4711", 64), ("jobs attach", 64)],
    },
    Case {
        path: "jobs undo",
        says: ("jobs undo 1", "is being undone"),
        json: Lines(&[("jobs undo 1 --json", "asked")]),
        exits: &[("jobs undo", 64)],
    },
    Case {
        path: "jobs cancel",
        says: ("jobs cancel 1", "!has ended: done"),
        json: Elsewhere("shell/ends.rs", WAITING, "jobs cancel {number} --json"),
        exits: &[("jobs cancel 1", 77), ("jobs cancel", 64)],
    },
    Case {
        path: "jobs resume",
        says: ("jobs resume 1", "!has ended: done"),
        json: Elsewhere("shell/ends.rs", WAITING, "jobs resume {number} --json"),
        exits: &[("jobs resume 1", 77), ("jobs resume", 64)],
    },
    Case {
        path: "metrics",
        says: ("metrics", "# TYPE midwatch_backup_timestamp_seconds gauge"),
        json: Lines(&[("metrics --json", "metric")]),
        exits: &[
            ("metrics --write HEREnowhere/file", 74),
            ("metrics --write HEREmetrics.prom", 0),
            ("metrics --json --write x", 64),
        ],
    },
    Case {
        path: "alerts",
        says: ("alerts", "Watchdog"),
        json: Lines(&[
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
        json: Lines(&[
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
        json: Lines(&[("targets --json", "target")]),
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
        json: Lines(&[("rules --json", "rule")]),
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
        json: Lines(&[("check --json", "check")]),
        exits: &[("check", 78), ("--config HEREgood.toml check", 0), ("--config HEREnowhere check", 78), ("check x", 64)],
    },
    Case {
        path: "config show",
        says: ("config show --origin", "midwatch.toml:4"),
        json: Lines(&[("config show --json", "setting"), ("--theme none config show --json", "setting")]),
        exits: &[("--config HEREnowhere config show", 78), ("config", 64), ("config show x", 64)],
    },
    Case {
        path: "config schema",
        says: ("config schema", "\"title\": \"midwatch.toml\""),
        json: Never("it is a schema itself: see the tests of the configuration"),
        exits: &[("config schema x", 64)],
    },
    Case {
        path: "keys",
        says: ("keys", "global\n  1          screen overview"),
        json: Lines(&[("keys --json", "key"), ("keys alerts --json", "key")]),
        exits: &[("keys nowhere", 64), ("keys alerts", 0)],
    },
    Case {
        path: "demo",
        says: ("demo", "!needs a terminal on both ends"),
        json: Never("demo --headless starts a whole stack: see tests/demo.rs"),
        exits: &[("demo", 64), ("demo --linger x", 64)],
    },
    Case {
        path: "demo attach",
        says: ("demo attach nobody", "!nobody"),
        json: Never("the console draws"),
        exits: &[("demo attach nobody", 69)],
    },
    Case {
        path: "demo stop",
        says: ("demo stop nobody", "!nobody"),
        json: Elsewhere("demo.rs", "two_demos_beside_each_other_are_whole_and_leave_nothing", "demo-ended"),
        exits: &[("demo stop", 69)],
    },
    Case {
        path: "demo list",
        says: ("demo list", ""),
        json: Elsewhere("demo/stack.rs", "list", "fits(\"demo\", status)"),
        exits: &[("demo list", 0), ("demo list x", 64)],
    },
    Case {
        path: "demo break",
        says: ("demo break stop-app nobody", "!nobody"),
        json: Elsewhere("demo/stack.rs", "breaks", "fits(\"demo-fault\""),
        exits: &[("demo break stop-app", 69), ("demo break the-world", 64), ("demo break", 64)],
    },
    Case {
        path: "schema",
        says: ("schema", "audit-verdict\n"),
        json: Never("it is a schema itself"),
        exits: &[("schema alert", 0), ("schema nothing", 64)],
    },
    Case {
        path: "man",
        says: ("man jobs attach", ".TH midwatch-jobs-attach 1"),
        json: Never("a page is for people"),
        exits: &[("man", 0), ("man nothing", 64), ("man --write HEREnowhere", 74)],
    },
    Case {
        path: "completions",
        says: ("completions bash", "_midwatch"),
        json: Never("a shell reads it"),
        exits: &[("completions zsh", 0), ("completions fish", 0), ("completions", 64), ("completions tcl", 64)],
    },
    Case {
        path: "audit list",
        says: ("audit list", "submit backup db"),
        json: Lines(&[("audit list --json", "audit-entry")]),
        exits: &[("audit", 64), ("audit list --limit x", 64)],
    },
    Case {
        path: "audit verify",
        says: ("audit verify", "as they were written"),
        json: Lines(&[("audit verify --json", "audit-verdict")]),
        exits: &[("audit verify", 0), ("audit verify x", 64)],
    },
];

/// Those of services last: nothing that they do is looked for by the others.
fn all() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(services::CASES).chain(drills::CASES)
}

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
    let told: BTreeSet<String> = all().map(|case| case.path.to_owned()).collect();
    assert_eq!(known, told, "every subcommand has one entry in a table of cases");
}

/// What is to follow a path in the command line.
fn subcommand<'a>(root: &'a clap::Command, path: &str) -> &'a clap::Command {
    path.split_whitespace().fold(root, |command, word| command.find_subcommand(word).unwrap())
}

/// The text of a function, to the closing brace below its own beginning.
fn body<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let at = source.find(&format!("fn {name}("))?;
    let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent = source[line..].len() - source[line..].trim_start().len();
    let end = source[at..].find(&format!("\n{}}}", " ".repeat(indent)))?;
    Some(&source[at..at + end])
}

/// What is wrong with what a case says of its subcommand's JSON.
fn unchecked(case: &Case, has_json: bool) -> Option<String> {
    match &case.json {
        Lines([]) => Some("nothing is called".to_owned()),
        Lines(lines) if !lines.iter().all(|(words, _)| words.contains("--json") && words.contains(case.path)) => {
            Some("something else is called".to_owned())
        }
        Elsewhere(file, test, looks) => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
            let source = fs::read_to_string(path).unwrap_or_default();
            let does = body(&source, test).is_some_and(|body| body.contains(looks));
            (!does).then(|| format!("{test} in tests/{file} does not look"))
        }
        Never(why) if has_json => Some(format!("it takes --json, and there is none: {why}")),
        Lines(_) | Never(_) => None,
    }
}

#[test]
fn every_subcommand_that_takes_json_has_it_held_against_a_schema() {
    let root = cli::command();
    let has_json = |path| subcommand(&root, path).get_arguments().any(|argument| argument.get_id() == "json");
    let found: Vec<String> =
        all().filter_map(|case| Some(format!("{:?}: {}", case.path, unchecked(case, has_json(case.path))?))).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_subcommand_says_prints_and_exits_as_it_should() {
    let live = Live::beside(prepared());
    let found: Vec<String> = all().flat_map(|case| judge(&live, case)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let found = broken_trail(&live);
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
    stage.desk.leave("e-db-19700101T000000Z-logical-000000", Duration::from_secs(3 * 86_400));
    fs::write(stage.desk.path("good.toml"), "[environments.e]\n").unwrap();
    stage
}
