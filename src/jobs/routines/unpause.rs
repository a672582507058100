//! `unpause`: lets a paused service go on, and waits until it is healthy.

use crate::domain::control::Phase;
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Routine};
use crate::jobs::routines::control::{INSTANCE, SERVICE, Survey, undoable};
use crate::jobs::target::RECOVERY;
use crate::ports::Promise;

/// The routine.
pub const UNPAUSE: &Routine = &Routine {
    name: "unpause",
    help: "Let a paused service go on, and wait until it is healthy",
    params: &[SERVICE, INSTANCE],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let survey = Survey::of(ask, "unpause").await?;
        if survey.count(|phase| phase == Phase::Paused) == 0 {
            return Err(survey.refuse("let go on"));
        }
        survey.must_have_no_heir().await?;
        let target = &survey.target;
        let steps = vec![undoable(target.unpause(StepId(1))), target.healthy(StepId(2), RECOVERY)];
        let notes = vec!["what waited for it goes on at once; clients that have given up come back when they may".to_owned()];
        Ok(survey.plan(notes, steps))
    })
}
