//! A `GameDay`: drills in their order, with pauses between them, as a team has written them down; and what came of them. Plain values.

use std::time::Duration;

use crate::domain::chaos::report::Report;
use crate::domain::job::JobId;

/// Drills in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GameDay {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Whether it goes on after a drill that was refused, aborted, or did not end as it should.
    pub goes_on: bool,
    /// Its drills.
    pub turns: Vec<Turn>,
}

/// A file that holds one, or why it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// Its path.
    pub file: String,
    /// What it holds, or all that is wrong with it.
    pub day: Result<GameDay, String>,
}

/// One drill of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// The scenario.
    pub scenario: String,
    /// What else the drill is given: each parameter with its value.
    pub given: Vec<(String, String)>,
    /// How long nothing is done before it.
    pub pause: Duration,
    /// What the team wants to see.
    pub why: Option<String>,
}

impl Turn {
    /// The words it is asked by: `["drill", "redis-down", "--target", "redis"]`.
    pub fn call(&self) -> Vec<String> {
        let given = self.given.iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]);
        ["drill".to_owned(), self.scenario.clone()].into_iter().chain(given).collect()
    }
}

/// What came of one drill.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// The drill.
    pub turn: Turn,
    /// How it went.
    pub verdict: Verdict,
}

/// How a drill of a `GameDay` went.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was run.
    Ran(Box<Ran>),
    /// It may not be run, or nobody confirmed it.
    Refused(String),
    /// The `GameDay` had stopped before.
    NotReached,
}

/// A drill that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// Its job.
    pub job: JobId,
    /// What it has shown.
    pub report: Report,
    /// The age of the target's last proved backup before it, and its RPO; none where it has no RPO.
    pub kept: Option<Kept>,
    /// The same drill before, the oldest first.
    pub earlier: Vec<Times>,
}

/// What could have been lost, against what may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    /// The age of the last proved backup; none where there is no such backup.
    pub age: Option<Duration>,
    /// The RPO.
    pub rpo: Duration,
}

/// The two times that a drill is run for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// From the fault to the first of the expected alerts.
    pub detected: Option<Duration>,
    /// From the end of the fault to the steady state.
    pub recovered: Option<Duration>,
}

impl Times {
    /// Those of a report.
    pub fn of(report: &Report) -> Self {
        Self { detected: report.detected(), recovered: report.back() }
    }
}

impl Kept {
    /// Whether no more could have been lost than may be.
    pub fn holds(&self) -> bool {
        self.age.is_some_and(|age| age <= self.rpo)
    }
}

impl Verdict {
    /// Whether the drill was run and has shown what was hoped for.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Ran(ran) if ran.report.findings().is_empty())
    }

    /// Whether a `GameDay` goes on after it all the same. An alert that did not fire is a finding, and no reason to stop.
    pub fn lets_go_on(&self) -> bool {
        match self {
            Self::Ran(ran) => {
                let is_whole = ran.report.watched.as_ref().is_some_and(|watched| watched.aborted.is_none());
                is_whole && ran.report.ended.is_some() && ran.report.recovered.as_ref().is_some_and(|one| one.after.is_some())
            }
            Self::Refused(_) | Self::NotReached => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_asked_by_the_words_of_its_routine() {
        let given = vec![("target".to_owned(), "redis".to_owned()), ("expect".to_owned(), ",".to_owned())];
        let turn = Turn { scenario: "redis-down".to_owned(), given, ..Turn::default() };
        assert_eq!(turn.call().join(" "), "drill redis-down --target redis --expect ,");
    }

    #[test]
    fn rule_02_a_backup_that_is_not_there_keeps_no_rpo() {
        let hour = Duration::from_secs(3600);
        assert!(Kept { age: Some(hour), rpo: hour }.holds());
        assert!(!Kept { age: Some(hour * 2), rpo: hour }.holds());
        assert!(!Kept { age: None, rpo: hour }.holds());
    }
}
