//! Chaos Toolkit's experiments, read and written. Pure: a file is judged here, never run.
//!
//! An action is ours where a scenario does the same with its end armed; what is not is [left out](LeftOut), with the reason. Rollbacks
//! are not needed: the end of a fault does not depend on somebody who might be gone.

use serde_json::Value;

use crate::domain::chaos::gameday::{GameDay, Turn};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::spec::ServiceSpec;

mod action;
mod measure;
mod provider;
#[cfg(test)]
mod tests;
pub mod write;

/// What an experiment comes to here.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What is run.
    pub day: GameDay,
    /// What is shown, and not run or measured.
    pub left_out: Vec<LeftOut>,
}

/// What nothing here does with its end armed, or measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name in the experiment.
    pub name: String,
    /// Why.
    pub why: String,
}

/// Reads one. Refused where none of its actions is ours.
pub fn read(told: &str, text: &str, environment: &str, services: &[ServiceSpec]) -> Result<Experiment, Failure> {
    let wrong = |what: String| Failure::new(FailureKind::Usage, format!("{told}: {what}"));
    let file: Value = serde_json::from_str(text)
        .map_err(|e| Failure::new(FailureKind::Usage, format!("{told}:{}:{}: {e}", e.line(), e.column())))?;
    let title = file["title"]
        .as_str()
        .ok_or_else(|| wrong("it has no \"title\": this is no experiment of Chaos Toolkit's".to_owned()))?;
    let method = file["method"].as_array().ok_or_else(|| wrong("its \"method\" must be an array".to_owned()))?;
    let file = provider::substituted(&file);
    let (hypothesis, mut left_out) = measure::hypothesis(&file["steady-state-hypothesis"], services);
    let mut turns = Vec::new();
    let mut rest = std::time::Duration::ZERO;
    for (nth, activity) in file["method"].as_array().unwrap_or(method).iter().enumerate() {
        let pause = action::pause(activity, "before") + std::mem::take(&mut rest);
        match action::turn(activity, environment, services) {
            Ok(turn) => {
                let given = with_hypothesis(turn.given, &hypothesis);
                turns.push(Turn { given, pause, ..turn });
            }
            Err(why) => {
                let name = activity["name"].as_str().or(activity["ref"].as_str());
                left_out.push(LeftOut { name: name.map_or_else(|| format!("method[{nth}]"), str::to_owned), why });
                rest = pause;
            }
        }
    }
    let day = GameDay { name: title.to_owned(), about: file["description"].as_str().map(str::to_owned), goes_on: false, turns };
    if day.turns.is_empty() {
        let reasons: Vec<String> = left_out.iter().map(|one| format!("{}: {}", one.name, one.why)).collect();
        let what = format!("{told}: nothing of it can be run with its end armed ({})", reasons.join("; "));
        return Err(Failure::refused(what).mend("midwatch chaos list tells what can be broken"));
    }
    Ok(Experiment { day, left_out })
}

fn with_hypothesis(mut given: Vec<(String, String)>, more: &[String]) -> Vec<(String, String)> {
    let known = given.iter().any(|(name, _)| name == "hypothesis");
    if !known && !more.is_empty() {
        given.push(("hypothesis".to_owned(), more.join("; ")));
    }
    given
}
