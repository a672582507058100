//! A theme file: TOML to styles, with every mistake told by its line.

use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Role, Theme, colour};
use crate::domain::colour::Colour;
use crate::domain::problem::{Problem, Source};

/// Why a theme cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// Every mistake in it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Problem>),
}

const SECTIONS: [&str; 4] = ["ground", "contrast", "roles", "series"];
const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];
type Found<'a, 'i> = &'a Spanned<DeValue<'i>>;

pub(super) fn parse(source: &Source, base: Theme) -> Result<Theme, ThemeError> {
    let mut reader = Reader { source, theme: base, problems: Vec::new() };
    match DeTable::parse(source.body()) {
        Ok(table) => reader.file(table.get_ref()),
        Err(error) => reader.problem(&error.span().unwrap_or_default(), error.message()),
    }
    if reader.problems.is_empty() { Ok(reader.theme) } else { Err(ThemeError::Invalid(reader.problems)) }
}

struct Reader<'t> {
    source: &'t Source,
    theme: Theme,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: &Range<usize>, message: &str) {
        self.problems.push(Problem::new(message).at(self.source.place(at)));
    }

    fn unknown(&mut self, at: &Range<usize>, what: &str, word: &str, known: &[&str]) {
        let problem = Problem::new(format!("unknown {what} {word:?}")).at(self.source.place(at));
        self.problems.push(problem.instead_of(word, known.iter().copied()));
    }

    fn file(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("roles", DeValue::Table(roles)) => self.roles(roles),
                ("series", DeValue::Table(series)) => self.series(series),
                ("ground", _) => self.theme.ground = self.colour(value).filter(|colour| *colour != Color::Reset),
                ("contrast", _) => self.contrast(value),
                (name, _) if SECTIONS.contains(&name) => self.problem(&value.span(), "must be a table"),
                (name, _) => self.unknown(&key.span(), "section", name, &SECTIONS),
            }
        }
    }

    fn contrast(&mut self, value: Found) {
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|ratio| (1.0..=21.0).contains(ratio)) {
            Some(ratio) => self.theme.contrast = ratio,
            None => self.problem(&value.span(), "must be a number from 1 to 21"),
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
                None => self.unknown(&key.span(), "role", name, &Role::ALL.map(|(n, _)| n)),
            }
        }
    }

    fn series(&mut self, series: &DeTable<'_>) {
        for (key, value) in series {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("palette", DeValue::Array(colours)) if !colours.is_empty() => {
                    self.theme.series = colours.iter().filter_map(|c| self.colour(c)).collect();
                }
                ("palette", _) => self.problem(&value.span(), "`palette` must be a list of colours"),
                (name, _) => self.unknown(&key.span(), "key", name, &["palette"]),
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
                        let known: Vec<_> = MODIFIERS.iter().map(|(n, _)| *n).chain(["fg", "bg"]).collect();
                        self.unknown(&key.span(), "key", name, &known);
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
        self.problem(&value.span(), "must be true or false");
        false
    }

    fn colour(&mut self, value: Found) -> Option<Color> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            _ => {
                self.problem(&value.span(), "must be a colour: a name, \"#rrggbb\" or an index");
                return None;
            }
        };
        let colour = colour::parse(&text);
        if colour.is_none() {
            let known: Vec<_> = Colour::NAMES.into_iter().chain(["default"]).collect();
            self.unknown(&value.span(), "colour", &text, &known);
        }
        colour
    }
}
