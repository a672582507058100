//! How commands end: every exit status of the table, a reader that has gone, a disk that is full.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::hold::Hold;
use crate::schema::wrong;
use crate::servers::eventually;
use crate::stage::{Stage, ran};

fn midwatch(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    command.args(words).stdin(Stdio::null());
    command
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_silently() {
    for words in [&["config", "schema"][..], &["keys", "--json"], &["man"], &["completions", "bash"], &["--help"], &["schema"]] {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        let output = midwatch(words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{words:?}");
    }
    // Nor is it a failure that nobody hears what went wrong.
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    assert_eq!(midwatch(&["keys", "--config", "x", "nowhere"]).stderr(writer).status().unwrap().code(), Some(64));
}

#[test]
fn a_disk_that_is_full_ends_a_command_with_73() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = midwatch(&["config", "schema"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(73), "{output:?}");
    assert!(!output.stderr.is_empty());
}

/// Every row of a table, as `(status, meaning)`.
fn rows(text: &str, split: impl Fn(&str) -> Option<(&str, &str)>) -> BTreeSet<(String, String)> {
    let row = |line| split(line).filter(|(status, _)| status.parse::<u8>().is_ok());
    text.lines().filter_map(row).map(|(status, meaning)| (status.to_owned(), meaning.trim().to_owned())).collect()
}

#[test]
fn the_readme_has_the_table_of_the_help() {
    let help = ran(&mut midwatch(&["--help"])).out;
    let (_, table) = help.split_once("Exit statuses:\n").unwrap();
    let told = rows(table, |line| line.trim().split_once(' '));
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("## Exit statuses").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let written = rows(section, |line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    assert!(told.len() > 10, "{help}");
    assert_eq!(told, written);
}

/// Starts a backup that waits for a table; says its number.
fn waiting(stage: &Stage) -> i64 {
    let started = stage.lines("backup db --yes --detach --json");
    let number = started[0]["job"].as_i64().unwrap();
    let intended = |job: &Value| job["history"].to_string().contains("\"intended\"");
    eventually("its first step has begun", || intended(&stage.lines(&format!("jobs show {number} --json"))[0]));
    number
}

/// 75, 129, 130, 131 and 143; and what is asked of jobs that are not done.
#[test]
fn a_job_that_waits_can_be_watched_left_cancelled_and_resumed() {
    let stage = Stage::new();
    let asked: Value = serde_json::from_str(&stage.run("schema asked").out).unwrap();
    let is_asked = |words: &str| {
        let lines = stage.lines(words);
        assert_eq!((lines.len(), wrong(&asked, &lines[0])), (1, vec![]), "{words}");
    };
    let hold = Hold::on(&stage.postgres, "t");
    let number = waiting(&stage);
    assert_eq!(stage.run("backup db --yes").status, 75, "somebody else holds the target");
    for (signal, status) in [(Signal::INT, 130), (Signal::HUP, 129), (Signal::QUIT, 131), (Signal::TERM, 143)] {
        let mut attached = stage.command(&format!("jobs attach {number}")).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Read::read_exact(attached.stdout.as_mut().unwrap(), &mut [0; 1]).unwrap();
        kill_process(Pid::from_child(&attached), signal).unwrap();
        let ended = attached.wait().unwrap();
        assert_eq!(ended.code().or(ended.signal().map(|signal| 128 + signal)), Some(status), "{signal:?}");
    }
    is_asked(&format!("jobs cancel {number} --json"));
    stage.settle();
    assert_eq!(stage.run(&format!("jobs attach {number}")).status, 1, "it was cancelled");

    let number = waiting(&stage);
    assert!(stage.run(&format!("jobs cancel {number}")).out.contains(&format!("job #{number} is asked to stop")));
    stage.settle();

    let number = lost(&stage);
    assert_eq!(stage.run(&format!("jobs attach {number}")).status, 75, "its worker has died");
    hold.release();
    is_asked(&format!("jobs resume {number} --json"));
    stage.settle();
    assert_eq!(stage.run(&format!("jobs attach {number}")).status, 0);

    let hold = Hold::on(&stage.postgres, "t");
    let number = lost(&stage);
    hold.release();
    assert!(stage.run(&format!("jobs resume {number}")).out.contains(&format!("job #{number} goes on")));
    stage.settle();
}

/// A job whose worker was killed while it waited.
fn lost(stage: &Stage) -> i64 {
    let number = waiting(stage);
    let job = || stage.lines(&format!("jobs show {number} --json")).remove(0);
    let history = job()["history"].clone();
    let taken = history.as_array().unwrap().iter().find(|one| one["event"]["event"] == "taken").unwrap();
    kill_process(Pid::from_raw(taken["event"]["pid"].as_i64().unwrap() as i32).unwrap(), Signal::KILL).unwrap();
    eventually("the job is lost", || job()["state"] == "lost");
    number
}
