//! A theme file: TOML to styles, with every mistake told by its line.

use std::fmt;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Role, Theme, colour};

/// Why a theme cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// Every mistake in it, in the order of the file.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Problem>),
}

/// One mistake and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub origin: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, with the nearest valid name.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.origin, self.line, self.message)
    }
}

const SECTIONS: [&str; 2] = ["roles", "series"];
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];
const COLOURS: [&str; 17] = [
    "default",
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

type Found<'a, 'i> = &'a Spanned<DeValue<'i>>;

pub(super) fn parse(text: &str, origin: &str, base: Theme) -> Result<Theme, ThemeError> {
    let mut reader = Reader { text, origin, theme: base, problems: Vec::new() };
    match DeTable::parse(text) {
        Ok(table) => reader.file(table.get_ref()),
        Err(error) => reader.problem(error.span().map_or(0, |s| s.start), error.message().to_owned()),
    }
    if reader.problems.is_empty() { Ok(reader.theme) } else { Err(ThemeError::Invalid(reader.problems)) }
}

struct Reader<'t> {
    text: &'t str,
    origin: &'t str,
    theme: Theme,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, message: String) {
        let line = 1 + self.text.bytes().take(at).filter(|b| *b == b'\n').count();
        self.problems.push(Problem { origin: self.origin.to_owned(), line, message });
    }

    fn unknown(&mut self, at: usize, what: &str, name: &str, valid: impl IntoIterator<Item = &'static str>) {
        let nearest = valid.into_iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
        let hint = nearest.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        self.problem(at, format!("unknown {what} `{name}`{hint}"));
    }

    fn file(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("roles", DeValue::Table(roles)) => self.roles(roles),
                ("series", DeValue::Table(series)) => self.series(series),
                (name, _) if SECTIONS.contains(&name) => self.problem(value.span().start, format!("`{name}` must be a table")),
                (name, _) => self.unknown(key.span().start, "section", name, SECTIONS),
            }
        }
    }

    fn roles(&mut self, roles: &DeTable<'_>) {
        for (key, value) in roles {
            let name = key.get_ref().as_ref();
            match Role::ALL.iter().find(|(n, _)| *n == name) {
                Some((_, role)) => {
                    if let Some(style) = self.style(value) {
                        self.theme.roles[*role as usize] = style;
                    }
                }
                None => self.unknown(key.span().start, "role", name, Role::ALL.map(|(n, _)| n)),
            }
        }
    }

    fn series(&mut self, series: &DeTable<'_>) {
        for (key, value) in series {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("palette", DeValue::Array(colours)) if !colours.is_empty() => {
                    self.theme.series = colours.iter().filter_map(|c| self.colour(c)).collect();
                }
                ("palette", _) => self.problem(value.span().start, "`palette` must be a list of colours".into()),
                (name, _) => self.unknown(key.span().start, "key", name, ["palette"]),
            }
        }
    }

    /// A colour, or a table of colours and modifiers.
    fn style(&mut self, value: Found) -> Option<Style> {
        let DeValue::Table(parts) = value.get_ref() else { return Some(Style::new().fg(self.colour(value)?)) };
        let mut style = Style::new();
        for (key, value) in parts {
            match key.get_ref().as_ref() {
                "fg" => style.fg = self.colour(value),
                "bg" => style.bg = self.colour(value),
                name => match MODIFIERS.iter().find(|(n, _)| *n == name) {
                    Some((_, modifier)) if self.flag(value) => style = style.add_modifier(*modifier),
                    Some(_) => {}
                    None => {
                        let valid = MODIFIERS.iter().map(|(n, _)| *n).chain(["fg", "bg"]);
                        self.unknown(key.span().start, "key", name, valid);
                    }
                },
            }
        }
        Some(style)
    }

    fn flag(&mut self, value: Found) -> bool {
        if let DeValue::Boolean(on) = value.get_ref() {
            return *on;
        }
        self.problem(value.span().start, "must be true or false".into());
        false
    }

    fn colour(&mut self, value: Found) -> Option<Color> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => {
                self.problem(value.span().start, "must be a colour: a name, \"#rrggbb\" or an index".into());
                return None;
            }
        };
        let colour = colour::parse(&text);
        if colour.is_none() {
            self.unknown(value.span().start, "colour", &text, COLOURS);
        }
        colour
    }
}
