//! What `midwatch check` finds out about what holds a service up.

use crate::adapters::control;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::control::{Condition, ControlSpec, Phase};
use crate::runtime::check::{Finding, Subject};

/// Asks it how its service is.
pub(super) async fn check(subject: Subject, spec: &ControlSpec) -> Vec<Finding> {
    let asked = async { control::open(spec, &Surroundings::inherited())?.condition().await };
    match asked.await {
        Ok(condition) => vec![found(&subject, spec, &condition)],
        Err(failure) => vec![subject.missing(format!("{spec}: {}", failure.what), failure.mend.unwrap_or_default())],
    }
}

fn found(subject: &Subject, spec: &ControlSpec, condition: &Condition) -> Finding {
    let all = condition.instances.iter().filter(|one| one.phase != Phase::Absent).count();
    match (condition.running(), all) {
        (0, 0) => subject.missing(format!("{spec} knows of nothing"), "look whether the name is right, and on which host it is"),
        (running, all) if running < all => {
            let down = condition.instances.iter().find(|one| one.phase != Phase::Running);
            let down = down.map(|one| format!(": {} is {}", one.name, one.phase.word())).unwrap_or_default();
            subject.note(format!("{spec}  {running} of {all} run{down}"), "midwatch services tells more")
        }
        (running, _) => subject.good(format!("{spec}  {running} run")),
    }
}
