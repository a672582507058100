//! Colours: read from words, brought down to what a terminal can show.

use std::str::FromStr;

use ratatui::style::Color;

use crate::domain::colour::Colour;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, `TERM=dumb`.
    Mono,
    /// The terminal's own sixteen.
    Sixteen,
    /// xterm's 256.
    Indexed,
    /// All.
    #[default]
    True,
}

impl Depth {
    /// The nearest colour that this depth has.
    pub fn map(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::Mono, _) => Color::Reset,
            (Self::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest_index(r, g, b)),
            (Self::Sixteen, Color::Rgb(r, g, b)) => nearest_name(r, g, b),
            (Self::Sixteen, Color::Indexed(n)) => {
                let (r, g, b) = rgb_of_index(n);
                nearest_name(r, g, b)
            }
            _ => colour,
        }
    }
}

/// A colour of the configuration.
pub fn of(colour: Colour) -> Color {
    match colour {
        Colour::Ansi(n) => SIXTEEN[usize::from(n & 15)].0,
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// A colour as a theme writes it: a name, `#rrggbb`, an index, `default`.
pub fn parse(text: &str) -> Option<Color> {
    if text == "default" {
        return Some(Color::Reset);
    }
    Color::from_str(text).ok()
}

/// Black or white, whichever can be read on `ground`.
pub(super) fn readable_on(ground: Color) -> Color {
    let (r, g, b) = rgb(ground);
    let light = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    if light > 120_000 { Color::Black } else { Color::White }
}

/// How bright a colour is, from 0 to 1: WCAG's relative luminance.
pub(super) fn luminance(colour: Color) -> f64 {
    let (r, g, b) = rgb(colour);
    let [r, g, b] = [r, g, b].map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A part of a colour as light: sRGB undone.
pub(super) fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// How far two colours are apart for reading, from 1 to 21: WCAG's contrast ratio.
pub(super) fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A colour as near to itself as can be read on `ground` at this contrast.
pub(super) fn apart(colour: Color, ground: Color, ratio: f64) -> Color {
    let end = if luminance(ground) > 0.18 { Color::Rgb(0, 0, 0) } else { Color::Rgb(255, 255, 255) };
    let steps = (0..=20).map(|step| if step == 0 { colour } else { mixed(colour, end, f64::from(step) / 20.0) });
    steps.into_iter().find(|seen| contrast(*seen, ground) >= ratio).unwrap_or(end)
}

/// A colour with so much of another in it, from 0 to 1.
pub(super) fn mixed(colour: Color, other: Color, share: f64) -> Color {
    let (one, other): ([u8; 3], [u8; 3]) = (rgb(colour).into(), rgb(other).into());
    let mix = |n: usize| (f64::from(one[n]) * (1.0 - share) + f64::from(other[n]) * share) as u8;
    Color::Rgb(mix(0), mix(1), mix(2))
}

/// The sixteen as xterm shows them, by index.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// Lines of a graph where there are only sixteen colours.
pub(super) const SIXTEEN_SERIES: [Color; 8] = [
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
    Color::LightRed,
    Color::Green,
];

/// A colour's parts; the terminal's own foreground counts as light grey.
pub(crate) fn rgb(colour: Color) -> (u8, u8, u8) {
    match colour {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(n) => rgb_of_index(n),
        named => SIXTEEN.iter().find(|(c, _)| *c == named).map_or((229, 229, 229), |(_, rgb)| *rgb),
    }
}

fn rgb_of_index(n: u8) -> (u8, u8, u8) {
    let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
    match n {
        0..16 => SIXTEEN[n as usize].1,
        16..232 => (level((n - 16) / 36), level((n - 16) / 6 % 6), level((n - 16) % 6)),
        232.. => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    }
}

fn nearest_index(red: u8, green: u8, blue: u8) -> u8 {
    let step = |v: u8| match v {
        0..48 => 0,
        48..115 => 1,
        _ => (v - 35) / 40,
    };
    let cube = 16 + 36 * step(red) + 6 * step(green) + step(blue);
    let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    let grey = 232 + (mean.saturating_sub(3) / 10).min(23) as u8;
    let far = |n: u8| {
        let (x, y, z) = rgb_of_index(n);
        [(x, red), (y, green), (z, blue)].iter().map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>()
    };
    if far(grey) < far(cube) { grey } else { cube }
}

/// By hue, as people name colours: the nearest by distance would make most pastels grey.
fn nearest_name(r: u8, g: u8, b: u8) -> Color {
    let (hue, saturation, value) = hsv(r, g, b);
    if saturation < 0.25 || value < 0.15 {
        return match value {
            v if v < 0.15 => Color::Black,
            v if v < 0.6 => Color::DarkGray,
            v if v < 0.9 => Color::Gray,
            _ => Color::White,
        };
    }
    let (plain, light) = match hue as u16 {
        0..20 | 340.. => (Color::Red, Color::LightRed),
        20..70 => (Color::Yellow, Color::LightYellow),
        70..165 => (Color::Green, Color::LightGreen),
        165..200 => (Color::Cyan, Color::LightCyan),
        200..260 => (Color::Blue, Color::LightBlue),
        260..340 => (Color::Magenta, Color::LightMagenta),
    };
    // Orange is not light yellow: it keeps the darker of the two.
    if value > 0.8 && !(20.0..42.0).contains(&hue) { light } else { plain }
}

/// Hue in degrees, saturation and value from 0 to 1.
pub(crate) fn hsv(r: u8, g: u8, b: u8) -> (f64, f64, f64) {
    let parts = [r, g, b].map(|v| f64::from(v) / 255.0);
    let (most, least) = (parts.into_iter().fold(0.0, f64::max), parts.into_iter().fold(1.0, f64::min));
    let span = most - least;
    if span <= 0.0 {
        return (0.0, 0.0, most);
    }
    // A third of the circle from the strongest part, towards the stronger of its neighbours.
    let strongest = parts.iter().position(|p| *p >= most).unwrap_or_default();
    let lean = (parts[(strongest + 1) % 3] - parts[(strongest + 2) % 3]) / span;
    ((60.0 * (2.0 * strongest as f64 + lean)).rem_euclid(360.0), span / most, most)
}
