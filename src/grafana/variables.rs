//! The variables of a dashboard: what is chosen, what is offered, what a choice puts into a query.
//!
//! The life of a choice: [`Values::open`] takes what the file says; [`order`] tells which variable is asked for first; [`question`]
//! says what to ask for it; [`offered`] makes options of the answer; [`Values::offer`] settles the choice on them.
//! Then [`substitute`] and [`title`] put the choices into text.

use std::collections::BTreeMap;

use super::model::{ALL, All, Dashboard, Panel, Variable, VariableKind};

mod options;
mod question;
mod substitute;

pub use options::{Choice, Offered, offered};
pub use question::{Question, order, question};
pub use substitute::{Context, substitute, title};

/// What is chosen for each variable, and what could be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    held: BTreeMap<String, Held>,
}

/// One variable's choice.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    /// Values; [`ALL`] alone for all of them.
    chosen: Vec<String>,
    options: Vec<Choice>,
    all: All,
    /// Whether it is written as a regular expression.
    regex: bool,
    /// Whether its values were written by the dashboard's author and may name other variables.
    authored: bool,
}

impl Values {
    /// What the dashboard opens with.
    pub fn open(dashboard: &Dashboard) -> Self {
        let held = dashboard.variables.iter().map(|variable| (variable.name.clone(), Held::open(variable)));
        Self { held: held.collect() }
    }

    /// Takes the options that are offered now. A choice that is no longer among them becomes the first of them,
    /// which is *all* where that is offered.
    pub fn offer(&mut self, name: &str, options: Vec<Choice>) {
        if let Some(held) = self.held.get_mut(name) {
            held.options = options;
            held.settle();
        }
    }

    /// Chooses one value, or [`ALL`].
    pub fn choose(&mut self, name: &str, value: &str) {
        if let Some(held) = self.held.get_mut(name) {
            held.chosen = vec![value.to_owned()];
        }
    }

    /// What can be chosen, *all* first where it is offered.
    pub fn options(&self, name: &str) -> Vec<Choice> {
        let Some(held) = self.held.get(name) else { return Vec::new() };
        let all = (held.all != All::No).then(|| Choice { text: "All".to_owned(), value: ALL.to_owned() });
        all.into_iter().chain(held.options.iter().cloned()).collect()
    }

    /// The value that is chosen, the first of several; [`ALL`] for all, `None` while nothing is.
    pub fn chosen(&self, name: &str) -> Option<&str> {
        self.held.get(name)?.chosen.first().map(String::as_str)
    }

    /// What the screen calls the choice: `All`, `eth0`, `a + b`.
    pub fn shown(&self, name: &str) -> String {
        self.held.get(name).map(Held::shown).unwrap_or_default()
    }

    /// The values a panel is repeated over, each chosen one, or all that are offered.
    pub fn each(&self, name: &str) -> Vec<String> {
        match self.held.get(name) {
            Some(held) if held.is_all() => held.options.iter().map(|option| option.value.clone()).collect(),
            Some(held) => held.chosen.clone(),
            None => Vec::new(),
        }
    }

    /// The choices that hold inside a panel: those of its scope before all others.
    #[must_use]
    pub fn within(&self, panel: &Panel) -> Self {
        let mut values = self.clone();
        panel.scope.iter().for_each(|(name, value)| values.choose(name, value));
        values
    }
}

impl Held {
    fn open(variable: &Variable) -> Self {
        let mut held = Self {
            chosen: variable.current.clone(),
            options: known(&variable.kind),
            all: variable.all.clone(),
            regex: variable.multi || variable.all != All::No,
            authored: !matches!(variable.kind, VariableKind::Query { .. }),
        };
        match &variable.kind {
            VariableKind::Constant(value) => held.chosen = vec![value.clone()],
            VariableKind::Text(value) if held.chosen.is_empty() => held.chosen = vec![value.clone()],
            VariableKind::Datasource if held.chosen.is_empty() => held.chosen = vec!["Prometheus".to_owned()],
            VariableKind::Custom(_) | VariableKind::Interval(_) => held.settle(),
            _ => {}
        }
        held
    }

    fn is_all(&self) -> bool {
        self.chosen.iter().any(|value| value == ALL)
    }

    fn settle(&mut self) {
        let options = &self.options;
        self.chosen.retain(|value| options.iter().any(|option| option.value == *value) || value == ALL);
        if self.is_all() && self.all != All::No {
            self.chosen = vec![ALL.to_owned()];
            return;
        }
        self.chosen.retain(|value| value != ALL);
        if self.chosen.is_empty() {
            let first = if self.all == All::No { self.options.first().map(|o| o.value.clone()) } else { Some(ALL.to_owned()) };
            self.chosen.extend(first);
        }
    }

    fn shown(&self) -> String {
        if self.is_all() {
            return "All".to_owned();
        }
        let text = |value: &String| self.options.iter().find(|o| o.value == *value).map_or(value, |o| &o.text).clone();
        self.chosen.iter().map(text).collect::<Vec<_>>().join(" + ")
    }
}

/// The options that the file itself has.
fn known(kind: &VariableKind) -> Vec<Choice> {
    match kind {
        VariableKind::Custom(pairs) => {
            pairs.iter().map(|(text, value)| Choice { text: text.clone(), value: value.clone() }).collect()
        }
        VariableKind::Interval(texts) => texts.iter().map(|text| Choice::plain(text)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
