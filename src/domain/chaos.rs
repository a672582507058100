//! Drills, in Chaos Toolkit's words: a scenario breaks something for a while; a hypothesis is the steady state expected of the rest
//! of the time; a probe measures one part of it. What a drill writes down on its way is here too. Plain values.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::name::Name;
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;

pub mod end;
pub mod gameday;
pub mod hold;
pub mod offer;
pub mod report;

/// One measurement of the steady state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What it is called in reports.
    pub name: String,
    /// What is asked.
    pub ask: Ask,
    /// What the answer must be.
    pub tolerance: Tolerance,
    /// What its numbers are, where that is known: drills of older ledgers do not say it.
    #[serde(default)]
    pub unit: Option<Unit>,
}

impl Probe {
    /// One that asks a service whether it is well: its numbers are seconds.
    pub fn service(name: &Name) -> Self {
        let ask = Ask::Service(name.clone());
        Self { name: name.to_string(), ask, tolerance: Tolerance::Well, unit: None }
    }

    /// Its name with what it must answer: `errors < 5%`, `redis answers`.
    pub fn title(&self) -> String {
        let told = |bound| self.measure().format(bound, None).to_string();
        match self.tolerance {
            Tolerance::Any => self.name.clone(),
            Tolerance::Well => format!("{} answers", self.name),
            Tolerance::Below(bound) => format!("{} < {}", self.name, told(bound)),
            Tolerance::Above(bound) => format!("{} > {}", self.name, told(bound)),
        }
    }

    /// A number as people read it.
    pub fn written(&self, value: f64) -> String {
        let is_plain = self.unit.is_none() && matches!(self.ask, Ask::Promql(_));
        self.measure().format(value, is_plain.then_some(3)).to_string()
    }

    /// What its numbers are: seconds of a service, plain numbers where nothing else is known.
    pub fn measure(&self) -> Unit {
        let plain = || Unit(if matches!(self.ask, Ask::Service(_)) { "s" } else { "short" }.to_owned());
        self.unit.clone().unwrap_or_else(plain)
    }
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// A service, in its own language: SQL, Redis's protocol, HTTP. The answer is how long that took, in seconds.
    Service(Name),
    /// Prometheus, for an expression that answers one number.
    Promql(String),
}

/// What a probe's answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// That it answers and nothing is wrong with it.
    Well,
    /// A number below this.
    Below(f64),
    /// A number above this.
    Above(f64),
    /// Anything: it is measured for the report, and part of no hypothesis.
    Any,
}

/// What a probe answered once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The number; none where there was no answer, or none that is a number.
    pub value: Option<f64>,
    /// Whether it is tolerated. What is not known is not.
    pub holds: bool,
    /// Why it is not, where that needs words.
    pub why: Option<String>,
}

impl Tolerance {
    /// A number, judged. NaN is never tolerated.
    pub fn judge(self, value: f64) -> Reading {
        let holds = match self {
            Self::Well | Self::Any => true,
            Self::Below(bound) => value < bound,
            Self::Above(bound) => value > bound,
        };
        Reading { value: value.is_finite().then_some(value), holds, why: None }
    }

    /// `< 0.05`
    pub fn words(self) -> String {
        match self {
            Self::Well => "answers".to_owned(),
            Self::Below(bound) => format!("< {bound}"),
            Self::Above(bound) => format!("> {bound}"),
            Self::Any => "any".to_owned(),
        }
    }
}

impl Reading {
    /// That there was no answer that can be judged.
    pub fn unknown(tolerance: Tolerance, why: impl Into<String>) -> Self {
        Self { value: None, holds: tolerance == Tolerance::Any, why: Some(why.into()) }
    }
}

/// The steady state before a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// When it was measured.
    pub at: Stamp,
    /// One reading of each probe of the hypothesis.
    pub readings: Vec<Reading>,
    /// The alerts that fired already, by name and labels.
    pub firing: Vec<String>,
    /// Those among them that always fire, and say something only by stopping.
    pub deadmen: Vec<String>,
    /// The services outside the blast radius that were well: the drill is aborted when one is lost.
    pub controls: Vec<Name>,
}

/// What was seen at one moment of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// How long after the fault was injected.
    pub after: Duration,
    /// One reading of each probe.
    pub readings: Vec<Reading>,
}

impl Sample {
    /// No more of them than `most`, evenly and with the last among them: for whoever looks on once a second.
    pub fn thinned(samples: &[Self], most: usize) -> Vec<Self> {
        let every = samples.len().div_ceil(most.max(1)).max(1);
        samples.iter().rev().step_by(every).rev().cloned().collect()
    }
}

/// An alert that fired during a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Its name.
    pub alert: String,
    /// How long after the fault was injected it was first seen to fire.
    pub after: Duration,
}

/// What was seen while a fault was on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// How long it was on, as far as this was watched.
    pub lasted: Duration,
    /// In the order of time.
    pub samples: Vec<Sample>,
    /// Alerts that fired and did not before, each when it was first seen.
    pub fired: Vec<Fired>,
    /// Why it was ended before its time.
    pub aborted: Option<String>,
}

/// When a fault was injected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Injected {
    /// The wall clock then.
    pub at: Stamp,
}

/// How the steady state came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// How long after the end of the fault; none where it did not come back while it was waited for.
    pub after: Option<Duration>,
    /// How long it was waited for.
    pub waited: Duration,
    /// The last reading of each probe.
    pub readings: Vec<Reading>,
    /// What was seen on the way.
    pub samples: Vec<Sample>,
    /// Alerts that fired only then.
    pub fired: Vec<Fired>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_thinned_keeps_its_last_and_is_no_longer_than_wished() {
        let sample = |n| Sample { after: Duration::from_secs(n), readings: vec![] };
        let samples: Vec<Sample> = (0..601).map(sample).collect();
        for most in [1, 7, 120, 601, 9000] {
            let thinned = Sample::thinned(&samples, most);
            assert!(thinned.len() <= most.min(samples.len()) && thinned.last() == samples.last(), "{most}: {}", thinned.len());
            assert!(thinned.is_sorted_by_key(|sample| sample.after));
        }
        assert_eq!(Sample::thinned(&samples, 601), samples);
        assert_eq!(Sample::thinned(&[], 5), []);
    }

    #[test]
    fn rule_02_what_is_no_number_is_tolerated_by_nobody() {
        for tolerance in [Tolerance::Below(5.0), Tolerance::Above(-5.0)] {
            assert!(tolerance.judge(0.0).holds, "{tolerance:?}");
            assert!(!tolerance.judge(f64::NAN).holds, "{tolerance:?}");
        }
        assert!(!Reading::unknown(Tolerance::Well, "no answer").holds);
        assert!(!Tolerance::Below(5.0).judge(5.0).holds);
        assert!(!Tolerance::Above(5.0).judge(5.0).holds);
    }
}
