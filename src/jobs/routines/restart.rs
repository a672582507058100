//! `restart`: stops a service and starts it again, and waits until it is healthy. One that is well and has several instances is
//! restarted one by one, so that it serves all the while.

use crate::domain::control::Phase;
use crate::domain::plan::{Plan, Revert, StepId, StepSpec};
use crate::jobs::routine::{Ask, Routine};
use crate::jobs::routines::control::{Blow, FORCE, INSTANCE, SERVICE, Survey};
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;

/// The routine.
pub const RESTART: &Routine = &Routine {
    name: "restart",
    help: "Restart a service, a healthy one instance by instance, and wait until it is healthy",
    params: &[SERVICE, INSTANCE, FORCE],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let (survey, force) = (Survey::of(ask, "restart").await?, ask.given.has("force"));
        let target = &survey.target;
        let up: Vec<&str> = survey.meant().iter().filter(|one| is_up(one.phase)).map(|one| one.name.as_str()).collect();
        survey.must_have_no_heir().await?;
        if up.is_empty() {
            let notes = vec!["it does not run: it is only started".to_owned()];
            let mut steps = vec![target.start(StepId(0))];
            steps.extend(survey.sole(false).await);
            steps.push(target.healthy(StepId(0), RECOVERY));
            return Ok(survey.plan(notes, steps));
        }
        let mut notes = Vec::new();
        let steps = if up.len() > 1 && survey.is_well() {
            notes.push(format!("its {} instances are restarted one by one, each when the one before is healthy", up.len()));
            up.iter().flat_map(|name| round(&target.only(name), force)).collect()
        } else {
            notes.extend(survey.price(Blow::Stop));
            round(target, force).collect::<Vec<_>>()
        };
        notes.push(survey.manner(force));
        notes.push("whatever happens on the way, what ran is started again".to_owned());
        Ok(survey.plan(notes, steps))
    })
}

fn is_up(phase: Phase) -> bool {
    phase.is_up() || phase == Phase::Restarting
}

/// Down, up, and well again. That it comes up again is owed at any end, whoever is awake then.
fn round(target: &Target, force: bool) -> impl Iterator<Item = StepSpec> + use<> {
    let id = StepId(0);
    let stop = StepSpec { revert: Revert::Always, ..target.stop(id, force) };
    [stop, target.start(id), target.healthy(id, RECOVERY)].into_iter()
}
