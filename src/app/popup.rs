//! What lies over a screen: help, a list to pick from by typing, a plan to be confirmed. The palette is such a list, of commands.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::app::catalog;
use crate::app::command::{Args, Call};
use crate::app::confirm::Confirm;
use crate::app::key::Key;
use crate::app::line::Line;
use crate::app::screen::Travel;

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// The keys that work here, scrolled by so many lines.
    Help(usize),
    /// A list to pick from.
    Picker(Picker),
    /// A filter being typed, with what it was before.
    Filter(Line, String),
    /// A change that is shown before it is made.
    Confirm(Confirm),
    /// What happened while the operator was away, scrolled by so many lines.
    Away(usize),
}

/// A list to pick from by typing.
#[derive(Clone, Debug, PartialEq)]
pub struct Picker {
    /// What is picked.
    pub title: String,
    /// What is typed.
    pub line: Line,
    /// What is offered.
    pub items: Vec<Item>,
    /// Which of the matches is selected.
    pub selected: usize,
    /// Whether what is typed is itself a command.
    pub palette: bool,
}

/// One thing to pick.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is called; may hold text from outside.
    pub label: String,
    /// A word about it.
    pub detail: String,
    /// What picking it does.
    pub call: Call,
}

impl Item {
    /// An item that calls a command with one argument.
    pub fn new(label: &str, detail: &str, command: &'static str, arg: &str) -> Self {
        Self { label: label.to_owned(), detail: detail.to_owned(), call: Call::with(command, arg) }
    }
}

impl Picker {
    /// A list of things.
    pub fn new(title: &str, items: Vec<Item>) -> Self {
        Self { title: title.to_owned(), line: Line::default(), items, selected: 0, palette: false }
    }

    /// The same, with one item selected.
    #[must_use]
    pub fn at(mut self, selected: usize) -> Self {
        self.selected = selected;
        self
    }

    /// The palette: every command, with its key.
    pub fn palette(keys: impl Fn(&str) -> String) -> Self {
        let items = catalog::all().map(|c| {
            let usage = catalog::usage(c);
            let label = if usage.is_empty() { c.name.to_owned() } else { format!("{} {usage}", c.name) };
            let detail = format!("{}  {}", c.help, keys(c.name));
            Item { label, detail: detail.trim_end().to_owned(), call: Call { command: c.name, args: Args::default() } }
        });
        Self { palette: true, ..Self::new("Command", items.collect()) }
    }

    /// The items that match what is typed, the best first.
    pub fn matches(&self) -> Vec<&Item> {
        let words = self.pattern();
        if words.is_empty() {
            return self.items.iter().collect();
        }
        let pattern = Pattern::parse(words, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut score = |item: &Item| pattern.score(Utf32Str::new(&item.label, &mut buffer), &mut matcher);
        let mut scored: Vec<_> = self.items.iter().filter_map(|i| score(i).map(|s| (s, i))).collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, item)| item).collect()
    }

    /// In the palette only the command's name picks; the rest is its arguments.
    fn pattern(&self) -> &str {
        let text = self.line.text().trim_start();
        if self.palette { text.split_whitespace().next().unwrap_or_default() } else { text }
    }

    /// What Enter does: the typed command where it is a whole one, or else the selected item. An item that needs an argument
    /// is written into the line instead, to be completed.
    pub fn enter(&mut self) -> Option<Result<Call, String>> {
        if self.palette && self.typed_name() {
            return Some(catalog::parse(self.line.text()));
        }
        let call = self.matches().get(self.selected)?.call.clone();
        if self.palette && catalog::find(call.command).is_some_and(|c| c.params.iter().any(|p| p.required)) {
            self.line = Line::new(&format!("{} ", call.command));
            self.selected = 0;
            return None;
        }
        Some(Ok(call))
    }

    fn typed_name(&self) -> bool {
        let text = self.line.text().trim_start();
        let name = text.split_whitespace().next().unwrap_or_default();
        catalog::find(name).is_some() && (text.contains(' ') || self.matches().len() == 1)
    }

    /// Takes a key of the list or of its line.
    pub fn press(&mut self, key: Key) {
        use crokey::crossterm::event::KeyCode;
        let rows = |n| Some(Travel::Rows(n));
        let travel = match (key.code(), key.ctrl()) {
            (KeyCode::Up | KeyCode::BackTab, _) | (KeyCode::Char('p'), true) => rows(-1),
            (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('n'), true) => rows(1),
            (KeyCode::PageUp, _) => rows(-10),
            (KeyCode::PageDown, _) => rows(10),
            _ => None,
        };
        match travel {
            Some(Travel::Rows(n)) => {
                let last = self.matches().len().saturating_sub(1);
                self.selected = self.selected.saturating_add_signed(n).min(last);
            }
            _ if self.line.press(key) => self.selected = 0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(picker: &mut Picker, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            picker.press(Key::parse(&key).unwrap());
        }
    }

    #[test]
    fn the_palette_finds_a_command_by_some_of_its_letters_and_asks_for_what_it_needs() {
        let mut palette = Picker::palette(|_| String::new());
        type_in(&mut palette, "scrn");
        assert_eq!(palette.enter(), None);
        assert_eq!(palette.line.text(), "screen ");
        type_in(&mut palette, "alerts");
        let call = palette.enter().unwrap().unwrap();
        assert_eq!((call.command, call.args.get(0)), ("screen", "alerts"));
    }

    #[test]
    fn what_is_typed_wrong_is_said() {
        let mut palette = Picker::palette(|_| String::new());
        type_in(&mut palette, "screen nowhere");
        assert!(palette.enter().unwrap().unwrap_err().contains("nowhere"));
    }
}
