//! Two operators at one service, by the real program: the second is told who holds it, and the service is restarted once.

use std::fs;
use std::io::{BufReader, Write as _};
use std::process::{Command, Output, Stdio};

use crate::stand::{Stand, eventually, secs};

/// Takes its time to end, and says that it has heard that it shall.
const SLOW: &str = "trap 'echo x >>\"$1.ending\"; sleep 5; exit 0' TERM; echo ready; while :; do sleep 0.05; done";

fn midwatch(stand: &Stand, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    command.arg("--config").arg(stand.path("midwatch.toml")).args(words.split(' ')).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_10_of_two_who_restart_at_once_one_does_and_the_other_is_told_who() {
    let stand = Stand::of(SLOW);
    stand.configure();
    stand.control("app", secs(20)).start(None).await.unwrap();
    let before = stand.process("app").unwrap();
    let first = midwatch(&stand, "restart app --yes").spawn().unwrap();
    eventually("the first one's stop was heard", || stand.path("app.pid.ending").exists());
    let second = midwatch(&stand, "restart app --yes").output().unwrap();
    let words = said(&second);
    assert_eq!(second.status.code(), Some(75), "{words}");
    assert!(words.contains("restart app (job #1)") && words.contains("is held by"), "{words}");
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    let after = stand.process("app").unwrap();
    assert!(after.alive() && after != before && !before.alive());
    assert_eq!(fs::read_to_string(stand.path("app.pid.ending")).unwrap().lines().count(), 1, "it was stopped once");
}

/// The next line of what a program says; it must come.
fn line(from: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

#[test]
fn a_log_is_followed_by_the_command_until_it_is_interrupted() {
    let stand = Stand::of(SLOW);
    stand.configure();
    let log = stand.path("app.log");
    fs::write(&log, "before\n").unwrap();
    let mut following = midwatch(&stand, "logs app --follow --grep line|before").spawn().unwrap();
    let mut out = BufReader::new(following.stdout.take().unwrap());
    assert!(line(&mut out).ends_with("  before\n"), "what was there is told first");
    let mut file = fs::File::options().append(true).open(&log).unwrap();
    for n in 1..=3 {
        writeln!(file, "a line {n}\nnobody asked for this").unwrap();
        let told = line(&mut out);
        assert!(told.ends_with(&format!("  a line {n}\n")), "{told:?}");
    }
    writeln!(file, "a line \x1b[31m with an escape").unwrap();
    let told = line(&mut out);
    assert!(told.contains("a line ") && !told.contains('\x1b'), "{told:?}");
    rustix::process::kill_process(rustix::process::Pid::from_child(&following), rustix::process::Signal::INT).unwrap();
    assert_eq!(following.wait().unwrap().code(), Some(130));
}
