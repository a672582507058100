//! Digits three rows high, for values that are read from across the room.

use crate::ui::theme::Charset;

/// The rows of a number; absent when a character of it has no large form.
pub fn large(number: &str, charset: Charset) -> Option<[String; 3]> {
    let mut rows = [String::new(), String::new(), String::new()];
    for (n, c) in number.chars().enumerate() {
        let glyph = glyph(c, charset)?;
        for (row, part) in rows.iter_mut().zip(glyph) {
            if n > 0 {
                row.push(' ');
            }
            row.push_str(part);
        }
    }
    (!number.is_empty()).then_some(rows)
}

fn glyph(c: char, charset: Charset) -> Option<[&'static str; 3]> {
    let blocks = charset == Charset::Unicode;
    let pick = |unicode, ascii| Some(if blocks { unicode } else { ascii });
    match c {
        '0' => pick(["█▀█", "█ █", "▀▀▀"], [" _ ", "| |", "|_|"]),
        '1' => pick(["▀█ ", " █ ", "▀▀▀"], ["   ", "  |", "  |"]),
        '2' => pick(["▀▀█", "█▀▀", "▀▀▀"], [" _ ", " _|", "|_ "]),
        '3' => pick(["▀▀█", " ▀█", "▀▀▀"], [" _ ", " _|", " _|"]),
        '4' => pick(["█ █", "▀▀█", "  ▀"], ["   ", "|_|", "  |"]),
        '5' => pick(["█▀▀", "▀▀█", "▀▀▀"], [" _ ", "|_ ", " _|"]),
        '6' => pick(["█▀▀", "█▀█", "▀▀▀"], [" _ ", "|_ ", "|_|"]),
        '7' => pick(["▀▀█", "  █", "  ▀"], [" _ ", "  |", "  |"]),
        '8' => pick(["█▀█", "█▀█", "▀▀▀"], [" _ ", "|_|", "|_|"]),
        '9' => pick(["█▀█", "▀▀█", "▀▀▀"], [" _ ", "|_|", " _|"]),
        '.' => pick([" ", " ", "▀"], [" ", " ", "."]),
        ',' => pick([" ", " ", "▄"], [" ", " ", ","]),
        ':' => pick([" ", "▀", "▀"], [" ", ".", "."]),
        '-' => pick(["  ", "▀▀", "  "], ["  ", "__", "  "]),
        '+' => pick(["   ", "▀█▀", "   "], ["   ", "_|_", " | "]),
        _ => None,
    }
}

/// A written value as its number and what follows it: `1.5 GiB` is `1.5` and `GiB`.
pub fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | ':'))).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if number.contains(|c: char| c.is_ascii_digit()) { (number, rest.trim_start()) } else { ("", text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_has_a_form_of_three_even_rows() {
        for charset in [Charset::Unicode, Charset::Ascii] {
            for c in "0123456789.,:-+".chars() {
                let rows = large(&c.to_string(), charset).map(|rows| rows.map(|r| r.chars().count()));
                assert!(rows.is_some_and(|[a, b, c]| a == b && b == c), "{c}");
            }
        }
        assert_eq!(large("1x", Charset::Unicode), None);
    }

    #[test]
    fn a_value_is_parted_from_its_unit() {
        let said = ["1.5 GiB", "99.9%", "-3", "NaN", "12K req/s", ""].map(split);
        assert_eq!(said, [("1.5", "GiB"), ("99.9", "%"), ("-3", ""), ("", "NaN"), ("12", "K req/s"), ("", "")]);
    }
}
