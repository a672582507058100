//! A change that is shown before it is made: the plan, and what must be typed to go on.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::confirm::{self, Confirm, Gate, Stage, Subject};
use crate::app::model::{Model, Shared};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::job::Control;
use crate::domain::name::Name;
use crate::ui::pen::{Pen, Words};
use crate::ui::plan::{hanging, lines as plan_lines};
use crate::ui::popup::centred;
use crate::ui::prose::counted;
use crate::ui::theme::Role;

/// No plan is wider than this.
const WIDEST: u16 = 104;

/// Draws it over the body.
pub fn draw(model: &Model, confirm: &Confirm, body: Rect, pen: &mut Pen<'_>) {
    let width = body.width.min(WIDEST);
    let columns = usize::from(width.saturating_sub(2));
    let lines = lines(confirm, columns, pen);
    let foot = foot(&model.shared, confirm, columns);
    let height = u16::try_from(lines.len() + foot.len() + 3).unwrap_or(u16::MAX);
    let inside = pen.window(centred(body, width, height), &title(confirm));
    let foot_height = (foot.len() as u16 + 1).min(inside.height);
    let above = Rect { height: inside.height - foot_height, ..inside };
    let hidden = lines.len().saturating_sub(usize::from(above.height));
    for (row, line) in lines.iter().skip(confirm.scroll.min(hidden)).take(usize::from(above.height)).enumerate() {
        pen.line(above, row as u16, line);
    }
    let below = Rect { y: above.bottom(), height: foot_height, ..inside };
    let left = hidden.saturating_sub(confirm.scroll);
    match left {
        0 => pen.words(below, 0, Role::Border, &pen.look.pick("─", "-").repeat(columns)),
        left => pen.heading(below, 0, &format!("{} more: Down", counted(left, "line")), false),
    }
    for (row, line) in foot.iter().enumerate() {
        pen.line(below, row as u16 + 1, line);
    }
    cursor(&model.shared, confirm, below, pen);
}

fn title(confirm: &Confirm) -> String {
    match &confirm.subject {
        Subject::Plan(wish) => format!("Plan: {}", wish.call.join(" ")),
        Subject::Control(job, control) => format!("{} job {job}?", capital(confirm::word(*control))),
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn lines(confirm: &Confirm, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    match &confirm.stage {
        Stage::Planning => vec![vec![], vec![(Role::Dim, " working out what it would do…".into())]],
        Stage::Failed(failure) => failed(failure, width),
        Stage::Ready(plan) | Stage::Sent(plan) => {
            let mut lines = about(confirm, width);
            lines.extend(plan_lines(plan, width, pen));
            lines
        }
    }
}

fn failed(failure: &Failure, width: usize) -> Vec<Vec<Words>> {
    let mut lines = hanging((Role::Critical, " ".into()), &failure.what, Role::Critical, width);
    if let Some(mend) = &failure.mend {
        lines.push(vec![]);
        lines.extend(hanging((Role::Dim, " to mend it: ".into()), mend, Role::Text, width));
    }
    lines
}

/// What asking something of a job does.
fn about(confirm: &Confirm, width: usize) -> Vec<Vec<Words>> {
    let text = match &confirm.subject {
        Subject::Plan(_) => return vec![],
        Subject::Control(_, Control::Cancel) => "The step that runs is stopped, and what was done is reverted as the plan says.",
        Subject::Control(_, Control::Resume) => {
            "A new worker looks at what the old one had begun, and goes on from there. No step that is done runs again."
        }
        Subject::Control(_, Control::Undo) => "What the steps below keep undoable is undone, the last first.",
    };
    let mut lines = hanging((Role::Text, " ".into()), text, Role::Text, width);
    lines.push(vec![]);
    lines
}

/// What goes on, and how one leaves.
fn foot(shared: &Shared, confirm: &Confirm, width: usize) -> Vec<Vec<Words>> {
    let leave = (Role::Dim, "  Esc leaves".to_owned());
    let enter = |does: &str| vec![(Role::Accent, " Enter".into()), (Role::Text, format!(" to {does}"))];
    match (&confirm.stage, confirm.gate(shared)) {
        (Stage::Sent(_), _) => vec![vec![(Role::Dim, " handed to a worker…".into())]],
        (Stage::Failed(_), _) => vec![vec![(Role::Text, " Nothing was changed.".into()), leave]],
        (_, None) => vec![vec![leave]],
        (_, Some(Gate::Key)) => {
            let mut line = enter(&verb(&confirm.subject));
            line.push(leave);
            vec![line]
        }
        (_, Some(Gate::Closed)) => {
            let words = "This environment is read-only: nothing is changed from here.";
            let mut lines = hanging((Role::Warning, " ".into()), words, Role::Warning, width);
            lines.push(vec![leave]);
            lines
        }
        (_, Some(Gate::Target(name))) => typing(confirm, &format!(" to {}", verb(&confirm.subject)), &name),
        (_, Some(Gate::Environment(name))) => typing(confirm, " to unlock it for 15 minutes, on record", &name),
    }
}

fn verb(subject: &Subject) -> String {
    match subject {
        Subject::Plan(_) => "start it".to_owned(),
        Subject::Control(job, control) => format!("{} {job}", confirm::word(*control)),
    }
}

fn typing(confirm: &Confirm, purpose: &str, name: &Name) -> Vec<Vec<Words>> {
    let (before, after) = confirm.line.split();
    let ask = vec![
        (Role::Text, " Type ".into()),
        (Role::Title, Clean::new(name.as_str()).into_string()),
        (Role::Text, format!(" and Enter{purpose}")),
        (Role::Dim, "  Esc leaves".into()),
    ];
    let typed = vec![(Role::Accent, PROMPT.into()), (Role::Text, format!("{}{} ", Clean::new(before), Clean::new(after)))];
    let wrong = confirm.wrong.iter().map(|wrong| vec![(Role::Critical, format!(" {}", Clean::new(wrong)))]);
    [ask, typed].into_iter().chain(wrong).collect()
}

const PROMPT: &str = " > ";

fn cursor(shared: &Shared, confirm: &Confirm, below: Rect, pen: &mut Pen<'_>) {
    if matches!(confirm.gate(shared), Some(Gate::Target(_) | Gate::Environment(_))) {
        let column = PROMPT.width() + Clean::new(confirm.line.split().0).width();
        pen.cursor(below, column as u16, 2);
    }
}

/// How long the environment stays unlocked, in minutes, for the context bar.
pub fn unlocked(shared: &Shared) -> Option<Words> {
    let until = shared.unlocked(&shared.environment().name)?;
    let minutes = until.since(shared.now.wall).as_secs().div_ceil(60);
    Some((Role::Warning, format!(", unlocked {minutes}m")))
}
