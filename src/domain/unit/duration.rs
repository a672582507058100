//! Lengths of time: scaled (`2.5 min`), in words (`1 day, 2 hours`), and as a clock (`01h:59m`).

use super::{Formatted, number};

/// The unit a length of time comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Nanos,
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

/// `(up to, divided by, written as)`: the first row whose bound is greater than the value holds.
type Rows = &'static [(f64, f64, &'static str)];

const ALWAYS: f64 = f64::INFINITY;
const NANOS: Rows = &[
    (1e3, 1.0, " ns"),
    (1e6, 1e3, " µs"),
    (1e9, 1e6, " ms"),
    (6e10, 1e9, " s"),
    (3.6e12, 6e10, " min"),
    (8.64e13, 3.6e12, " hour"),
    (ALWAYS, 8.64e13, " day"),
];
const MICROS: Rows = &[(1e3, 1.0, " µs"), (1e6, 1e3, " ms"), (ALWAYS, 1e6, " s")];
const MILLIS: Rows = &[
    (1e3, 1.0, " ms"),
    (6e4, 1e3, " s"),
    (3.6e6, 6e4, " min"),
    (8.64e7, 3.6e6, " hour"),
    (3.1536e10, 8.64e7, " day"),
    (ALWAYS, 3.1536e10, " year"),
];
const SECONDS: Rows = &[
    (1e-6, 1e-9, " ns"),
    (1e-3, 1e-6, " µs"),
    (1.0, 1e-3, " ms"),
    (60.0, 1.0, " s"),
    (3600.0, 60.0, " min"),
    (86_400.0, 3600.0, " hour"),
    (604_800.0, 86_400.0, " day"),
    (3.1536e7, 604_800.0, " week"),
    (ALWAYS, 3.155_69e7, " year"),
];
const MINUTES: Rows = &[
    (60.0, 1.0, " min"),
    (1440.0, 60.0, " hour"),
    (10_080.0, 1440.0, " day"),
    (604_800.0, 10_080.0, " week"),
    (ALWAYS, 525_948.0, " year"),
];
const HOURS: Rows = &[(24.0, 1.0, " hour"), (168.0, 24.0, " day"), (8760.0, 168.0, " week"), (ALWAYS, 8760.0, " year")];
const DAYS: Rows = &[(7.0, 1.0, " day"), (365.0, 7.0, " week"), (ALWAYS, 365.0, " year")];

/// `value` in the unit that suits its size.
pub fn scaled(value: f64, decimals: Option<u8>, scale: Scale) -> Formatted {
    let rows = match scale {
        Scale::Nanos => NANOS,
        Scale::Micros => MICROS,
        Scale::Millis => MILLIS,
        Scale::Seconds if value == 0.0 => return Formatted::with("0".to_owned(), " s".to_owned()),
        Scale::Seconds => SECONDS,
        Scale::Minutes => MINUTES,
        Scale::Hours => HOURS,
        Scale::Days => DAYS,
    };
    let (_, by, suffix) = rows.iter().find(|(bound, ..)| value.abs() < *bound).unwrap_or(&rows[rows.len() - 1]);
    Formatted::with(number::fixed(value / by, decimals), (*suffix).to_owned())
}

const WORDS: [(f64, &str); 8] = [
    (31_536_000e3, "year"),
    (2_592_000e3, "month"),
    (604_800e3, "week"),
    (86_400e3, "day"),
    (3600e3, "hour"),
    (60e3, "minute"),
    (1e3, "second"),
    (1.0, "millisecond"),
];

/// Milliseconds in words: the greatest unit, and `more` smaller ones.
pub fn words(millis: f64, more: u8) -> Formatted {
    let mut rest = millis.abs();
    let mut said: Vec<String> = Vec::new();
    for (size, name) in WORDS {
        if said.len() > usize::from(more) || (said.is_empty() && rest < size) {
            continue;
        }
        let count = (rest / size).floor() as u64;
        said.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        rest %= size;
    }
    if said.is_empty() {
        said.push("<1 millisecond".to_owned());
    }
    Formatted::with(said.join(", "), if millis < 0.0 { " ago" } else { "" }.to_owned())
}

/// `hh:mm:ss`, with days before it where `days` is set and there are any.
pub fn hms(seconds: f64, days: bool) -> Formatted {
    let whole = seconds.abs().min(1e15) as u64;
    let (day, rest) = if days { (whole / 86_400, whole % 86_400) } else { (0, whole) };
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    let text = if day > 0 { format!("{day} d {clock}") } else { clock };
    Formatted::with(text, if seconds < 0.0 { " ago" } else { "" }.to_owned())
}

/// `01h:59m:59s:999ms`: from the greatest part that is there, `more` parts after it.
pub fn clock(millis: f64, more: Option<u8>) -> Formatted {
    let whole = millis.abs().min(1e17) as u64;
    let parts = [
        format!("{:02}h", whole / 3_600_000),
        format!("{:02}m", whole / 60_000 % 60),
        format!("{:02}s", whole / 1000 % 60),
        format!("{:03}ms", whole % 1000),
    ];
    let first = [3_600_000, 60_000, 1000].iter().position(|size| whole >= *size).unwrap_or(3);
    let last = (first + more.map_or(3, usize::from)).min(3);
    let sign = if millis < 0.0 { "-" } else { "" };
    Formatted::text(format!("{sign}{}", parts[first..=last].join(":")))
}
