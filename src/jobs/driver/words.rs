//! What is written into a job's log when something happens to it.

use crate::domain::job::{Control, Event, Outcome};
use crate::domain::plan::{Plan, Revert, StepId};

/// One line, without its end.
pub(super) fn line(plan: &Plan, event: &Event) -> String {
    let named = |step: &StepId| {
        let spec = plan.steps.iter().find(|spec| spec.id == *step);
        spec.map_or_else(|| format!("step {step}"), |spec| format!("step {step}, {}", spec.title))
    };
    let always = |step: &StepId| plan.steps.iter().any(|spec| spec.id == *step && spec.revert == Revert::Always);
    match event {
        Event::Taken { pid } => format!("taken by process {pid}"),
        Event::Prepared { step, undo } if undo.is_empty() => format!("{}: nothing to undo it with", named(step)),
        Event::Prepared { step, undo } => {
            let titles: Vec<&str> = undo.iter().map(|spec| spec.title.as_str()).collect();
            format!("{}: would be undone by: {}", named(step), titles.join("; "))
        }
        Event::Intended { step } => format!("{}: begins", named(step)),
        Event::Done { step, .. } => format!("{}: done", named(step)),
        Event::Failed { step, failure } => format!("{}: failed: {failure}", named(step)),
        Event::Absent { step } => format!("{}: was probed, and has had no effect", named(step)),
        Event::Unknown { step, words } => format!("{}: was probed, and nobody can say: {words}", named(step)),
        // What is undone at every end was often undone by a step of its own before: then nothing happens any more.
        Event::UndoIntended { step } if always(step) => format!("{}: making sure that nothing of it is left", named(step)),
        Event::Undone { step } if always(step) => format!("{}: nothing of it is left", named(step)),
        Event::UndoIntended { step } => format!("{}: is being undone", named(step)),
        Event::Undone { step } => format!("{}: undone", named(step)),
        Event::UndoFailed { step, failure } => format!("{}: could not be undone: {failure}", named(step)),
        Event::Asked { control, operator } => format!("{operator} {}", asked(*control)),
        Event::Finished { outcome } => format!("the job has ended: {}", ended(*outcome)),
    }
}

fn asked(control: Control) -> &'static str {
    match control {
        Control::Cancel => "cancels it",
        Control::Resume => "resumes it",
        Control::Undo => "asks to undo it",
    }
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
        Outcome::Stuck => "stuck: somebody must look",
    }
}
