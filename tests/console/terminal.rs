//! The console and its terminal: taken whole, given back whole, whatever ends it.

use std::fs;

use tempfile::TempDir;

use crate::host::{self, Process, until};
use crate::pty::{CTRL_Z, LARGE, SMALL, SOON, Terminal, midwatch, shell};
use crate::strict;

/// A person's home, with a configuration of an environment whose servers nobody runs.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("midwatch")).unwrap();
    let config = "[environments.nowhere]\nrefresh = \"1s\"\nprometheus = { url = \"http://127.0.0.1:1\" }\n\
                  alertmanagers = [{ url = \"http://127.0.0.1:1\" }]\n";
    fs::write(home.path().join("midwatch/midwatch.toml"), config).unwrap();
    home
}

/// The console itself, below the shell of a terminal.
fn console(terminal: &Terminal) -> Process {
    let shell = terminal.process().pid;
    let mut found = None;
    until("the console is a child of the shell", SOON, || {
        found = host::named("midwatch").into_iter().find(|process| process.parent == shell);
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn without_a_configuration_it_says_where_it_looked_and_exits_78() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    assert_eq!(terminal.end(), 78);
    terminal.hear("midwatch.toml");
    terminal.hear("midwatch demo");
    assert!(!terminal.screen(vt100::Screen::alternate_screen));
}

#[test]
fn without_a_terminal_it_says_so_and_exits_64() {
    let home = home();
    let mut terminal = Terminal::run(shell(home.path(), "\"$MIDWATCH\" </dev/null; echo status $?"), SMALL);
    terminal.end();
    terminal.hear("the console needs a terminal");
    terminal.hear("status 64");
}

#[test]
fn every_signal_ends_it_and_gives_the_terminal_back() {
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let home = home();
        let script = "stty -g; \"$MIDWATCH\"; echo status $?; stty -g; echo over; read line";
        let terminal = Terminal::run(shell(home.path(), script), SMALL);
        terminal.see("prometheus unreachable");
        console(&terminal).signal(signal);
        terminal.hear("over");
        terminal.hear(&format!("status {status}"));
        assert_given_back(&terminal);
    }
}

#[test]
fn quitting_gives_the_terminal_back() {
    let home = home();
    let script = "stty -g; \"$MIDWATCH\"; echo status $?; stty -g; echo over; read line";
    let mut terminal = Terminal::run(shell(home.path(), script), SMALL);
    terminal.see("prometheus unreachable");
    terminal.press("q");
    terminal.hear("status 0");
    terminal.hear("over");
    assert_given_back(&terminal);
}

/// The settings of the terminal are printed before and after.
fn assert_given_back(terminal: &Terminal) {
    let raw = String::from_utf8(terminal.raw()).unwrap();
    let settings: Vec<&str> = raw
        .lines()
        .map(str::trim)
        .filter_map(|line| line.rsplit('l').next())
        .filter(|line| line.matches(':').count() > 10)
        .collect();
    assert!(settings.len() == 2 && settings[0] == settings[1], "{settings:?} in {raw:?}");
    terminal.screen(|screen| {
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste(), "{}", screen.contents());
    });
}

#[test]
fn losing_the_terminal_ends_it_without_a_spin() {
    let home = home();
    let terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    assert_eq!(terminal.hang_up().end(), 129);
}

#[test]
fn losing_the_terminal_ends_it_even_where_the_hangup_is_ignored() {
    let home = home();
    let terminal = Terminal::run(shell(home.path(), "trap '' HUP; exec \"$MIDWATCH\""), SMALL);
    terminal.see("prometheus unreachable");
    assert_eq!(terminal.hang_up().end(), 129);
}

#[test]
fn ctrl_z_goes_back_to_the_shell_and_fg_returns() {
    let home = home();
    let script =
        "set -m; \"$MIDWATCH\"; stty -g; echo in the shell; read line; fg; echo status $?; stty -g; echo over; read line";
    let mut terminal = Terminal::run(shell(home.path(), script), SMALL);
    terminal.see("prometheus unreachable");
    let console = console(&terminal);
    terminal.press(CTRL_Z);
    terminal.see("in the shell");
    assert!(console.stopped());
    terminal.screen(|screen| assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()));
    terminal.press("\n");
    terminal.see("prometheus unreachable");
    terminal.press("?");
    terminal.see("any other key closes");
    terminal.press("qq");
    terminal.hear("over");
    terminal.hear("status 0");
}

#[test]
fn stopped_and_continued_from_outside_it_draws_anew() {
    let home = home();
    let terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    let before = terminal.raw().len();
    terminal.process().signal("STOP");
    until("it is stopped", SOON, || terminal.process().stopped());
    terminal.process().signal("CONT");
    // The whole screen again, the constant words of the key line with it.
    until("it has drawn all again", SOON, || String::from_utf8_lossy(&terminal.raw()[before..]).contains("Dashboards"));
}

#[test]
fn a_storm_of_resizes_ends_in_a_whole_screen() {
    let home = home();
    let mut terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    for n in 0..60 {
        terminal.resize((20 + (n * 37) % 230, 3 + (n * 11) % 66));
        terminal.press("231"[usize::from(n) % 3..][..1].as_ref());
    }
    for size in [LARGE, (250, 70), SMALL] {
        terminal.resize(size);
        // Only then a key: crossterm may leave one that comes together with a resize until the next.
        terminal.until("the frame fills the terminal", fills);
        terminal.press("?");
        terminal.see("any other key closes");
        terminal.press("?");
        terminal.see_no("any other key closes");
    }
    terminal.resize((30, 5));
    terminal.see("midwatch needs 40x10");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(strict::foreign(&terminal.raw()), Vec::<String>::new());
}

/// The clock ends the first line, the keys are on the last.
fn fills(screen: &vt100::Screen) -> bool {
    let columns = screen.size().1.get();
    let lines: Vec<String> = screen.rows(0, columns).collect();
    let clock = lines.first().is_some_and(|line| line.ends_with('Z') && line.chars().count() == usize::from(columns));
    clock && lines.last().is_some_and(|line| line.contains("1 Overview"))
}

#[test]
fn keys_pressed_before_it_is_there_are_not_lost() {
    let home = home();
    let mut terminal = Terminal::run(midwatch(home.path(), &["--ascii"]), SMALL);
    terminal.press("2");
    terminal.see("Dashboards 0");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
