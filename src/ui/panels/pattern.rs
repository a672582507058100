//! Patterns as dashboards write them: JavaScript's `/words/flags`, or an expression that must match all of the text.

use regex::Regex;

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

    /// `text` with every match replaced; `$1` stands for a group.
    pub fn replace(pattern: &str, text: &str, with: &str) -> String {
        let inner = pattern.strip_prefix('/').and_then(|p| p.rsplit_once('/')).map_or(pattern, |(inner, _)| inner);
        Regex::new(inner).map_or_else(|_| text.to_owned(), |r| r.replace_all(text, with).into_owned())
    }

    fn regex(pattern: &str) -> Self {
        Regex::new(pattern).map_or(Self::Never, |r| Self::Regex(Box::new(r)))
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

#[cfg(test)]
mod tests {
    use super::*;

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
