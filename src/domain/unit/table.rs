//! Grafana's ids, and the form each is written in.

use super::duration::{self, Scale};
use super::{Formatted, date, number};

/// How a unit writes a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form<'a> {
    /// The number and, after a space, the unit.
    Behind(&'a str),
    /// An id that is not Grafana's: written like `Behind`.
    Unknown(&'a str),
    /// The unit and the number.
    Before(&'a str),
    /// Times a factor, with `%`.
    Percent(f64),
    /// Thousands in words.
    Short,
    /// Steps of 1024 (`Ki`, `Mi`), the number coming in the given one of them.
    Binary(&'a str, i32),
    /// Steps of 1000 (`k`, `M`), the number coming in the given one of them.
    Decimal(&'a str, i32),
    /// `K`, `M`, `B`, `T` and the unit.
    Count(&'a str),
    /// A currency, before or after.
    Currency { symbol: &'a str, behind: bool },
    /// A length of time in the unit that suits it.
    Time(Scale),
    /// Hundredths of seconds.
    Ticks,
    /// A length of time in words; its unit in milliseconds and its name.
    Words(f64, &'static str),
    /// `hh:mm:ss`, with or without days.
    Hms { days: bool },
    /// A clock; its unit in milliseconds.
    Clock(f64),
    /// A date in moment.js's pattern.
    Date(&'a str),
    /// A date, told as an age.
    Ago,
    /// One of two words.
    Bool(&'a str, &'a str),
    /// Hexadecimal, with what stands before it.
    Hex(&'static str),
    /// `1.5e+3`.
    Scientific,
    /// `1,234.5`.
    Locale,
    /// As it is.
    Text,
}

const SHORT: [&str; 9] = ["", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept"];
const BINARY: [&str; 9] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const DECIMAL: [&str; 14] = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
/// Where the bare unit stands in `DECIMAL`.
const BASE: i32 = 5;
const COUNT: [&str; 5] = ["", "K", "M", "B", "T"];
const ISO: &str = "YYYY-MM-DD HH:mm:ss";
const US: &str = "MM/DD/YYYY h:mm:ss a";

impl<'a> Form<'a> {
    /// The form of a unit's id.
    pub fn of(id: &'a str) -> Self {
        let families = [special, data, rate, time, physics, money];
        families.iter().find_map(|family| family(id)).or_else(|| composed(id)).unwrap_or(Form::Unknown(id))
    }

    /// What stands behind a number that is none: no scale, no space for words.
    pub fn plain_suffix(self) -> String {
        match self {
            Form::Percent(_) => "%".to_owned(),
            _ => String::new(),
        }
    }

    /// A finite number in this form.
    pub fn write(self, value: f64, decimals: Option<u8>) -> Formatted {
        let fixed = |value| number::fixed(value, decimals);
        match self {
            Form::Behind("") | Form::Unknown("") => Formatted::text(fixed(value)),
            Form::Behind(unit) | Form::Unknown(unit) => Formatted::with(fixed(value), format!(" {unit}")),
            Form::Before(unit) => Formatted { prefix: unit.to_owned(), ..Formatted::text(fixed(value)) },
            Form::Percent(factor) => Formatted::with(fixed(value * factor), "%".to_owned()),
            Form::Short => stepped(value, decimals, (1000.0, &SHORT, 0), str::to_owned),
            Form::Binary(unit, at) => stepped(value, decimals, (1024.0, &BINARY, at), |step| format!(" {step}{unit}")),
            Form::Decimal(unit, at) => stepped(value, decimals, (1000.0, &DECIMAL, BASE + at), |step| format!(" {step}{unit}")),
            Form::Count(unit) => stepped(value, decimals, (1000.0, &COUNT, 0), |step| format!("{step} {unit}")),
            Form::Currency { symbol, behind } => currency(value, decimals, symbol, behind),
            _ => self.write_time(value, decimals),
        }
    }

    fn write_time(self, value: f64, decimals: Option<u8>) -> Formatted {
        match self {
            Form::Time(scale) => duration::scaled(value, decimals, scale),
            Form::Ticks => duration::scaled(value / 100.0, decimals, Scale::Seconds),
            Form::Words(_, name) if value == 0.0 => Formatted::with("0".to_owned(), format!(" {name}")),
            Form::Words(unit, _) => duration::words(value * unit, decimals.unwrap_or(0)),
            Form::Hms { days } => duration::hms(value, days),
            Form::Clock(unit) => duration::clock(value * unit, decimals),
            Form::Date(pattern) => Formatted::text(date::written(value, pattern)),
            Form::Ago => Formatted::text(date::written(value, ISO)),
            Form::Bool(yes, no) => Formatted::text(if value == 0.0 { no } else { yes }.to_owned()),
            Form::Hex(prefix) => {
                let sign = if value < 0.0 { "-" } else { "" };
                Formatted::text(format!("{sign}{prefix}{:X}", value.abs().round() as u128))
            }
            Form::Scientific => Formatted::text(number::exponent(value, decimals)),
            Form::Locale => Formatted::text(number::grouped(value, decimals)),
            _ => Formatted::text(number::shortest(value)),
        }
    }
}

/// Scaled by steps: the factor, their names, and which of them the number comes in.
fn stepped(
    value: f64,
    decimals: Option<u8>,
    (factor, names, at): (f64, &[&str], i32),
    name: impl Fn(&str) -> String,
) -> Formatted {
    let (value, steps) = number::scaled(value, factor, -at, names.len() as i32 - 1 - at);
    Formatted::with(number::fixed(value, decimals), name(names[(at + steps).max(0) as usize]))
}

fn currency(value: f64, decimals: Option<u8>, symbol: &str, behind: bool) -> Formatted {
    let mut written = stepped(value.abs(), decimals, (1000.0, &COUNT, 0), str::to_owned);
    let sign = if value < 0.0 { "-" } else { "" };
    if behind {
        sign.clone_into(&mut written.prefix);
        written.suffix.push_str(symbol);
    } else {
        written.prefix = format!("{sign}{symbol}");
    }
    written
}

fn special(id: &str) -> Option<Form<'_>> {
    Some(match id {
        "none" | "" => Form::Behind(""),
        "string" => Form::Text,
        "short" => Form::Short,
        "sishort" => Form::Decimal("", 0),
        "percent" => Form::Percent(1.0),
        "percentunit" => Form::Percent(100.0),
        "humidity" => Form::Behind("%H"),
        "dB" => Form::Behind("dB"),
        "candela" => Form::Decimal("cd", 0),
        "hex0x" => Form::Hex("0x"),
        "hex" => Form::Hex(""),
        "sci" => Form::Scientific,
        "locale" => Form::Locale,
        "pixel" => Form::Behind("px"),
        "bool" => Form::Bool("True", "False"),
        "bool_yes_no" => Form::Bool("Yes", "No"),
        "bool_on_off" => Form::Bool("On", "Off"),
        _ => return None,
    })
}

fn data(id: &str) -> Option<Form<'_>> {
    let sizes = ["", "k", "m", "g", "t", "p"];
    if let Some(size) = id.strip_suffix("bytes") {
        let (size, form): (_, fn(i32) -> Form<'static>) = match size.strip_prefix("dec") {
            Some(size) => (size, |at| Form::Decimal("B", at)),
            None => (size, |at| Form::Binary("B", at)),
        };
        return sizes.iter().position(|s| *s == size).map(|at| form(at as i32));
    }
    Some(match id {
        "bits" => Form::Binary("b", 0),
        "decbits" => Form::Decimal("b", 0),
        "pps" => Form::Decimal("p/s", 0),
        "binBps" => Form::Binary("B/s", 0),
        "Bps" => Form::Decimal("B/s", 0),
        "binbps" => Form::Binary("b/s", 0),
        "bps" => Form::Decimal("b/s", 0),
        _ => return data_rate(id),
    })
}

/// `KBs`, `MiBs`, `Gbits`, `Tibits`...
fn data_rate(id: &str) -> Option<Form<'static>> {
    let at = ["K", "M", "G", "T", "P"].iter().position(|size| id.starts_with(size))? as i32 + 1;
    Some(match &id[1..] {
        "Bs" => Form::Decimal("B/s", at),
        "iBs" => Form::Binary("B/s", at),
        "bits" => Form::Decimal("b/s", at),
        "ibits" => Form::Binary("b/s", at),
        "Hs" => Form::Decimal("H/s", at),
        _ => return None,
    })
}

fn rate(id: &str) -> Option<Form<'_>> {
    let unit = match id {
        "cps" => "c/s",
        "ops" => "ops/s",
        "reqps" => "req/s",
        "rps" => "rd/s",
        "wps" => "wr/s",
        "iops" => "io/s",
        "eps" => "evt/s",
        "mps" => "msg/s",
        "recps" => "rec/s",
        "rowsps" => "rows/s",
        "cpm" => "c/m",
        "opm" => "ops/m",
        "reqpm" => "req/m",
        "rpm" => "rd/m",
        "wpm" => "wr/m",
        "epm" => "evts/m",
        "mpm" => "msgs/m",
        "recpm" => "rec/m",
        "rowspm" => "rows/m",
        _ => return None,
    };
    Some(Form::Count(unit))
}

fn time(id: &str) -> Option<Form<'_>> {
    Some(match id {
        "hertz" | "rothz" => Form::Decimal("Hz", 0),
        "ns" => Form::Time(Scale::Nanos),
        "µs" | "μs" | "us" => Form::Time(Scale::Micros),
        "ms" => Form::Time(Scale::Millis),
        "s" => Form::Time(Scale::Seconds),
        "m" => Form::Time(Scale::Minutes),
        "h" => Form::Time(Scale::Hours),
        "d" => Form::Time(Scale::Days),
        "dtdurationms" => Form::Words(1.0, "milliseconds"),
        "dtdurations" => Form::Words(1000.0, "seconds"),
        "dthms" => Form::Hms { days: false },
        "dtdhms" => Form::Hms { days: true },
        "timeticks" => Form::Ticks,
        "clockms" => Form::Clock(1.0),
        "clocks" => Form::Clock(1000.0),
        "dateTimeAsIso"
        | "dateTimeAsIsoNoDateIfToday"
        | "dateTimeAsLocal"
        | "dateTimeAsLocalNoDateIfToday"
        | "dateTimeAsSystem" => Form::Date(ISO),
        "dateTimeAsUS" | "dateTimeAsUSNoDateIfToday" => Form::Date(US),
        "dateTimeFromNow" => Form::Ago,
        _ => return None,
    })
}

/// What is measured in machine rooms, and a little more.
fn physics(id: &str) -> Option<Form<'_>> {
    Some(match id {
        "celsius" => Form::Behind("°C"),
        "fahrenheit" | "farenheit" => Form::Behind("°F"),
        "kelvin" => Form::Behind("K"),
        "watt" => Form::Decimal("W", 0),
        "kwatt" => Form::Decimal("W", 1),
        "megwatt" => Form::Decimal("W", 2),
        "gwatt" => Form::Decimal("W", 3),
        "mwatt" => Form::Decimal("W", -1),
        "watth" => Form::Decimal("Wh", 0),
        "kwatth" => Form::Decimal("Wh", 1),
        "voltamp" => Form::Decimal("VA", 0),
        "joule" => Form::Decimal("J", 0),
        "amp" => Form::Decimal("A", 0),
        "kamp" => Form::Decimal("A", 1),
        "mamp" => Form::Decimal("A", -1),
        "volt" => Form::Decimal("V", 0),
        "kvolt" => Form::Decimal("V", 1),
        "mvolt" => Form::Decimal("V", -1),
        "dBm" => Form::Decimal("dBm", 0),
        "ohm" => Form::Decimal("Ω", 0),
        "kohm" => Form::Decimal("Ω", 1),
        "Mohm" => Form::Decimal("Ω", 2),
        "farad" => Form::Decimal("F", 0),
        "µfarad" => Form::Decimal("F", -2),
        "rotrpm" => Form::Behind("rpm"),
        "degree" => Form::Behind("°"),
        "flops" => Form::Decimal("FLOPS", 0),
        "Hs" => Form::Decimal("H/s", 0),
        "ppm" => Form::Behind("ppm"),
        "pressurebar" => Form::Decimal("bar", 0),
        "pressurepa" => Form::Decimal("Pa", 0),
        "pressurehpa" => Form::Behind("hPa"),
        "massg" => Form::Decimal("g", 0),
        "masskg" => Form::Decimal("g", 1),
        "lengthm" => Form::Decimal("m", 0),
        "lengthkm" => Form::Decimal("m", 1),
        "lux" => Form::Behind("lux"),
        "flowlpm" => Form::Behind("L/min"),
        "litre" => Form::Decimal("L", 0),
        "m3" => Form::Behind("m³"),
        "velocityms" => Form::Behind("m/s"),
        "velocitykmh" => Form::Behind("km/h"),
        _ => return None,
    })
}

fn money(id: &str) -> Option<Form<'_>> {
    let (symbol, behind) = match id.strip_prefix("currency")? {
        "USD" => ("$", false),
        "GBP" => ("£", false),
        "EUR" => ("€", false),
        "JPY" => ("¥", false),
        "RUB" => ("₽", false),
        "UAH" => ("₴", false),
        "BRL" => ("R$", false),
        "INR" => ("₹", false),
        "KRW" => ("₩", false),
        "BTC" => ("฿", false),
        "TRY" => ("₺", true),
        "DKK" | "ISK" | "NOK" | "SEK" => ("kr", true),
        code if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => (code, false),
        _ => return None,
    };
    Some(Form::Currency { symbol, behind })
}

/// Units that say themselves how they are written: `suffix:x`, `si:µF`, `time:YYYY`, `bool:up/down`.
fn composed(id: &str) -> Option<Form<'_>> {
    let (key, rest) = id.split_once(':')?;
    Some(match key {
        "prefix" => Form::Before(rest),
        "suffix" => Form::Behind(rest),
        "time" => Form::Date(rest),
        "count" => Form::Count(rest),
        "currency" => Form::Currency { symbol: rest, behind: false },
        "bool" => {
            let (yes, no) = rest.split_once('/').unwrap_or((rest, "-"));
            Form::Bool(yes, no)
        }
        "si" => {
            let first = rest.chars().next()?;
            let at = DECIMAL.iter().position(|prefix| prefix.chars().eq([first]));
            match at.filter(|_| rest.len() > first.len_utf8()) {
                Some(at) => Form::Decimal(&rest[first.len_utf8()..], at as i32 - BASE),
                None => Form::Decimal(rest, 0),
            }
        }
        _ => return None,
    })
}
