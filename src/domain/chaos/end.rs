//! The end of a fault, armed before the fault is injected: what undoes it, and until when at the latest. Kept in a file of its own,
//! so that whoever finds it can perform it: the watchdog that was started for it, or the next midwatch.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::job::JobId;
use crate::domain::plan::{Plan, StepSpec};
use crate::domain::time::Stamp;

/// The version of the records that this midwatch writes; one of a later midwatch is shown, never performed.
pub const VERSION: u32 = 1;

/// A moment on the clock that nobody can set: of one boot, and going on while the host sleeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The boot that it is of. After another one it has passed.
    pub boot: String,
    /// Since that boot.
    pub at: Duration,
}

impl Deadline {
    /// How long until then; nothing where it has passed.
    pub fn left(&self, boot: &str, now: Duration) -> Duration {
        if self.boot == boot { self.at.saturating_sub(now) } else { Duration::ZERO }
    }
}

/// A fault's end: what undoes it, worked out from the state before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undoing {
    /// The drill.
    pub job: JobId,
    /// What was confirmed.
    pub plan: Plan,
    /// Who asked for it.
    pub operator: String,
    /// On which host.
    pub host: String,
    /// In the order they are performed; each is idempotent and verifies what it did.
    pub steps: Vec<StepSpec>,
}

/// An end that was armed, as it lies in its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// What undoes the fault.
    pub undoing: Undoing,
    /// The files of the configuration that it was armed with.
    pub files: Vec<PathBuf>,
    /// When it is performed at the latest.
    pub deadline: Deadline,
    /// The same on the wall clock, for people.
    pub due: Stamp,
    /// The unit of systemd's that performs it where even the watchdog is killed; none where there is no systemd.
    #[serde(default)]
    pub timer: Option<String>,
    /// Whether a watchdog has been ready to perform it: only then may the fault be injected.
    pub armed: bool,
    /// Whether performing it has begun: from then on nothing is injected any more.
    pub ending: bool,
    /// How often it was tried and did not work.
    pub tries: u32,
    /// What was left at the last try that did not work.
    pub trouble: Option<String>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How a fault ended: everything was undone, and that was verified; or it was [accepted](Why::Accepted) as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// When undoing it began.
    pub at: Stamp,
    /// How long that took.
    pub took: Duration,
    /// Why then: its time was over, it was asked for, its worker was gone.
    pub why: Why,
}

/// Why a fault ended when it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its drill asked for it.
    Asked,
    /// Its time was over.
    Due,
    /// Nobody carried the drill out any more.
    Deserted,
    /// The watchdog was told to end.
    Told,
    /// It was tried in vain, and somebody has taken on themselves what is left.
    Accepted,
}

impl Ended {
    /// Whether everything was undone.
    pub fn is_verified(&self) -> bool {
        self.why != Why::Accepted
    }
}

impl Why {
    /// For people, after "it was ended: ".
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "the drill asked for it",
            Self::Due => "its time was over",
            Self::Deserted => "the drill's worker was gone",
            Self::Told => "the watchdog was told to end",
            Self::Accepted => "what is left was accepted",
        }
    }
}

/// A fault's end, as one finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What was armed.
    pub record: Record,
    /// Whether somebody waits to perform it.
    pub watched: bool,
    /// The last words of whoever waited, or should have, where nobody does.
    pub words: Option<String>,
}

/// How a fault's end that is still to be performed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// Nobody is ready to perform it yet, and nothing was injected.
    Arming,
    /// Somebody waits for its time.
    Armed,
    /// It is being performed.
    Ending,
    /// It was tried so often, and something was left each time; it is tried again and again.
    Failing(u32, &'a str),
    /// Nobody waits, and the fault may be on.
    Deserted,
}

impl Found {
    /// Whether it is still to be performed.
    pub fn is_open(&self) -> bool {
        self.record.ended.is_none()
    }

    /// How one stands that is.
    pub fn stage(&self) -> Stage<'_> {
        let record = &self.record;
        match &record.trouble {
            Some(trouble) => Stage::Failing(record.tries, trouble),
            None if record.ending && self.watched => Stage::Ending,
            None if !self.watched && record.armed => Stage::Deserted,
            None if record.armed => Stage::Armed,
            None => Stage::Arming,
        }
    }
}

/// Where an end stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// There is none.
    Unarmed,
    /// A watchdog waits, for so long.
    Armed(Duration),
    /// Nobody waits, and the fault may be on.
    Deserted(Box<Record>),
    /// It was performed.
    Ended(Ended),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn open(armed: bool, ending: bool, tries: u32, watched: bool) -> Found {
        let record = json!({
            "version": VERSION, "files": [], "deadline": { "boot": "a", "at": { "secs": 0, "nanos": 0 } }, "due": 0,
            "armed": armed, "ending": ending, "tries": tries, "trouble": (tries > 0).then_some("it is still paused"), "ended": null,
            "undoing": { "job": 7, "operator": "ada", "host": "here", "steps": [], "plan": {
                "version": 1, "call": [], "environment": "demo", "guard": "open", "notes": [], "steps": [],
                "target": { "name": "postgres", "keys": [], "words": "" },
            } },
        });
        Found { record: serde_json::from_value(record).unwrap(), watched, words: None }
    }

    #[test]
    fn rule_19_an_end_that_was_tried_in_vain_is_told_before_all_else() {
        assert_eq!(open(true, true, 3, true).stage(), Stage::Failing(3, "it is still paused"));
        assert_eq!(open(true, true, 3, false).stage(), Stage::Failing(3, "it is still paused"));
        assert_eq!(open(true, true, 0, false).stage(), Stage::Deserted);
        assert_eq!(open(true, true, 0, true).stage(), Stage::Ending);
        assert_eq!(open(true, false, 0, false).stage(), Stage::Deserted);
        assert_eq!(open(true, false, 0, true).stage(), Stage::Armed);
        assert_eq!(open(false, false, 0, true).stage(), Stage::Arming);
    }

    #[test]
    fn rule_19_a_deadline_of_another_boot_has_passed() {
        let deadline = Deadline { boot: "a".to_owned(), at: Duration::from_secs(60) };
        assert_eq!(deadline.left("a", Duration::from_secs(50)), Duration::from_secs(10));
        assert_eq!(deadline.left("a", Duration::from_secs(70)), Duration::ZERO);
        assert_eq!(deadline.left("b", Duration::from_secs(1)), Duration::ZERO);
    }
}
