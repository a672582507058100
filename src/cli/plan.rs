//! A plan as the shell prints it.

use std::fmt::Write as _;

use crate::domain::clean::Clean;
use crate::domain::plan::{Plan, Revert, StepSpec};
use crate::domain::time::human;

/// For people: what, on what, and every step.
pub fn text(plan: &Plan) -> String {
    let mut text = format!("{} in {}\n", Clean::new(&plan.call.join(" ")), plan.environment);
    let _ = writeln!(text, "  target  {}: {}", plan.target.name, Clean::new(&plan.target.words));
    for note in &plan.notes {
        let _ = writeln!(text, "  note    {}", Clean::new(note));
    }
    for step in &plan.steps {
        let _ = writeln!(text, "  {:>2}. {}{}", step.id, Clean::new(&step.title), limits(step));
    }
    text
}

fn limits(step: &StepSpec) -> String {
    let undo = match step.revert {
        Revert::Never => "",
        Revert::OnFailure => ", undone if the job fails",
        Revert::Always => ", undone at the end",
        Revert::UntilReleased => ", can be undone until released",
    };
    format!(" (within {}{undo})", human(step.deadline))
}
