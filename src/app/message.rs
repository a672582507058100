//! Everything that can happen to the console, as data: it can be recorded and replayed.

use std::sync::Arc;

use crate::app::command::Call;
use crate::app::key::Key;
use crate::app::need::{Data, Need};
use crate::domain::fault::Fault;
use crate::domain::time::Moment;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Time went on.
    Tick(Moment),
    /// The person did something.
    Input(Input),
    /// A command was asked for by name.
    Call(Call),
    /// A need was answered.
    Fed(Fed),
    /// Something that was asked of the outside came to an end; the words are for the person.
    Told(Result<String, String>),
}

/// The answer to a need.
#[derive(Clone, Debug, PartialEq)]
pub struct Fed {
    /// Which need.
    pub need: Need,
    /// What came back.
    pub reply: Result<Arc<Data>, Fault>,
    /// When.
    pub at: Moment,
    /// The server's clock minus ours in milliseconds, where the answer told.
    pub skew: Option<i64>,
}

/// What a person does at a terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Text pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
}
