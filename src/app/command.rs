//! A command: something that can be asked by name — from a key, the palette, the shell.

use std::fmt;

use crate::app::effect::Effect;
use crate::app::model::Model;

/// Whether a command only concerns the console, reads, or changes an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// Moves about, opens, filters, leaves.
    Console,
    /// Asks the outside.
    Read,
    /// Changes something outside: shown as a plan first, and a job then.
    Change,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name in help.
    pub name: &'static str,
    /// Whether the command cannot do without it.
    pub required: bool,
    /// What it may be, for help and completion; any text where empty.
    pub choices: &'static [&'static str],
}

impl Param {
    /// One that may be left out, of any text.
    pub const fn optional(name: &'static str) -> Self {
        Self { name, required: false, choices: &[] }
    }

    /// One that must be given, of any text.
    pub const fn required(name: &'static str) -> Self {
        Self { name, required: true, choices: &[] }
    }

    /// The same, restricted to some words.
    #[must_use]
    pub const fn of(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }
}

/// One command of the console.
pub struct Command {
    /// Its name: a verb, or a noun and a verb.
    pub name: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    /// What it takes; the last one takes the rest of the line.
    pub params: &'static [Param],
    /// What it touches.
    pub kind: CommandKind,
    /// Does it.
    pub run: fn(&mut Model, &Args) -> Vec<Effect>,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.name)
    }
}

/// What a command is given, in the order of its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(pub Vec<String>);

impl Args {
    /// The one at a position; empty when it is missing.
    pub fn get(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }
}

/// A command by name, with what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The command's name.
    pub command: &'static str,
    /// What it is given.
    pub args: Args,
}

impl Call {
    /// A call with one argument.
    pub fn with(command: &'static str, arg: &str) -> Self {
        Self { command, args: Args(vec![arg.to_owned()]) }
    }
}
