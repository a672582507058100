//! Drills that have ended, and how a scenario's times have changed from drill to drill.

use std::sync::Arc;
use std::time::Duration;

use crate::app::model::Shared;
use crate::app::screens::chaos::{known, target};
use crate::app::screens::services::rows::passes;
use crate::domain::chaos::report::{Drilled, Report};
use crate::domain::job::{JobId, State};

/// The drills that have ended and pass a filter, by what their rows say: the newest first.
pub fn listed<'a>(shared: &'a Shared, filter: &str) -> Vec<&'a Drilled> {
    let ended = known(shared).iter().map(Arc::as_ref).filter(|drill| matches!(drill.state, State::Ended(_)));
    let told = |drill: &Drilled| drill.report.findings().into_iter().next().unwrap_or_else(|| "none".to_owned());
    let texts = |drill: &Drilled| [drill.report.scenario.clone(), target(shared, drill), told(drill)];
    ended.filter(|drill| passes(filter, &texts(drill).each_ref().map(String::as_str))).collect()
}

/// What identifies them, in their order.
pub fn ids(shared: &Shared, filter: &str) -> Vec<JobId> {
    listed(shared, filter).into_iter().map(|drill| drill.job).collect()
}

/// One time of every drill of a scenario on a target, the oldest first; none where it was not measured.
pub fn trend(shared: &Shared, of: &Drilled, time: fn(&Report) -> Option<Duration>) -> Vec<Option<Duration>> {
    let what = |drill: &Drilled| (drill.environment.clone(), drill.report.scenario.clone(), drill.report.target.clone());
    let drills = listed(shared, "").into_iter().rev();
    let alike = drills.filter(|drill| what(drill) == what(of)).map(|drill| &drill.report);
    // One that never began has measured nothing.
    alike.filter(|report| report.injected.is_some()).map(time).collect()
}
