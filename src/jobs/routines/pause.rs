//! `pause`: stops a service in its tracks; it holds everything and does nothing until it is let go on.

use crate::domain::control::Phase;
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Routine};
use crate::jobs::routines::control::{Blow, INSTANCE, SERVICE, Survey, undoable};
use crate::ports::Promise;

/// The routine.
pub const PAUSE: &Routine = &Routine {
    name: "pause",
    help: "Stop a service in its tracks: it holds everything and does nothing",
    params: &[SERVICE, INSTANCE],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let survey = Survey::of(ask, "pause").await?;
        if survey.count(|phase| phase == Phase::Running) == 0 {
            return Err(survey.refuse("pause"));
        }
        let mut notes = survey.price(Blow::Pause);
        notes.push(format!("it stays so until somebody says midwatch unpause {}, or undoes this job", survey.service.name));
        let step = undoable(survey.target.pause(StepId(1)));
        Ok(survey.plan(notes, vec![step]))
    })
}
