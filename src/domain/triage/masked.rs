//! A query's shape: what it does, without the values in it. People type passwords into queries; a plan is kept for ever.

/// What stands for a value.
const VALUE: char = '?';

/// The query with every literal and every number taken out and every comment dropped, on one line. What cannot be told from a
/// literal is taken for one: an open quote takes all that follows it.
pub fn masked(query: &str) -> String {
    let chars: Vec<char> = query.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = &chars[at..];
        let (taken, put) = match c {
            '\'' => (quoted(rest, is_escaped(&out)), Some(VALUE)),
            '$' => dollar(rest),
            '-' if rest.get(1) == Some(&'-') => (line(rest), Some(' ')),
            '/' if rest.get(1) == Some(&'*') => (comment(rest), Some(' ')),
            '0'..='9' if !out.ends_with(|c| is_word(c) || c == '$') => (number(rest), Some(VALUE)),
            '"' => {
                let taken = quoted(rest, false);
                out.extend(&rest[..taken]);
                (taken, None)
            }
            c if c.is_whitespace() => (1, Some(' ')),
            c => (1, Some(c)),
        };
        at += taken;
        out.extend(put.filter(|put| *put != ' ' || !out.ends_with(' ')));
    }
    out.trim().to_owned()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `E'…'` knows backslashes.
fn is_escaped(before: &str) -> bool {
    let mut last = before.chars().rev();
    matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(is_word)
}

/// To the closing quote, which is no doubled one. Whether a backslash escapes it depends on the server where there is no `E`: then
/// all that follows is taken.
fn quoted(text: &[char], escapes: bool) -> usize {
    let quote = text[0];
    let mut at = 1;
    while let Some(c) = text.get(at) {
        match c {
            '\\' if escapes => at += 2,
            '\\' if quote == '\'' && text.get(at + 1) == Some(&quote) => return text.len(),
            c if *c == quote && text.get(at + 1) == Some(&quote) => at += 2,
            c if *c == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `$tag$…$tag$` is a string; `$1` is a parameter's place.
fn dollar(text: &[char]) -> (usize, Option<char>) {
    let tag = text[1..].iter().take_while(|c| is_word(**c)).count() + 2;
    let is_tag = text.get(tag - 1) == Some(&'$') && !text.get(1).is_some_and(char::is_ascii_digit);
    if !is_tag {
        return (1, Some('$'));
    }
    let end = (tag..text.len()).find(|at| text[*at..].starts_with(&text[..tag]));
    (end.map_or(text.len(), |end| end + tag), Some(VALUE))
}

fn line(text: &[char]) -> usize {
    text.iter().position(|c| *c == '\n').unwrap_or(text.len())
}

/// Comments may stand in comments.
fn comment(text: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        match text.get(at..at + 2) {
            Some(['/', '*']) => (at, depth) = (at + 2, depth + 1),
            Some(['*', '/']) => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn number(text: &[char]) -> usize {
    text.iter().take_while(|c| is_word(**c) || **c == '.').count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rule_12_what_people_typed_into_a_query_is_not_told_on() {
        for (query, shape) in [
            ("ALTER ROLE anna PASSWORD 'hunter2'", "ALTER ROLE anna PASSWORD ?"),
            ("UPDATE t1 SET a = 'it''s',\n b=12.5e3 WHERE id=$1", "UPDATE t1 SET a = ?, b=? WHERE id=$1"),
            ("SELECT E'a\\'hunter2' , x", "SELECT E? , x"),
            ("SELECT $q$hunter2$q$, $$hunter2$$ FROM \"my 'table\"", "SELECT ?, ? FROM \"my 'table\""),
            ("SELECT 1 -- hunter2\n + 2 /* hunter2 /* twice */ hunter2 */ + 3", "SELECT ? + ? + ?"),
            ("SELECT 'hunter2 is cut of", "SELECT ?"),
            ("SELECT $x$hunter2", "SELECT ?"),
            ("SELECT 'a\\'hunter2', 'b'", "SELECT ?"),
        ] {
            assert_eq!(masked(query), shape, "{query}");
        }
    }

    proptest! {
        #[test]
        fn rule_12_no_literal_survives(before in "[a-z =(]{0,9}", value in "[a-z]{6}[0-9]{4}", after in "[a-z );]{0,9}") {
            let shape = masked(&format!("{before} '{value}'{after}"));
            prop_assert!(!shape.contains(&value), "{}", shape);
        }

        #[test]
        fn any_text_is_masked(query in "\\PC*|['\"$/*E\\\\a1 -]*") {
            prop_assert!(masked(&query).len() <= query.len() + 1);
        }
    }
}
