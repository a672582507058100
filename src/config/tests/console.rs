//! `keymap`, `mouse`, `[bell]`.

use jiff::civil::time;

use super::errors::{problems, told};
use super::*;
use crate::domain::alert::Severity;
use crate::domain::bell::{Bell, Notify};

fn console(body: &str) -> Console {
    load_text(&format!("{body}\n[environments.e]")).unwrap_or_else(|error| panic!("{error}")).console
}

#[test]
fn without_a_word_the_mouse_is_taken_and_critical_alerts_ring() {
    assert_eq!(console(""), Console { keymap: vec![], mouse: true, bell: Bell::default() });
    assert!(!console("mouse = false").mouse);
}

#[test]
fn a_keymap_is_a_name_a_file_or_files_over_a_name() {
    assert_eq!(console("keymap = 'vim'").keymap, [Choice::Named("vim".into())]);
    let layers = console("keymap = ['emacs', './mine.toml']").keymap;
    assert!(matches!(&layers[..], [Choice::Named(_), Choice::File(path)] if path.is_absolute()), "{layers:?}");
}

#[test]
fn the_bell_has_its_hours_and_its_clock() {
    let bell = console(
        "[bell]\nseverities = ['critical', 'warning']\nsound = false\nnotify = 'osc9'\nagain = '1h'\n\
         quiet = '22:00-07:00'\nzone = 'UTC'\nthrough = ['critical']",
    )
    .bell;
    let quiet = bell.quiet.unwrap();
    assert_eq!((bell.severities.len(), bell.sound, bell.notify, bell.again.as_secs()), (2, false, Notify::Osc9, 3600));
    assert_eq!((quiet.from, quiet.to, quiet.through), (time(22, 0, 0, 0), time(7, 0, 0, 0), vec![Severity::Critical]));
}

#[test]
fn mistakes_are_told_with_what_mends_them() {
    for (body, expected) in [
        (
            "keymap = ['./mine.toml', 'vim']",
            "1:26 a keymap by its name comes first | what lies over it is a path with a slash in it, like \"./keys.toml\"",
        ),
        ("bell.severities = ['critcal']", "1:20 bell.severities[0] cannot be \"critcal\" | did you mean \"critical\"?"),
        ("bell.notify = 'osc7'", "1:15 bell.notify cannot be \"osc7\" | did you mean \"osc9\"?"),
        ("bell.quiet = '22-7'\nbell.zone = 'UTC'", "1:14 bell.quiet cannot be \"22-7\" | two times of day, like \"22:00-07:00\""),
        ("bell.quiet = '22:00-07:00'", "1:6 quiet hours need a time zone | add zone = \"Europe/Madrid\", or \"UTC\""),
        ("bell.zone = 'UTC'", "1:6 there are no quiet hours | add quiet = \"22:00-07:00\""),
    ] {
        let told: Vec<String> = problems(&format!("{body}\n[environments.e]")).iter().map(told).collect();
        assert_eq!(told, [expected], "{body}");
    }
}
