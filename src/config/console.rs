//! How the console is handled: `keymap`, `mouse` and `[bell]`.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::config::choice;
use crate::config::model::{Choice, Console};
use crate::config::reader::{Complaint, Field, Table};
use crate::config::value;
use crate::domain::alert::Severity;
use crate::domain::bell::{Bell, Notify, Quiet};

/// The longest that an alert counts as the one that rang before.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
const NOTIFY: [(&str, Notify); 4] =
    [("auto", Notify::Auto), ("osc9", Notify::Osc9), ("osc777", Notify::Osc777), ("off", Notify::Off)];

/// Reads them.
pub fn console(table: &Table<'_>) -> Console {
    let keymap = table.take("keymap").map(|field| keymap(&field)).unwrap_or_default();
    let mouse = table.take("mouse").and_then(|field| field.flag()).unwrap_or(true);
    let bell = table.take("bell").and_then(|field| bell(&field)).unwrap_or_default();
    Console { keymap, mouse, bell }
}

/// A name, a path with a slash in it, or a name and the paths of what lies over it.
fn keymap(field: &Field<'_>) -> Vec<Choice> {
    let one = |field: &Field<'_>| Some(choice(field.text()?, field.folder()));
    if !field.is_list() {
        return one(field).into_iter().collect();
    }
    let layers = field.list();
    for late in layers.iter().skip(1) {
        if matches!(one(late), Some(Choice::Named(_))) {
            late.misplaced(
                "a keymap by its name comes first",
                "what lies over it is a path with a slash in it, like \"./keys.toml\"",
            );
        }
    }
    layers.iter().filter_map(one).collect()
}

fn bell(field: &Field<'_>) -> Option<Bell> {
    let table = field.table()?;
    let usual = Bell::default();
    let rings = table.take("severities").map(|field| severities(&field)).unwrap_or(usual.severities);
    let words = NOTIFY.map(|(word, _)| word);
    let notify = |text: &str| NOTIFY.iter().find(|(word, _)| *word == text).map(|(_, notify)| *notify);
    Some(Bell {
        sound: table.take("sound").and_then(|field| field.flag()).unwrap_or(usual.sound),
        notify: table.take("notify").and_then(|field| field.word(&words, notify)).unwrap_or(usual.notify),
        again: table.take("again").and_then(|field| field.parse(again)).unwrap_or(usual.again),
        quiet: quiet(&table),
        severities: rings,
    })
}

fn again(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, Duration::ZERO, LONGEST)
}

fn severities(field: &Field<'_>) -> Vec<Severity> {
    let words = Severity::WORDS.map(|(word, _)| word);
    let of = |text: &str| Severity::WORDS.iter().find(|(word, _)| *word == text).map(|(_, severity)| *severity);
    field.list().iter().filter_map(|field| field.word(&words, of)).collect()
}

/// The hours with the clock they are told by: a bastion's own time zone is nobody's.
fn quiet(table: &Table<'_>) -> Option<Quiet> {
    let (hours, zone, through) = (table.take("quiet"), table.take("zone"), table.take("through"));
    let Some(hours) = hours else {
        for field in [zone, through].into_iter().flatten() {
            field.misplaced("there are no quiet hours", "add quiet = \"22:00-07:00\"");
        }
        return None;
    };
    let Some(zone) = zone else {
        hours.misplaced("quiet hours need a time zone", "add zone = \"Europe/Madrid\", or \"UTC\"");
        return None;
    };
    let (hours, zone) = (hours.parse(span), zone.parse(time_zone));
    let through = through.map(|field| severities(&field)).unwrap_or_default();
    let (from, to) = hours?;
    Some(Quiet { from, to, zone: zone?, through })
}

/// `22:00-07:00`.
fn span(text: &str) -> Result<(Time, Time), Complaint> {
    let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
    let read = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
    let read = read.filter(|(from, to)| from != to);
    read.ok_or_else(|| Complaint::new(format!("cannot be {text:?}"), "two times of day, like \"22:00-07:00\""))
}

fn time_zone(name: &str) -> Result<TimeZone, Complaint> {
    let zone = TimeZone::get(name).ok();
    zone.ok_or_else(|| {
        Complaint::new(format!("cannot be {name:?}"), "a name like \"Europe/Madrid\" or \"UTC\", as /usr/share/zoneinfo has it")
    })
}
