//! What a terminal writes with: colours and modifiers, and the shortest sequence from one to another.

use std::fmt::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// Modifiers that show on a blank too.
const ON_BLANKS: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);
/// What turns a modifier on, and off. Bold and dim go off together.
const MODIFIERS: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Colours and modifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Ink {
    /// What a cell must be written with by somebody who has `now` in hand: a blank takes any foreground.
    pub fn of(cell: &Cell, now: Self) -> Self {
        let own = Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
        if is_blank(cell) { Self { fg: now.fg, modifier: now.modifier - ON_BLANKS, ..own } } else { own }
    }

    /// The sequence that leads from `before` to here; empty where nothing changes.
    pub fn after(self, before: Self) -> String {
        if self == before {
            return String::new();
        }
        let (changed, anew) = (self.changes(before), self.anew());
        let parameters = if anew.len() < changed.len() { anew } else { changed };
        format!("\x1b[{parameters}m")
    }

    /// Only what differs.
    fn changes(self, before: Self) -> String {
        let mut out = Parameters::default();
        let gone = before.modifier - self.modifier;
        let mut dimmed = false;
        for (modifier, _, off) in MODIFIERS {
            if gone.contains(modifier) && !(off == 22 && std::mem::replace(&mut dimmed, off == 22)) {
                out.number(off);
            }
        }
        let kept = if dimmed { before.modifier - gone - Modifier::BOLD - Modifier::DIM } else { before.modifier - gone };
        out.turn_on(self.modifier - kept);
        if self.fg != before.fg {
            out.colour(self.fg, 30);
        }
        if self.bg != before.bg {
            out.colour(self.bg, 40);
        }
        out.0
    }

    /// All of it, from nothing: a lone `CSI m` is the shortest way to nothing.
    fn anew(self) -> String {
        let mut out = Parameters::default();
        if self != Self::default() {
            out.number(0);
        }
        out.turn_on(self.modifier);
        for (colour, base) in [(self.fg, 30), (self.bg, 40)] {
            if colour != Color::Reset {
                out.colour(colour, base);
            }
        }
        out.0
    }
}

/// Whether nothing but its ground is seen of a cell.
fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(ON_BLANKS)
}

/// The ground that is all one sees of a cell; none where there is anything on it.
pub fn ground(cell: &Cell) -> Option<Color> {
    is_blank(cell).then_some(cell.bg)
}

/// Whether two cells look the same.
pub fn same(one: &Cell, other: &Cell) -> bool {
    let ink = |cell| Ink::of(cell, Ink::default());
    one.symbol() == other.symbol() && ink(one) == ink(other)
}

/// Numbers with semicolons between them.
#[derive(Default)]
struct Parameters(String);

impl Parameters {
    fn number(&mut self, number: u8) {
        let _ = match self.0.as_str() {
            "" => write!(self.0, "{number}"),
            _ => write!(self.0, ";{number}"),
        };
    }

    fn turn_on(&mut self, modifiers: Modifier) {
        for (modifier, on, _) in MODIFIERS {
            if modifiers.contains(modifier) {
                self.number(on);
            }
        }
    }

    /// A colour, after `base`: 30 for what is written, 40 for its ground.
    fn colour(&mut self, colour: Color, base: u8) {
        match colour {
            Color::Reset => self.number(base + 9),
            Color::Rgb(r, g, b) => [base + 8, 2, r, g, b].into_iter().for_each(|number| self.number(number)),
            Color::Indexed(n) => [base + 8, 5, n].into_iter().for_each(|number| self.number(number)),
            named => self.number(base + code(named)),
        }
    }
}

/// Where one of the sixteen stands: eight from the base on, eight from sixty beyond.
fn code(colour: Color) -> u8 {
    match colour {
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        _ => 0,
    }
}
