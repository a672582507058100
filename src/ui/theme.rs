//! What things look like: roles and their styles, the depth of colour, the set of characters.
//!
//! It knows no screen. Screens ask for a role, never for a colour; colour is never the only sign, so every role has a form
//! without it.

pub mod colour;
mod file;
pub mod grafana;

use std::borrow::Cow;

use crate::domain::clean;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::colour::Colour;
use crate::domain::problem::Source;
pub use colour::Depth;
pub use file::ThemeError;

/// The theme where none is chosen: it names every role.
const DEFAULT: &str = include_str!("../../assets/themes/default.toml");
/// The themes that are built in beside it: one line for each.
const NAMED: [(&str, &str); 4] = [
    ("default", DEFAULT),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("color-blind", include_str!("../../assets/themes/color-blind.toml")),
];

/// What a piece of the screen is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary words.
    Text,
    /// Words that may be overlooked.
    Dim,
    /// What a panel or screen is called.
    Title,
    /// What draws the eye without alarm: keys, links, the chosen tab.
    Accent,
    /// Known to be well.
    Good,
    /// Wants a look soon.
    Warning,
    /// Wants a look now.
    Critical,
    /// Not known: neither well nor ill.
    Unknown,
    /// Known, but from too long ago.
    Stale,
    /// The row or item that is chosen.
    Selection,
    /// A frame.
    Border,
    /// The frame of what has the keyboard.
    FocusedBorder,
    /// Lines behind a graph.
    Grid,
    /// The line that marks an instant.
    Crosshair,
}

impl Role {
    /// Every role with its name in a theme file, in the order of their declaration.
    pub const ALL: [(&str, Self); 14] = [
        ("text", Self::Text),
        ("dim", Self::Dim),
        ("title", Self::Title),
        ("accent", Self::Accent),
        ("good", Self::Good),
        ("warning", Self::Warning),
        ("critical", Self::Critical),
        ("unknown", Self::Unknown),
        ("stale", Self::Stale),
        ("selection", Self::Selection),
        ("border", Self::Border),
        ("focused-border", Self::FocusedBorder),
        ("grid", Self::Grid),
        ("crosshair", Self::Crosshair),
    ];

    /// Its form where there is no colour.
    fn without_colour(self) -> Modifier {
        match self {
            Self::Text | Self::Good | Self::Border | Self::Crosshair => Modifier::empty(),
            Self::Title | Self::Accent | Self::Warning | Self::FocusedBorder => Modifier::BOLD,
            Self::Critical => Modifier::BOLD.union(Modifier::UNDERLINED),
            Self::Selection => Modifier::REVERSED,
            Self::Unknown | Self::Stale => Modifier::ITALIC,
            Self::Dim | Self::Grid => Modifier::DIM,
        }
    }
}

/// A style for every role, and the colours of series.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    roles: [Style; Role::ALL.len()],
    series: Vec<Color>,
    /// What everything stands on; the terminal's own, taken for dark, where there is none.
    ground: Option<Color>,
    /// How much colours that dashboards bring must differ from that ground, as WCAG counts it.
    contrast: f64,
}

impl Theme {
    /// The names of the themes that are built in.
    pub const NAMES: [&str; NAMED.len()] = {
        let [(a, _), (b, _), (c, _), (d, _)] = NAMED;
        [a, b, c, d]
    };

    /// One that is built in, by its name.
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = NAMED.iter().find(|(known, _)| *known == name)?;
        Self::parse(text, name).ok()
    }

    /// Read from TOML over the built-in theme; `origin` names the file in problems.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ThemeError> {
        file::parse(&Source::new(origin, text), Self::default())
    }

    /// The style of a role, in all its colours.
    pub fn style(&self, role: Role) -> Style {
        self.roles[role as usize]
    }

    /// The colours of series, in their order.
    pub fn series(&self) -> &[Color] {
        &self.series
    }

    /// What it stands on, where that is not the terminal's own.
    pub fn ground(&self) -> Option<Color> {
        self.ground
    }

    fn empty() -> Self {
        Self { roles: [Style::new(); Role::ALL.len()], series: Vec::new(), ground: None, contrast: 1.0 }
    }
}

impl Default for Theme {
    #[expect(clippy::expect_used, reason = "the built-in theme is read by a test")]
    fn default() -> Self {
        file::parse(&Source::new("default.toml", DEFAULT), Self::empty()).expect("the built-in theme is well formed")
    }
}

/// Which characters may be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Braille, blocks and box drawing.
    #[default]
    Unicode,
    /// Only the 95 of ASCII.
    Ascii,
}

/// A theme on a terminal: what is drawn with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The styles.
    pub theme: Theme,
    /// The characters.
    pub charset: Charset,
    /// The colours.
    pub depth: Depth,
}

impl Look {
    /// A theme on a terminal. The sixteen colours are the terminal's own and suit its own ground: where there are no others, a theme
    /// that brings a ground gives way to the default one.
    pub fn new(theme: Theme, charset: Charset, depth: Depth) -> Self {
        let theme = if depth == Depth::Sixteen && theme.ground.is_some() { Theme::default() } else { theme };
        Self { theme, charset, depth }
    }

    /// What everything stands on, and is written with where nothing else is said; none where the terminal's own is left.
    pub fn ground(&self) -> Option<Style> {
        let ground = self.theme.ground.filter(|_| self.depth != Depth::Mono)?;
        Some(self.style(Role::Text).bg(self.depth.map(ground)))
    }

    /// The style of a role on this terminal.
    pub fn style(&self, role: Role) -> Style {
        if self.depth == Depth::Mono {
            return Style::new().add_modifier(role.without_colour());
        }
        let style = self.theme.style(role);
        Style { fg: style.fg.map(|c| self.depth.map(c)), bg: style.bg.map(|c| self.depth.map(c)), ..style }
    }

    /// A foreground colour on this terminal, as far from the ground as the theme wants it; nothing where there is no colour.
    pub fn ink(&self, colour: Color) -> Style {
        if self.depth == Depth::Mono {
            return Style::new();
        }
        let seen = self.theme.ground.map_or(colour, |ground| colour::apart(colour, ground, self.theme.contrast));
        Style::new().fg(self.depth.map(seen))
    }

    /// The colour of the `n`th series; colours repeat. Where there are sixteen they are chosen from the sixteen, not brought down to
    /// them: two that came down to the same would be one.
    pub fn series(&self, n: usize) -> Color {
        let palette = self.palette();
        palette.get(n % palette.len().max(1)).copied().unwrap_or(Color::Reset)
    }

    /// How many colours of series there are before they repeat.
    pub fn series_len(&self) -> usize {
        self.palette().len()
    }

    fn palette(&self) -> &[Color] {
        if self.depth == Depth::Sixteen { &colour::SIXTEEN_SERIES } else { self.theme.series() }
    }

    /// A colour's quieter shade, for what stands behind; the colour itself where there are no shades.
    pub fn faded(&self, colour: Color) -> Color {
        if matches!(self.depth, Depth::Mono | Depth::Sixteen) {
            return colour;
        }
        colour::mixed(colour, self.theme.ground.unwrap_or(Color::Black), 9.0 / 20.0)
    }

    /// A background colour with words on it that can be read; reversed where there is no colour.
    pub fn fill(&self, colour: Color) -> Style {
        if self.depth == Depth::Mono {
            return Style::new().add_modifier(Modifier::REVERSED);
        }
        let ground = self.depth.map(colour);
        Style::new().bg(ground).fg(colour::readable_on(ground))
    }

    /// The badge of an environment, in the colour its configuration gives.
    pub fn environment(&self, colour: Colour) -> Style {
        self.fill(colour::of(colour)).add_modifier(Modifier::BOLD)
    }

    /// The colour Grafana calls `name`; `text` is the theme's own, `transparent` and unknown names are none.
    pub fn grafana(&self, name: &str) -> Option<Color> {
        match name {
            "text" => self.theme.style(Role::Text).fg,
            _ => grafana::colour(name),
        }
    }

    /// One of two spellings of the same sign.
    pub fn pick<T>(&self, unicode: T, ascii: T) -> T {
        if self.charset == Charset::Unicode { unicode } else { ascii }
    }

    /// Clean text cut to `columns`, in the characters of this terminal.
    pub fn fit<'a>(&self, text: &'a str, columns: usize) -> Cow<'a, str> {
        let text = self.spell(text);
        if text.width() <= columns {
            return text;
        }
        clean::fit(&text, columns, self.pick("…", "~")).into()
    }

    /// Text in the characters of this terminal: what ASCII lacks becomes the nearest sign, or `?`.
    pub fn spell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.charset == Charset::Unicode || text.is_ascii() {
            return text.into();
        }
        text.graphemes(true).map(|g| if g.is_ascii() { g } else { plain(g) }).collect::<String>().into()
    }
}

/// The nearest sign of ASCII.
fn plain(grapheme: &str) -> &'static str {
    match grapheme {
        "µ" | "μ" => "u",
        "°" => "deg ",
        "…" => "~",
        "·" | "•" | "–" | "—" | "−" => "-",
        "→" => ">",
        "█" => "#",
        "∞" => "inf",
        _ => "?",
    }
}

#[cfg(test)]
mod tests;
