//! Everything that can happen to the console, as data: it can be recorded and replayed.

use std::sync::Arc;

use crate::app::command::Call;
use crate::app::effect::Wish;
use crate::app::key::Key;
use crate::app::need::{Data, Need};
use crate::app::spot::Spot;
use crate::domain::chaos::report::Missed;
use crate::domain::failure::Failure;
use crate::domain::fault::Fault;
use crate::domain::job::{Control, JobId};
use crate::domain::name::Name;
use crate::domain::plan::Plan;
use crate::domain::time::{Moment, Stamp};

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
    /// A plan was worked out, or why there is none.
    Planned(Wish, Result<Planned, Failure>),
    /// A confirmed plan became a job, or why not.
    Submitted(Result<JobId, Failure>),
    /// Something was asked of a job, or why that cannot be.
    Controlled(JobId, Control, Result<(), Failure>),
    /// An environment is unlocked until then, or why not.
    Unlocked(Name, Result<Stamp, Failure>),
    /// The jobs that ended or were lost since this operator last looked.
    Away(Vec<Missed>),
}

/// What a routine would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The steps.
    pub plan: Arc<Plan>,
    /// Until when its environment is unlocked for this operator, if it is.
    pub unlocked: Option<Stamp>,
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
    /// Something was pointed at with the mouse; twice in a row with `true`.
    Point(Spot, bool),
    /// The mouse's wheel was turned, towards the person with `true`.
    Wheel(bool),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
}
