//! Nothing is destroyed by a single key: a plan is shown whole, and then confirmed as its environment's guard wants it.
//!
//! The screen only asks. The worker judges again (rule 13), so what is typed here travels with the plan.

use std::sync::Arc;

use crokey::crossterm::event::KeyCode;

use crate::app::effect::{Effect, Wish};
use crate::app::key::Key;
use crate::app::line::Line;
use crate::app::message::Planned;
use crate::app::model::{Model, Shared};
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::screens::chaos::Tab;
use crate::domain::failure::Failure;
use crate::domain::guard::Guard;
use crate::domain::job::{Control, JobId};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Plan};
use crate::domain::time::Stamp;

/// Something that is about to be changed, as it lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// What is asked for.
    pub subject: Subject,
    /// How far it is.
    pub stage: Stage,
    /// What is typed.
    pub line: Line,
    /// What was wrong with what was typed last.
    pub wrong: Option<String>,
    /// How many lines of the plan are scrolled past.
    pub scroll: usize,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A new job.
    Plan(Wish),
    /// Something of a job that exists.
    Control(JobId, Control),
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// The plan is being worked out.
    Planning,
    /// There is no plan, or it was not taken.
    Failed(Failure),
    /// It is shown, and may be confirmed.
    Ready(Arc<Plan>),
    /// It was confirmed, and is not a job yet.
    Sent(Arc<Plan>),
}

/// What stands between a plan and its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// One key.
    Key,
    /// The target's name.
    Target(Name),
    /// The environment's name, which unlocks it for a while; the target's name comes after.
    Environment(Name),
    /// Nothing opens it.
    Closed,
}

impl Confirm {
    /// Asks for a plan.
    pub fn plan(wish: Wish) -> Self {
        Self::new(Subject::Plan(wish), Stage::Planning)
    }

    /// Asks something of a job.
    pub fn control(job: JobId, control: Control, plan: Arc<Plan>) -> Self {
        Self::new(Subject::Control(job, control), Stage::Ready(plan))
    }

    fn new(subject: Subject, stage: Stage) -> Self {
        Self { subject, stage, line: Line::default(), wrong: None, scroll: 0 }
    }

    /// What opens it now. To stop a job or to let it go on asks for less than to undo it: both were confirmed when it began.
    pub fn gate(&self, shared: &Shared) -> Option<Gate> {
        let Stage::Ready(plan) = &self.stage else { return None };
        Some(match self.subject {
            Subject::Control(_, Control::Cancel | Control::Resume) => Gate::Key,
            Subject::Control(_, Control::Undo) | Subject::Plan(_) => gate(shared, plan),
        })
    }
}

/// The stricter of the guard that the plan was made under and the one that holds now.
fn gate(shared: &Shared, plan: &Plan) -> Gate {
    let here = shared.setup.environments.iter().find(|env| env.name == plan.environment).map(|env| env.guard);
    match here.map_or(plan.guard, |here| here.max(plan.guard)) {
        Guard::Open => Gate::Key,
        Guard::Strict if shared.unlocked(&plan.environment).is_none() => Gate::Environment(plan.environment.clone()),
        Guard::Confirm | Guard::Strict => Gate::Target(plan.target.name.clone()),
        Guard::ReadOnly => Gate::Closed,
    }
}

/// Takes a key while it lies over the screen. Only Enter goes on, and only through the gate.
pub fn press(model: &mut Model, mut confirm: Confirm, key: Key) -> Vec<Effect> {
    let typing = matches!(confirm.gate(&model.shared), Some(Gate::Target(_) | Gate::Environment(_)));
    match key.code() {
        KeyCode::Esc => return vec![],
        KeyCode::Char('c') if key.ctrl() => return vec![],
        KeyCode::Enter => return enter(model, confirm),
        KeyCode::Down => confirm.scroll += 1,
        KeyCode::Up => confirm.scroll = confirm.scroll.saturating_sub(1),
        KeyCode::PageDown => confirm.scroll += 10,
        KeyCode::PageUp => confirm.scroll = confirm.scroll.saturating_sub(10),
        KeyCode::Char('j') if !typing => confirm.scroll += 1,
        KeyCode::Char('k') if !typing => confirm.scroll = confirm.scroll.saturating_sub(1),
        _ if typing && confirm.line.press(key) => confirm.wrong = None,
        _ => {}
    }
    keep(model, confirm)
}

fn keep(model: &mut Model, confirm: Confirm) -> Vec<Effect> {
    model.popup = Some(Popup::Confirm(confirm));
    vec![]
}

fn enter(model: &mut Model, mut confirm: Confirm) -> Vec<Effect> {
    if matches!(confirm.stage, Stage::Failed(_)) {
        return vec![];
    }
    match confirm.gate(&model.shared) {
        Some(Gate::Key) => confirmed(model, confirm, None),
        Some(Gate::Target(name)) if typed(&mut confirm, &name) => confirmed(model, confirm, Some(name.to_string())),
        None | Some(Gate::Closed | Gate::Target(_)) => keep(model, confirm),
        Some(Gate::Environment(name)) => {
            let unlocks = typed(&mut confirm, &name);
            model.popup = Some(Popup::Confirm(confirm));
            if unlocks { vec![Effect::Unlock(name)] } else { vec![] }
        }
    }
}

/// Whether the name was typed; what was typed instead stays, to be mended.
fn typed(confirm: &mut Confirm, name: &Name) -> bool {
    let text = confirm.line.text().trim();
    let right = text == name.as_str();
    confirm.wrong = match text {
        _ if right => None,
        "" => Some(format!("nothing is typed yet: it takes {name}")),
        other => Some(format!("{other:?} is not {name}")),
    };
    if right {
        confirm.line = Line::default();
    }
    right
}

fn confirmed(model: &mut Model, mut confirm: Confirm, typed: Option<String>) -> Vec<Effect> {
    match (&confirm.subject, &confirm.stage) {
        (Subject::Control(job, control), _) => vec![Effect::Control(*job, *control)],
        (Subject::Plan(_), Stage::Ready(plan)) => {
            let plan = plan.clone();
            confirm.stage = Stage::Sent(plan.clone());
            model.popup = Some(Popup::Confirm(confirm));
            vec![Effect::Submit(plan, Confirmation { typed, unattended: false })]
        }
        (Subject::Plan(_), _) => keep(model, confirm),
    }
}

/// The plan that is waited for; one that was asked for before, or in another environment, is not.
pub fn planned(model: &mut Model, wish: &Wish, reply: Result<Planned, Failure>) -> Vec<Effect> {
    let Some(Popup::Confirm(confirm)) = &mut model.popup else { return vec![] };
    if confirm.stage != Stage::Planning || confirm.subject != Subject::Plan(wish.clone()) {
        return vec![];
    }
    match reply {
        Ok(Planned { plan, unlocked }) => {
            let unlocked = unlocked.map(|until| (plan.environment.clone(), until));
            model.shared.unlocked.extend(unlocked);
            confirm.stage = Stage::Ready(plan);
        }
        Err(failure) => confirm.stage = Stage::Failed(failure),
    }
    vec![]
}

/// A confirmed plan became a job: it is shown, unless the person has gone on to something else.
pub fn submitted(model: &mut Model, reply: Result<JobId, Failure>) -> Vec<Effect> {
    let waiting = matches!(&model.popup, Some(Popup::Confirm(Confirm { stage: Stage::Sent(_), .. })));
    let mut effects = match (reply, &mut model.popup) {
        (Ok(job), Some(Popup::Confirm(Confirm { stage: Stage::Sent(plan), .. }))) => {
            let is_drill = plan.call.first().is_some_and(|routine| routine == "drill");
            model.popup = None;
            if is_drill {
                model.screen = ScreenId::Chaos;
                model.screens.chaos.show(Tab::Drill);
            } else {
                model.screen = ScreenId::Jobs;
                model.screens.jobs.show(&model.shared, job);
            }
            vec![]
        }
        (Err(failure), Some(Popup::Confirm(confirm))) if waiting => {
            confirm.stage = Stage::Failed(failure);
            vec![]
        }
        (Ok(job), _) => model.say(format!("job {job} was started")),
        (Err(failure), _) => model.complain(failure.to_string()),
    };
    effects.push(Effect::Refresh);
    effects
}

/// An environment is unlocked, or not.
pub fn unlocked(model: &mut Model, environment: Name, reply: Result<Stamp, Failure>) -> Vec<Effect> {
    match (reply, &mut model.popup) {
        (Ok(until), _) => {
            model.shared.unlocked.insert(environment, until);
        }
        (Err(failure), Some(Popup::Confirm(confirm))) => confirm.wrong = Some(failure.to_string()),
        (Err(failure), _) => return model.complain(failure.to_string()),
    }
    vec![]
}

/// Something was asked of a job.
pub fn controlled(model: &mut Model, job: JobId, control: Control, reply: Result<(), Failure>) -> Vec<Effect> {
    let mut effects = match reply {
        Ok(()) => model.say(format!("asked {job} to {}", word(control))),
        Err(failure) => model.complain(failure.to_string()),
    };
    effects.push(Effect::Refresh);
    effects
}

/// What is asked of a job, as a verb.
pub fn word(control: Control) -> &'static str {
    match control {
        Control::Cancel => "cancel",
        Control::Resume => "resume",
        Control::Undo => "undo",
    }
}
