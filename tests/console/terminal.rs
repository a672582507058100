//! The console and its terminal: taken whole, given back whole, whatever ends it.

use std::fs;

use tempfile::TempDir;

use crate::host::{self, Process, until};
use crate::pty::{CTRL_Z, ESC, LARGE, SMALL, SOON, Terminal, midwatch, shell};
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
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
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

/// An SSH link that stands still takes no more bytes, and a console that writes to it waits.
#[test]
fn a_signal_ends_it_even_while_its_terminal_takes_nothing() {
    for (signal, status) in [("TERM", 143), ("HUP", 129)] {
        let home = home();
        let mut terminal = Terminal::run(midwatch(home.path(), &[]), LARGE);
        terminal.see("prometheus unreachable");
        terminal.stand_still();
        let mut rows = 50;
        until("it waits in a write", SOON, || {
            rows = if rows == 50 { 49 } else { 50 };
            terminal.nudge((200, rows));
            terminal.waits_in_write()
        });
        terminal.process().signal(signal);
        assert_eq!(terminal.end(), status);
    }
}

#[test]
fn the_mouse_switches_screens_and_opens_what_is_pointed_at() {
    let home = home();
    let mut terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    terminal.click("2 Dashboards");
    terminal.see("Dashboards 0");
    terminal.click("3 Alerts");
    terminal.see("[Alerts");
    terminal.click("Targets");
    terminal.see("[Targets");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(strict::foreign(&terminal.raw()), Vec::<String>::new());
}

#[test]
fn the_mouse_is_left_alone_where_the_configuration_says_so() {
    let home = home();
    let file = home.path().join("midwatch/midwatch.toml");
    fs::write(&file, format!("mouse = false\n{}", fs::read_to_string(&file).unwrap())).unwrap();
    let terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    terminal.screen(|screen| assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None));
}

/// A terminal answers when it likes, and what it answers is no key.
#[test]
fn a_terminal_that_has_synchronized_output_is_sent_whole_frames_and_its_answer_is_no_key() {
    let home = home();
    let mut terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.hear("\x1b[?2026$p");
    terminal.see("prometheus unreachable");
    let before = terminal.raw().len();
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("\x1b[?2026h"), "nobody said that it has");
    terminal.press("\x1b[?2026;2$y");
    terminal.press("2");
    terminal.see("Dashboards 0");
    let after = String::from_utf8_lossy(&terminal.raw()[before..]).into_owned();
    assert!(after.contains("\x1b[?2026h") && after.contains("\x1b[?2026l"), "{after:?}");
    assert!(!terminal.text().contains("does nothing here"), "{}", terminal.text());
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(strict::foreign(&terminal.raw()), Vec::<String>::new());
}

#[test]
fn without_colour_and_unicode_it_writes_neither_on_any_screen() {
    let home = home();
    let mut terminal = Terminal::run(shell(home.path(), "NO_COLOR=1 exec \"$MIDWATCH\" --ascii"), SMALL);
    terminal.see("prometheus unreachable");
    for (keys, words) in
        [("1", "unknown"), ("2", "Dashboards 0"), ("3", "[Alerts"), ("]", "[Silences"), ("]", "[Rules"), ("]", "[Targets")]
    {
        terminal.press(keys);
        terminal.see(words);
    }
    for (keys, words) in
        [("5", "Jobs 0"), ("6", "no repository"), ("?", "any other key closes"), (ESC, "no repository"), (":", "Command")]
    {
        terminal.press(keys);
        terminal.see(words);
    }
    terminal.press(ESC);
    terminal.see_no("Command");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let raw = terminal.raw();
    assert!(raw.is_ascii(), "{}", String::from_utf8_lossy(&raw));
    assert_eq!(strict::colours(&raw), Vec::<String>::new());
}

#[test]
fn other_keymaps_and_themes_are_chosen_by_name() {
    let home = home();
    let file = home.path().join("midwatch/midwatch.toml");
    let chosen = "keymap = [\"emacs\", \"./mine.toml\"]\ntheme = \"light\"\n";
    fs::write(&file, format!("{chosen}{}", fs::read_to_string(&file).unwrap())).unwrap();
    fs::write(home.path().join("midwatch/mine.toml"), "global = [{ on = \"ctrl-x d\", run = \"screen dashboards\" }]").unwrap();
    let mut terminal = Terminal::run(midwatch(home.path(), &[]), SMALL);
    terminal.see("prometheus unreachable");
    terminal.press("\x18d");
    terminal.see("Dashboards 0");
    terminal.screen(|screen| assert_ne!(screen.cell(12, 40).unwrap().bgcolor(), vt100::Color::Default));
    terminal.press("\x1bx");
    terminal.see("Command");
    terminal.press("\x07");
    terminal.see_no("Command");
    terminal.press("\x18\x03");
    assert_eq!(terminal.end(), 0);
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
