//! The keymap: which keys call what, by context. `{ on, run, desc }`, sequences, merged over the defaults.

mod parse;

use crate::app::catalog;
use crate::app::command::Call;
use crate::app::key::Key;
use crate::domain::problem::Problem;

/// The keymap where none is chosen.
pub const DEFAULT: &str = "default";

/// The keymaps midwatch comes with, each whole in itself: one line for each.
const NAMED: [(&str, &str); 3] = [
    (DEFAULT, include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
];

/// The contexts, in the order of help.
pub const CONTEXTS: [&str; 24] = [
    "global",
    "list",
    "overview",
    "tabs",
    "alerts",
    "alert",
    "silences",
    "silence",
    "rules",
    "rule",
    "targets",
    "target",
    "dashboards",
    "dashboard",
    "jobs",
    "job",
    "backups",
    "backup",
    "scenarios",
    "drill",
    "services",
    "control",
    "sessions",
    "clients",
];

/// One binding.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Where it works.
    pub context: &'static str,
    /// One key, or several one after the other.
    pub on: Vec<Key>,
    /// What it calls; none when it takes a default away.
    pub run: Option<Call>,
    /// What help says of it.
    pub desc: String,
}

impl Binding {
    /// `g g`.
    pub fn keys(&self) -> String {
        self.on.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// All bindings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// What a sequence of keys means.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// It calls this.
    Call(Call),
    /// It begins something longer.
    Begins,
    /// Nothing.
    Nothing,
}

impl Keymap {
    /// A keymap by its name, with the bindings of `own` files — as `(path, text)` — merged over it in order.
    ///
    /// # Errors
    /// Every problem of every file, each with its line; that there is none of this name.
    pub fn load(name: &str, own: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) else {
            return Err(vec![
                Problem::new(format!("no keymap is called {name:?}")).instead_of(name, NAMED.map(|(known, _)| known)),
            ]);
        };
        let mut map = Self::default();
        let mut problems = Vec::new();
        let base = (format!("keymaps/{name}.toml"), (*text).to_owned());
        for (path, text) in std::iter::once(&base).chain(own) {
            match parse::bindings(path, text) {
                Ok(bindings) => bindings.into_iter().for_each(|b| map.merge(b)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(map) } else { Err(problems) }
    }

    /// What was bound there before goes, and so does what could no longer be reached, or would keep this from being reached.
    fn merge(&mut self, binding: Binding) {
        self.bindings
            .retain(|b| b.context != binding.context || !(b.on.starts_with(&binding.on) || binding.on.starts_with(&b.on)));
        self.bindings.push(binding);
    }

    /// What `keys` mean where these contexts hold, the most specific first; `global` holds everywhere.
    pub fn find(&self, contexts: &[&str], keys: &[Key]) -> Found {
        for context in contexts.iter().chain(&["global"]) {
            let starting = || self.bindings.iter().filter(|b| b.context == *context && b.on.starts_with(keys));
            if let Some(binding) = starting().find(|b| b.on.len() == keys.len()) {
                return binding.run.clone().map_or(Found::Nothing, Found::Call);
            }
            if starting().any(|b| b.run.is_some()) {
                return Found::Begins;
            }
        }
        Found::Nothing
    }

    /// Whether any binding has this key in it.
    pub fn knows(&self, key: Key) -> bool {
        self.bindings.iter().any(|b| b.on.contains(&key))
    }

    /// The bindings of a context that call something, in the order of the files.
    pub fn of<'a>(&'a self, context: &'a str) -> impl Iterator<Item = &'a Binding> {
        self.bindings.iter().filter(move |b| b.context == context && b.run.is_some())
    }

    /// What may follow `keys`: the binding and its next key.
    pub fn continuations<'a>(&'a self, contexts: &'a [&'a str], keys: &'a [Key]) -> impl Iterator<Item = &'a Binding> {
        let here = contexts.iter().chain(&["global"]).flat_map(|c| self.of(c));
        here.filter(|b| b.on.len() > keys.len() && b.on.starts_with(keys))
    }

    /// The first key that makes a call.
    pub fn key_of(&self, call: &Call) -> Option<String> {
        self.bindings.iter().find(|b| b.run.as_ref() == Some(call)).map(Binding::keys)
    }

    /// The keys that call a command, whatever it is given, for the palette: `1, 2`.
    pub fn keys_of(&self, command: &str) -> String {
        let calling = self.bindings.iter().filter(|b| b.run.as_ref().is_some_and(|c| c.command == command));
        let keys: Vec<String> = calling.map(Binding::keys).take(4).collect();
        keys.join(", ")
    }
}

/// A call as a keymap writes it.
///
/// # Errors
/// What the catalog says of it.
fn call(text: &str) -> Result<Call, String> {
    catalog::parse(text)
}

#[cfg(test)]
mod tests;
