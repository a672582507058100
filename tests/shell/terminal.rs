//! What is different in a terminal: colours, a graph, lines that are cut to its width.

use std::io::Read as _;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::servers::eventually;
use crate::stage::Stage;

/// What a terminal of 80×24 is sent.
fn sent(stage: &Stage, words: &[&str], variables: &[(&str, &str)]) -> String {
    let pty = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_midwatch"));
    command.arg("--config");
    command.arg(stage.desk.path("midwatch.toml"));
    command.args(words);
    command.env_remove("NO_COLOR");
    command.env("TERM", "xterm-256color");
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut bytes = Vec::new();
    // A terminal whose last program has ended answers with an error.
    drop(pty.master.try_clone_reader().unwrap().read_to_end(&mut bytes));
    assert!(child.wait().unwrap().success(), "{words:?}");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn braille(text: &str) -> bool {
    text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
}

#[test]
fn a_range_is_a_graph_with_units_and_a_legend() {
    let stage = Stage::new();
    let memory = "process_resident_memory_bytes{job='prometheus'}";
    let graph = sent(&stage, &["query", memory, "--range", "1m"], &[]);
    assert!(braille(&graph) && graph.contains("\x1b["), "{graph}");
    assert!(graph.contains("MiB") && graph.contains("mean"), "the unit is that of the signal with this query: {graph}");

    let plain = sent(&stage, &["--ascii", "query", memory, "--range", "1m"], &[("NO_COLOR", "1")]);
    assert!(!braille(&plain) && plain.is_ascii() && plain.contains("MiB"), "{plain}");

    let table = sent(&stage, &["query", "up", "--range", "10s", "--table"], &[]);
    assert!(!braille(&table) && table.contains("SERIES"), "{table}");

    let listed = sent(&stage, &["targets"], &[]);
    assert!(listed.contains("\x1b[") && listed.contains("nobody"), "{listed}");
    let dumb = sent(&stage, &["targets"], &[("TERM", "dumb")]);
    assert!(!dumb.contains('\x1b'), "{dumb}");

    piped(&stage);
}

/// Without a terminal there is a table, and what is partial or old is said beside it.
fn piped(stage: &Stage) {
    let range = stage.run("query up --range 10s");
    assert!(range.out.starts_with("TIME") && !range.out.contains('\x1b') && !braille(&range.out), "{range:?}");
    // On a fast machine the first scrape of all is not yet a second old.
    eventually("what was a second ago is told", || stage.run("query last_over_time(up[1h]) --at 1s").out.contains("up{"));
    let none = stage.run("query nothing");
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "no data: nothing matches\n"));
    let half = stage.run("--environment half alerts Watchdog");
    assert!(half.out.contains("1 of 2") && half.err.contains("1 of 2 members answer; http://127.0.0.1:1"), "{half:?}");
    let dark = stage.run("--environment dark alerts");
    assert!(dark.out.is_empty() && dark.err.contains("alertmanager: unreachable"), "{dark:?}");
}
