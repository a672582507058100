//! Colours as people write them: a name or `#rrggbb`. How one is drawn on a terminal of 16 colours is not decided here.

use std::fmt;

/// A colour by name or by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the terminal's own sixteen, by its ANSI number: 0 to 7 dark, 8 to 15 bright.
    Ansi(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Colour {
    /// The sixteen names, in the order of their ANSI numbers.
    pub const NAMES: [&str; 16] = [
        "black",
        "red",
        "green",
        "yellow",
        "blue",
        "magenta",
        "cyan",
        "gray",
        "dark-gray",
        "light-red",
        "light-green",
        "light-yellow",
        "light-blue",
        "light-magenta",
        "light-cyan",
        "white",
    ];

    /// Read from a name of [`Self::NAMES`] or from `#rrggbb`.
    pub fn of(text: &str) -> Option<Self> {
        match text.strip_prefix('#') {
            Some(digits) => Self::hex(digits),
            None => Self::NAMES.iter().position(|name| *name == text).map(|n| Self::Ansi(n as u8)),
        }
    }

    fn hex(digits: &str) -> Option<Self> {
        let whole = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let [_, r, g, b] = u32::from_str_radix(digits, 16).ok().filter(|_| whole)?.to_be_bytes();
        Some(Self::Rgb(r, g, b))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ansi(n) => f.pad(Self::NAMES[usize::from(n & 15)]),
            Self::Rgb(r, g, b) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_they_are_written() {
        for text in Colour::NAMES.iter().copied().chain(["#00ff7f"]) {
            assert_eq!(Colour::of(text).map(|c| c.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_colour_is_none() {
        for text in ["", "#", "#fff", "#gggggg", "#+12345", "#é1234", "Red", "crimson"] {
            assert_eq!(Colour::of(text), None, "{text}");
        }
    }
}
