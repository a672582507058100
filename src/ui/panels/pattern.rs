//! Patterns as dashboards write them: JavaScript's `/words/flags`, or an expression that must match all of the text.

use std::borrow::Cow;

use regex::Regex;

use crate::grafana::pattern::{replacement, translated};

/// A pattern, ready to be tried on many texts. One that cannot be read matches nothing.
pub enum Pattern {
    /// Plain words with their anchors. Most patterns of real dashboards are: no engine is built for them on every draw.
    Words { text: String, from_start: bool, to_end: bool },
    /// Any other.
    Regex(Box<Regex>),
    /// One that cannot be read.
    Never,
}

impl Pattern {
    /// From its notation.
    pub fn new(pattern: &str) -> Self {
        match pattern.strip_prefix('/').and_then(|p| p.rsplit_once('/')) {
            Some((inner, "" | "g")) => Self::plain(inner).unwrap_or_else(|| Self::regex(inner)),
            Some((inner, flags)) if flags.contains('i') => Self::regex(&format!("(?i){inner}")),
            Some((inner, _)) => Self::regex(inner),
            None => Self::plain(&format!("^{pattern}$")).unwrap_or_else(|| Self::regex(&format!("^(?:{pattern})$"))),
        }
    }

    /// Whether `text` matches.
    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Words { text: words, from_start: true, to_end: true } => text == words,
            Self::Words { text: words, from_start: true, .. } => text.starts_with(words),
            Self::Words { text: words, to_end: true, .. } => text.ends_with(words),
            Self::Words { text: words, .. } => text.contains(words),
            Self::Regex(regex) => regex.is_match(text),
            Self::Never => false,
        }
    }

    fn regex(pattern: &str) -> Self {
        Regex::new(&translated(pattern)).map_or(Self::Never, |r| Self::Regex(Box::new(r)))
    }

    fn plain(pattern: &str) -> Option<Self> {
        let (anchored, rest) = pattern.strip_prefix('^').map_or((false, pattern), |p| (true, p));
        let (closed, rest) = rest.strip_suffix('$').map_or((false, rest), |p| (true, p));
        let (open_start, rest) = rest.strip_prefix(".*").map_or((false, rest), |p| (true, p));
        let (open_end, rest) = rest.strip_suffix(".*").map_or((false, rest), |p| (true, p));
        let literal = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | ':' | '/' | '%' | ',' | '=');
        rest.chars().all(literal).then(|| Self::Words {
            text: rest.to_owned(),
            from_start: anchored && !open_start,
            to_end: closed && !open_end,
        })
    }
}

/// What is put into names in the place of what matches, `$1` standing for a group. A pattern that cannot be read changes nothing.
pub struct Replacement {
    regex: Option<Regex>,
    with: String,
    all: bool,
}

impl Replacement {
    /// From its notation: all of `/words/g`, the first of `/words/`, or an expression for the whole name.
    pub fn new(pattern: &str, with: &str) -> Self {
        let slashed = pattern.strip_prefix('/').and_then(|p| p.rsplit_once('/'));
        let (inner, flags) = slashed.map_or_else(|| (format!("^(?:{pattern})$"), ""), |(inner, flags)| (inner.to_owned(), flags));
        let fold = if flags.contains('i') { "(?i)" } else { "" };
        let regex = Regex::new(&format!("{fold}{}", translated(&inner))).ok();
        Self { regex, with: replacement(with), all: flags.contains('g') }
    }

    /// The name with it done.
    pub fn of<'t>(&self, name: &'t str) -> Cow<'t, str> {
        match &self.regex {
            Some(regex) => regex.replacen(name, usize::from(!self.all), self.with.as_str()),
            None => name.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_as_grafana_replaces_them() {
        let tried = [
            ("(.*)-(.*)", "$2_$1", "a-b", "b_a"),
            ("al", "x", "total", "total"),
            ("/t/", "", "total", "otal"),
            ("/T/gi", "", "total", "oal"),
            ("/(?=t)/", "x", "total", "total"),
        ];
        for (pattern, with, name, want) in tried {
            assert_eq!(Replacement::new(pattern, with).of(name), want, "{pattern}");
        }
    }

    #[test]
    fn patterns_match_as_grafana_matches_them() {
        let tried = [
            ("/mem/", "free memory", true),
            ("/^mem/", "free memory", false),
            ("/.*total$/", "in total", true),
            ("/^.*Mem.*$/", "a Mem b", true),
            ("cpu", "cpu 0", false),
            ("cpu.*", "cpu 0", true),
            ("cpu|mem", "mem", true),
            ("cpu|mem", "mem 1", false),
            ("/MEM/i", "mem", true),
            ("/(/", "(", false),
            ("/a.c/", "abc", true),
            ("/", "/", true),
        ];
        for (pattern, text, expected) in tried {
            assert_eq!(Pattern::new(pattern).is_match(text), expected, "{pattern} on {text}");
        }
    }
}
