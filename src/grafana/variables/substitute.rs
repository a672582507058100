//! Putting values into text: `$name`, `${name}`, `${name:format}`, `[[name]]`, and what Grafana knows by itself (`$__range`).
//!
//! In a query a value is escaped for where it stands: inside quotes, and as a regular expression behind `=~`.

use std::time::Duration;

use super::super::model::{ALL, AUTO, All};
use super::super::step;
use super::{Held, Values};
use crate::domain::range::Window;
use crate::domain::unit::Unit;

/// How deep authors' values may name each other.
const DEEPEST: u8 = 4;

/// What text is put into.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The part of time that is asked for.
    pub window: Window,
    /// `$__interval`.
    pub interval: Duration,
    /// `$__rate_interval`.
    pub rate: Duration,
    /// The dashboard's title, `$__dashboard`.
    pub dashboard: &'a str,
    /// Who looks at it, `$__user`.
    pub user: &'a str,
}

/// A query with every variable that is known put in; others are left as they are.
pub fn substitute(text: &str, values: &Values, cx: &Context<'_>) -> String {
    Filler { values, cx, query: true, depth: 0 }.fill(text)
}

/// A title or a legend with every variable put in as the screen calls its value.
pub fn title(text: &str, values: &Values, cx: &Context<'_>) -> String {
    Filler { values, cx, query: false, depth: 0 }.fill(text)
}

/// A variable's question: like a query, with `$__searchFilter` matching everything.
pub fn searched(text: &str, values: &Values, cx: &Context<'_>) -> String {
    substitute(&text.replace("$__searchFilter", ".*"), values, cx)
}

/// The names of all variables in a text.
pub fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        match reference(&rest[at..]) {
            Some(found) => {
                names.push(found.name.to_owned());
                rest = &rest[at + found.length..];
            }
            None => rest = &rest[at + 1..],
        }
    }
    names
}

/// A variable as it is named in text.
struct Reference<'t> {
    name: &'t str,
    /// Behind a dot: `${__user.login}`.
    field: &'t str,
    format: &'t str,
    /// Bytes it takes.
    length: usize,
}

/// The reference at the head of a text, if there is one.
fn reference(text: &str) -> Option<Reference<'_>> {
    for (open, close) in [("${", "}"), ("[[", "]]")] {
        if let Some(inner) = text.strip_prefix(open) {
            let end = inner.find(close)?;
            let (whole, format) = inner[..end].split_once(':').unwrap_or((&inner[..end], ""));
            let (name, field) = whole.split_once('.').unwrap_or((whole, ""));
            let length = open.len() + end + close.len();
            return is_name(name).then_some(Reference { name, field, format, length });
        }
    }
    let name = text.strip_prefix('$')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    is_name(&name[..end]).then(|| Reference { name: &name[..end], field: "", format: "", length: end + 1 })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Filler<'a> {
    values: &'a Values,
    cx: &'a Context<'a>,
    /// Whether values are escaped for `PromQL`.
    query: bool,
    depth: u8,
}

impl Filler<'_> {
    fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut quote = Quote::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = reference(rest).and_then(|found| Some((self.value(&found, &out, quote)?, found.length)));
            let length = if let Some((value, length)) = found {
                out.push_str(&value);
                length
            } else {
                quote.pass(first);
                out.push(first);
                first.len_utf8()
            };
            rest = &rest[length..];
        }
        out
    }

    fn value(&self, found: &Reference<'_>, before: &str, quote: Quote) -> Option<String> {
        if let Some(held) = self.values.held.get(found.name) {
            return Some(self.held(held, found, before, quote));
        }
        if let Some(name) = found.name.strip_prefix("__auto_interval_") {
            return self.values.held.contains_key(name).then(|| self.auto());
        }
        built_in(found, self.cx)
    }

    fn held(&self, held: &Held, found: &Reference<'_>, before: &str, quote: Quote) -> String {
        let values = match self.plain(held) {
            Ok(values) => values,
            Err(_) if found.format == "text" || !self.query && found.format.is_empty() => return "All".to_owned(),
            Err(all) => return all,
        };
        match found.format {
            "" if !self.query => held.shown_as(&values),
            "text" => held.shown_as(&values),
            "" => escaped(&values, held.regex && !exact(before), quote),
            format => formatted(&values, found.name, format),
        }
    }

    /// The values themselves; what stands for all of them where the file says so.
    fn plain(&self, held: &Held) -> Result<Vec<String>, String> {
        let texts = match (&held.all, held.is_all()) {
            (All::As(all), true) => return Err(self.deeper(all)),
            (_, true) if held.options.is_empty() => return Err(".*".to_owned()),
            (_, true) => held.options.iter().map(|option| option.value.clone()).collect(),
            _ => held.chosen.clone(),
        };
        Ok(texts.into_iter().map(|text| if held.authored { self.authored(&text) } else { text }).collect())
    }

    fn authored(&self, text: &str) -> String {
        if text == AUTO { self.auto() } else { self.deeper(text) }
    }

    fn deeper(&self, text: &str) -> String {
        if self.depth >= DEEPEST || !text.contains(['$', '[']) {
            return text.to_owned();
        }
        Filler { values: self.values, cx: self.cx, query: false, depth: self.depth + 1 }.fill(text)
    }

    /// An interval that makes about thirty steps of the range.
    fn auto(&self) -> String {
        step::text(step::rounded(self.cx.window.span() / 30).max(Duration::from_secs(10)))
    }
}

impl Held {
    /// What the screen calls it; the values themselves where the name would hold a variable.
    fn shown_as(&self, values: &[String]) -> String {
        let shown = self.shown();
        if shown.contains('$') { values.join(" + ") } else { shown }
    }
}

/// Whether the text ends where a matcher wants exactly this value: `="` or `!="`.
fn exact(before: &str) -> bool {
    ["=\"", "='", "=`"].iter().any(|end| before.ends_with(end))
}

fn escaped(values: &[String], regex: bool, quote: Quote) -> String {
    let escape = |value: &String| if regex && quote.is_open() { regex_escaped(value) } else { value.clone() };
    let values: Vec<String> = values.iter().map(escape).map(|value| quote.escape(&value)).collect();
    match values.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        many => format!("({})", many.join("|")),
    }
}

fn regex_escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if "\\^$*{}[]+?.()|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Grafana's formats; an unknown one lists the values as `csv`.
fn formatted(values: &[String], name: &str, format: &str) -> String {
    let each = |write: &dyn Fn(&str) -> String, between: &str| values.iter().map(|v| write(v)).collect::<Vec<_>>().join(between);
    let several =
        |joined: String, open: char, close: char| if values.len() == 1 { joined } else { format!("{open}{joined}{close}") };
    match format {
        "regex" => several(each(&regex_escaped, "|"), '(', ')'),
        "pipe" => values.join("|"),
        "glob" => several(values.join(","), '{', '}'),
        "json" => match values {
            [one] => serde_json::Value::from(one.as_str()).to_string(),
            many => serde_json::Value::from(many).to_string(),
        },
        "doublequote" => each(&|v| format!("\"{}\"", v.replace('"', "\\\"")), ","),
        "singlequote" => each(&|v| format!("'{}'", v.replace('\'', "\\'")), ","),
        "sqlstring" => each(&|v| format!("'{}'", v.replace('\'', "''")), ","),
        "percentencode" => percent(&values.join(",")),
        "queryparam" => each(&|v| format!("var-{name}={}", percent(v)), "&"),
        _ => values.join(","),
    }
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What Grafana knows by itself.
fn built_in(found: &Reference<'_>, cx: &Context<'_>) -> Option<String> {
    let span = cx.window.span();
    let seconds = (span.as_millis() + 500) / 1000;
    Some(match found.name {
        "__interval" | "interval" => step::text(cx.interval),
        "__interval_ms" => cx.interval.as_millis().to_string(),
        "__rate_interval" => step::text(cx.rate),
        "__rate_interval_ms" => cx.rate.as_millis().to_string(),
        "__range" => format!("{seconds}s"),
        "__range_s" => seconds.to_string(),
        "__range_ms" => span.as_millis().to_string(),
        "__from" => dated(cx.window.start.0, found.format),
        "__to" => dated(cx.window.end.0, found.format),
        "__dashboard" => cx.dashboard.to_owned(),
        "__user" => cx.user.to_owned(),
        "__org" => "1".to_owned(),
        "__timezone" => "utc".to_owned(),
        "__all" => ALL.to_owned(),
        "timeFilter" | "__timeFilter" => format!("time >= {}ms and time <= {}ms", cx.window.start.0, cx.window.end.0),
        // Names of series are put in by the legend.
        _ => return None,
    })
    .filter(|_| found.field.is_empty() || matches!(found.name, "__dashboard" | "__user" | "__org"))
}

/// `${__from}`, `${__from:date}`, `${__from:date:seconds}`, `${__from:date:YYYY-MM}`.
fn dated(millis: i64, format: &str) -> String {
    let pattern = match format.strip_prefix("date") {
        None => return millis.to_string(),
        Some(":seconds") => return (millis / 1000).to_string(),
        Some("" | ":iso") => "YYYY-MM-DD[T]HH:mm:ss.SSS[Z]",
        Some(pattern) => pattern.trim_start_matches(':'),
    };
    Unit(format!("time:{pattern}")).format(millis as f64, None).text
}

/// Whether text stands inside a string of `PromQL`.
#[derive(Clone, Copy, Debug, Default)]
struct Quote {
    open: Option<char>,
    escaped: bool,
}

impl Quote {
    fn pass(&mut self, c: char) {
        match self.open {
            _ if self.escaped => self.escaped = false,
            Some(mark) if c == mark => self.open = None,
            Some(mark) => self.escaped = c == '\\' && mark != '`',
            None if matches!(c, '"' | '\'' | '`') => self.open = Some(c),
            None => {}
        }
    }

    fn is_open(self) -> bool {
        self.open.is_some()
    }

    fn escape(self, value: &str) -> String {
        match self.open {
            Some(mark @ ('"' | '\'')) => value.replace('\\', "\\\\").replace(mark, &format!("\\{mark}")).replace('\n', "\\n"),
            _ => value.to_owned(),
        }
    }
}
