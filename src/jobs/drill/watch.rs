//! When a drill is aborted, judged look by look. Pure: whoever looks and waits is the step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::chaos::{Baseline, Fired};
use crate::domain::fault::Fault;
use crate::domain::name::Name;
use crate::domain::service::about;
use crate::jobs::drill::Drill;
use crate::jobs::drill::eye::{Alerts, Firing};
use crate::jobs::scenarios;

/// About how many samples consoles are told of while a drill runs.
pub const SHOWN: usize = 120;
/// How many looks in a row must miss something before it counts as lost: one may be bad luck.
const MISSES: u32 = 3;

/// What was seen at once.
pub struct Seen {
    /// How long after the fault was injected.
    pub after: Duration,
    /// What fired.
    pub alerts: Result<Alerts, Fault>,
    /// The control services that were not well.
    pub ill: Vec<Name>,
    /// The abort condition that held.
    pub condition: Option<String>,
    /// Why the end is not armed any more; none where it is.
    pub disarmed: Option<String>,
}

/// What a drill has seen so far.
pub struct Watcher<'a> {
    drill: &'a Drill,
    baseline: &'a Baseline,
    /// The alerts that only the target itself raises.
    own: &'static [&'static str],
    known: BTreeSet<String>,
    missed: BTreeMap<Name, u32>,
    blind: u32,
    /// The alerts that fired since the baseline, each once.
    pub fired: Vec<Fired>,
}

impl<'a> Watcher<'a> {
    /// Begins with what fired before.
    pub fn new(drill: &'a Drill, baseline: &'a Baseline) -> Self {
        let known = baseline.firing.iter().cloned().collect();
        let scenario = scenarios::find(&drill.scenario).ok().filter(|scenario| scenario.part != Some(Part::Follows));
        let own = scenario.map(|scenario| scenario.expects).unwrap_or_default();
        Self { drill, baseline, own, known, missed: BTreeMap::new(), blind: 0, fired: Vec::new() }
    }

    /// Takes a look, and says why the drill is to be aborted.
    pub fn take(&mut self, seen: Seen) -> Option<String> {
        let alerts = self.alerts(seen.after, seen.alerts);
        let lost = self.controls(&seen.ill);
        seen.disarmed.or(alerts).or(lost).or(seen.condition)
    }

    /// The alert among the expected ones that has fired, of all that fired.
    pub fn detected(&self) -> usize {
        self.drill.expects.iter().filter(|name| self.fired.iter().any(|fired| fired.alert == **name)).count()
    }

    fn alerts(&mut self, after: Duration, alerts: Result<Alerts, Fault>) -> Option<String> {
        let alerts = match alerts {
            Ok(alerts) => alerts,
            Err(fault) => {
                self.blind += 1;
                return (self.blind >= MISSES).then(|| format!("the alerts cannot be seen any more: {fault}"));
            }
        };
        self.blind = 0;
        let mut strange = None;
        for (key, firing) in &alerts.firing {
            if !self.known.insert(key.clone()) {
                continue;
            }
            let is_strange = self.is_strange(firing);
            // One that bears an expected name and is about something else detects nothing.
            let told = if is_strange { key } else { &firing.name };
            if !self.fired.iter().any(|fired| fired.alert == *told) {
                self.fired.push(Fired { alert: told.clone(), after });
            }
            if is_strange {
                strange.get_or_insert_with(|| format!("{key} fires, outside the blast radius"));
            }
        }
        let silent = self.baseline.deadmen.iter().find(|key| !alerts.firing.contains_key(*key));
        strange.or(silent.map(|key| format!("{key} has stopped: a dead man's alert, so nothing else can be trusted to fire")))
    }

    /// Whether nobody has named it, or it is about something outside the blast radius.
    fn is_strange(&self, firing: &Firing) -> bool {
        let (drill, name) = (self.drill, &firing.name);
        let within = drill.services.iter().filter(|service| drill.radius.contains(&service.name));
        // A primary tells of the standby that it lost, a replica of the line to its primary.
        let pair = drill.target.kin.iter().filter(|_| !self.own.contains(&name.as_str()));
        let is_named = drill.expects.contains(name) || drill.allows.contains(name);
        !is_named || about::elsewhere(&firing.labels, within.chain(pair))
    }

    fn controls(&mut self, ill: &[Name]) -> Option<String> {
        for control in &self.baseline.controls {
            let missed = self.missed.entry(control.clone()).or_default();
            *missed = if ill.contains(control) { *missed + 1 } else { 0 };
            if *missed >= MISSES {
                return Some(format!("{control} is not well, and is outside the blast radius"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
