//! `stop`: asks a service to end, and makes sure that nothing answers any more.

use crate::domain::control::Phase;
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Routine};
use crate::jobs::routines::control::{Blow, FORCE, INSTANCE, SERVICE, Survey, undoable};
use crate::ports::Promise;

/// The routine.
pub const STOP: &Routine = &Routine {
    name: "stop",
    help: "Stop a service, and make sure that nothing answers any more",
    params: &[SERVICE, INSTANCE, FORCE],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let (survey, force) = (Survey::of(ask, "stop").await?, ask.given.has("force"));
        if survey.count(|phase| phase.is_up() || phase == Phase::Restarting) == 0 {
            return Err(survey.refuse("stop"));
        }
        let mut notes = survey.price(Blow::Stop);
        notes.push(survey.manner(force));
        notes.push("an undo starts it again".to_owned());
        let step = undoable(survey.target.stop(StepId(1), force));
        Ok(survey.plan(notes, vec![step]))
    })
}
