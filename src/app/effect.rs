//! What the core asks of the shell. Data is not among it: that is asked for by needs alone.

use std::sync::Arc;

use crate::app::need::Epoch;
use crate::domain::job::{Control, JobId};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Hand the terminal back to the shell until it calls again.
    Suspend,
    /// Draw everything anew: something else wrote on the terminal.
    Redraw,
    /// Ask for everything now.
    Refresh,
    /// Put text on the clipboard of the person's own terminal.
    Copy(String),
    /// Call for the person, in these words: an alert has begun to fire.
    Ring(String),
    /// Work out what a routine would do in the environment that is open: [`Message::Planned`](crate::app::message::Message).
    Plan(Wish),
    /// Make a confirmed plan a job: [`Message::Submitted`](crate::app::message::Message).
    Submit(Arc<Plan>, Confirmation),
    /// Ask something of a job: [`Message::Controlled`](crate::app::message::Message).
    Control(JobId, Control),
    /// Unlock a strict environment for a while, on record: [`Message::Unlocked`](crate::app::message::Message).
    Unlock(Name),
}

/// A routine that is wanted, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which visit of which environment.
    pub env: Epoch,
    /// The routine and what it is given, as on a command line: `["backup", "shop-db"]`.
    pub call: Vec<String>,
}
