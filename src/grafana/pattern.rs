//! JavaScript's regular expressions, as dashboards have them, in the dialect of ours. It must not know what they are for.

/// Letters that mean something behind a backslash.
const ESCAPES: &str = "dDwWsSbBnrtfvxupPk0123456789";

/// The same expression for the `regex` crate: braces that count nothing stand for themselves, as do brackets inside of brackets
/// and letters that need no escape. What has no equal there (look-ahead) stays, and is refused by it.
pub fn translated(js: &str) -> String {
    let mut out = String::with_capacity(js.len() + 8);
    let (mut class, mut rest) = (false, js.chars());
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(rest.next(), &mut out),
            '[' | '&' | '~' if class => out.extend(['\\', c]),
            '[' => {
                class = true;
                out.push(c);
            }
            ']' => {
                class = false;
                out.push(c);
            }
            '{' if !class && !counts(rest.as_str()) || out.is_empty() && c == '{' => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    out
}

fn escape(c: Option<char>, out: &mut String) {
    match c {
        Some(c) if c.is_ascii_alphanumeric() && !ESCAPES.contains(c) => out.push(c),
        Some(c @ ('<' | '>' | '/')) => out.push(c),
        c => out.extend(std::iter::once('\\').chain(c)),
    }
}

/// Whether what stands behind a brace is `3}`, `3,}` or `3,5}`.
fn counts(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let Some((inner, _)) = text.split_once('}') else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    is_number(least) && (most.is_empty() || is_number(most))
}

/// What a match is replaced with (`$1_total`, `$&`, `$<name>`), in the notation of the `regex` crate.
pub fn replacement(js: &str) -> String {
    let mut out = String::new();
    let mut rest = js;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let named = after.strip_prefix('<').and_then(|name| name.split_once('>'));
        rest = match (named, after.chars().next()) {
            _ if digits > 0 => group(&after[..1], &after[1..], &mut out),
            (Some((name, tail)), _) => group(name, tail, &mut out),
            (None, Some('&')) => group("0", &after[1..], &mut out),
            (None, next) => {
                out.push_str("$$");
                if next == Some('$') { &after[1..] } else { after }
            }
        };
    }
    out + rest
}

fn group<'a>(name: &str, rest: &'a str, out: &mut String) -> &'a str {
    out.extend(["${", name, "}"]);
    rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use regex::Regex;

    use super::*;

    #[test]
    fn expressions_of_browsers_match_what_they_match_there() {
        let rows = [
            ("{} (.*) .*", "{} 5 17", true),
            (r"^\{job=.*}$", "{job=1}", true),
            ("a{2}b{1,}", "aab", true),
            ("a{2", "a{2", true),
            ("[[]x", "[x", true),
            ("[a&&b]+$", "&a", true),
            (r"\<\/p\>", "</p>", true),
            (r"\e\d", "e7", true),
            (r"\d{3}", "12", false),
        ];
        for (js, text, matches) in rows {
            assert_eq!(Regex::new(&translated(js)).unwrap().is_match(text), matches, "{js}");
        }
        assert!(Regex::new(&translated("(?!a)b")).is_err());
    }

    #[test]
    fn replacements_end_where_browsers_end_them() {
        let regex = Regex::new("(?<all>(a)b)").unwrap();
        let rows = [("$2_x", "a_x"), ("$&!", "ab!"), ("$<all>-", "ab-"), ("5$", "5$"), ("$$1", "$1"), ("", "")];
        for (with, want) in rows {
            assert_eq!(regex.replace("ab", replacement(with)), want, "{with}");
        }
    }
}
