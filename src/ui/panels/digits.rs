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
}
