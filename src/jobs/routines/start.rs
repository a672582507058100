//! `start`: starts what does not run of a service, and waits until it is healthy. A server from which another has taken over is
//! refused: two would take writes.

use crate::domain::control::Phase;
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::control::{INSTANCE, SERVICE, Survey, undoable};
use crate::jobs::target::{RECOVERY, Target};
use crate::ports::Promise;

/// The routine.
pub const START: &Routine = &Routine {
    name: "start",
    help: "Start what does not run of a service, and wait until it is healthy",
    params: &[
        SERVICE,
        INSTANCE,
        Param {
            name: "follows",
            help: "Its configuration has it follow the server that took over from it; stopped again where it does not",
            form: Form::Flag,
        },
    ],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let (survey, follows) = (Survey::of(ask, "start").await?, ask.given.has("follows"));
        if survey.count(|phase| phase == Phase::Paused) > 0 {
            let name = &survey.service.name;
            return Err(survey.refuse("start").mend(format!("midwatch unpause {name} lets it go on")));
        }
        let meant = survey.meant();
        if !meant.is_empty() && meant.iter().all(|one| one.phase.is_up()) {
            return Err(survey.refuse("start"));
        }
        let target = &survey.target;
        let start = if follows {
            Target { kin: Vec::new(), ..target.clone() }.start(StepId(0))
        } else {
            survey.must_have_no_heir().await?;
            target.start(StepId(0))
        };
        let mut steps = vec![undoable(start)];
        steps.extend(survey.sole(follows).await);
        steps.push(target.healthy(StepId(0), RECOVERY));
        let missing = survey.service.depends_on.iter().map(|name| format!("it cannot do without {name}")).collect();
        Ok(survey.plan(missing, steps))
    })
}
