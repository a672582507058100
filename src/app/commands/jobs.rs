//! Commands of the Jobs screen.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::confirm::{self, Confirm};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::screens::jobs;
use crate::domain::job::{Control, Event, Job, JobId, State};

pub const COMMANDS: &[Command] = &[
    Command {
        name: "job",
        help: "Open one job by its number",
        params: &[Param::required("number")],
        kind: CommandKind::Console,
        run: job,
    },
    Command {
        name: "cancel",
        help: "Stop a job, and revert what its plan says; without a number, the selected one",
        params: &[Param::optional("number")],
        kind: CommandKind::Change,
        run: |model, args| control(model, args, Control::Cancel),
    },
    Command {
        name: "resume",
        help: "Let a job whose worker died go on; without a number, the selected one",
        params: &[Param::optional("number")],
        kind: CommandKind::Change,
        run: |model, args| control(model, args, Control::Resume),
    },
    Command {
        name: "undo",
        help: "Undo what a job keeps undoable; without a number, the selected one",
        params: &[Param::optional("number")],
        kind: CommandKind::Change,
        run: |model, args| control(model, args, Control::Undo),
    },
    Command {
        name: "away",
        help: "Say again what happened while you were away",
        params: &[],
        kind: CommandKind::Console,
        run: away,
    },
];

/// A job's number, with or without its `#`.
pub(super) fn number(text: &str) -> Option<JobId> {
    text.trim_start_matches('#').parse().ok().map(JobId)
}

fn job(model: &mut Model, args: &Args) -> Vec<Effect> {
    let Some(id) = number(args.get(0)) else {
        return model.complain(format!("{:?} is no job's number: job 12", args.get(0)));
    };
    model.screen = ScreenId::Jobs;
    model.screens.jobs.show(&model.shared, id);
    vec![]
}

/// The job that is meant: by its number, or the one that is open or selected on its screen.
fn meant(model: &Model, args: &Args) -> Result<Job, String> {
    let id = match args.get(0) {
        "" if model.screen == ScreenId::Jobs => model.screens.jobs.meant(&model.shared).ok_or("no job is selected")?,
        "" => return Err("which job? Give its number, or select it on the Jobs screen".to_owned()),
        text => number(text).ok_or_else(|| format!("{text:?} is no job's number"))?,
    };
    jobs::find(&model.shared, id).cloned().ok_or_else(|| format!("the ledger has told of no job {id} yet"))
}

/// Asks before it asks: nothing is cancelled or undone by a single key.
fn control(model: &mut Model, args: &Args, control: Control) -> Vec<Effect> {
    let allowed = meant(model, args).and_then(|job| fits(&job, control).map(|()| job));
    match allowed {
        Ok(job) => model.popup = Some(Popup::Confirm(Confirm::control(job.id, control, job.plan))),
        Err(words) => return model.complain(words),
    }
    vec![]
}

/// Whether a job is in a state in which that can be asked of it.
fn fits(job: &Job, control: Control) -> Result<(), String> {
    let undoable = job.history.iter().any(|(_, event)| matches!(event, Event::Prepared { undo, .. } if !undo.is_empty()));
    let fits = match control {
        Control::Cancel => jobs::is_live(job),
        Control::Resume => job.state == State::Lost,
        Control::Undo => undoable && !matches!(job.state, State::Submitted | State::Running),
    };
    let why = match control {
        Control::Cancel => "only one that has not ended can be cancelled",
        Control::Resume => "only one whose worker died can go on",
        Control::Undo if !undoable => "it keeps nothing that could be undone",
        Control::Undo => "cancel it first",
    };
    if fits { Ok(()) } else { Err(format!("{} cannot {} it: {why}", told(job), confirm::word(control))) }
}

fn told(job: &Job) -> String {
    format!("{} is {}, so you", job.id, job.state.word())
}

fn away(model: &mut Model, _: &Args) -> Vec<Effect> {
    if model.away.is_empty() {
        return model.say("no job ended while you were away");
    }
    model.popup = Some(Popup::Away(0));
    vec![]
}
