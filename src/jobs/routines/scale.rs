//! `scale`: makes a service so many instances.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{Plan, StepId};
use crate::jobs::routine::{Ask, Form, Param, Routine};
use crate::jobs::routines::control::{Blow, SERVICE, Survey, undoable};
use crate::jobs::steps::scale::up;
use crate::jobs::target::RECOVERY;
use crate::ports::Promise;

/// The most instances that are made: a slip of the finger is no capacity.
const MOST: u16 = 64;

/// The routine.
pub const SCALE: &Routine = &Routine {
    name: "scale",
    help: "Make a service so many instances; the highest numbers go first and come last",
    params: &[SERVICE, Param { name: "number", help: "How many, 0 to 64", form: Form::Positional }],
    plan,
};

fn plan<'a>(ask: &'a Ask<'a>) -> Promise<'a, Plan> {
    Box::pin(async move {
        let to = number(ask.given.need("scale", "number")?)?;
        let survey = Survey::of(ask, "scale").await?;
        let spec = survey.service.controlled(&ask.site.environment)?;
        if !spec.is_many() {
            let what = format!("{} is one ({spec}): it cannot be made more or less", survey.service.name);
            let mend = "a pattern with {n} stands for several: control = { systemd = \"worker@{n}\" }";
            return Err(Failure::refused(what).mend(mend));
        }
        let now = up(&survey.condition);
        if now == to {
            return Err(Failure::refused(format!("{} is {to} already", survey.service.name)));
        }
        let mut notes = vec![format!("from {now} to {to}; an undo goes back to {now}")];
        if to == 0 {
            notes.extend(survey.price(Blow::Stop));
        }
        let target = &survey.target;
        let healthy = (to > 0).then(|| target.healthy(StepId(2), RECOVERY));
        let steps = std::iter::once(undoable(target.scale(StepId(1), to))).chain(healthy).collect();
        Ok(survey.plan(notes, steps))
    })
}

fn number(word: &str) -> Result<u16, Failure> {
    let wrong = || Failure::new(FailureKind::Usage, format!("{word:?} is no number of instances: 0 to {MOST}"));
    word.parse().ok().filter(|number| *number <= MOST).ok_or_else(wrong)
}
