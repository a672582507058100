//! Screen 1, Overview: what fires and how long it has waited, the golden signals, how each service and its last proved backup
//! is, what changed. It tells in one look whether things are well; what there is no room for is counted.

mod backups;
mod changes;
mod ladder;
mod room;
mod services;
mod signals;

use ratatui::layout::Rect;

use crate::app::command::Call;
use crate::app::model::{Model, Shared};
use crate::app::rows::Row;
use crate::app::screens::overview::{Overview, Part};
use crate::domain::alert::Severity;
use crate::ui::pen::Pen;
use crate::ui::screens::alerts::alert_line;
use crate::ui::screens::jobs;
use crate::ui::screens::overview::room::{List, Wish, list, share};

/// From this width on, there are two columns.
const WIDE: u16 = 130;
/// How many alerts, services and changes must be seen before anything gets more room.
const SEEN: (usize, usize, usize) = (4, 3, 2);

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let mut head = ladder::lines(&model.shared, pen);
    head.extend(jobs::running(&model.shared, pen));
    for (row, line) in head.iter().enumerate() {
        pen.line(area, row as u16, line);
    }
    let used = (head.len() as u16).min(area.height);
    let below = Rect { y: area.y + used, height: area.height - used, ..area };
    if area.width >= WIDE { two_columns(model, below, pen) } else { one_column(model, below, pen) }
}

/// Everything one below the other, what matters most on top.
fn one_column(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let wishes = wishes(model);
    let heights = share(area.height, &[wishes.alerts, wishes.services, wishes.signals, wishes.changes]);
    let [alerts, services, signals, changes] = heights[..] else { return };
    let mut stack = Stack(area);
    self::alerts(model, stack.take(alerts), pen);
    signals::draw(&model.shared, stack.take(signals), pen);
    self::services(model, true, stack.take(services), pen);
    self::changes(model, stack.take(changes), pen);
}

/// What happens on the left, how things are on the right.
fn two_columns(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let wishes = wishes(model);
    let left = Rect { width: area.width / 2 - 1, ..area };
    let right = Rect { x: left.right() + 2, width: area.width - left.width - 2, ..area };
    let heights = share(left.height, &[wishes.alerts, wishes.changes]);
    let mut stack = Stack(left);
    alerts(model, stack.take(heights[0]), pen);
    changes(model, stack.take(heights[1]), pen);
    let kept = backups::kept(&model.shared).len();
    let heights = share(right.height, &[wishes.services, wishes.signals, Wish::list(kept, 2)]);
    let mut stack = Stack(right);
    signals::draw(&model.shared, stack.take(heights[1]), pen);
    services(model, heights[2] == 0, stack.take(heights[0]), pen);
    backups::draw(&model.shared, stack.take(heights[2]), pen);
}

/// What each part would like.
struct Wishes {
    alerts: Wish,
    services: Wish,
    signals: Wish,
    changes: Wish,
}

fn wishes(model: &Model) -> Wishes {
    let env = model.shared.environment();
    Wishes {
        alerts: Wish::list(Overview::alerts(&model.shared).len(), SEEN.0),
        services: Wish::list(env.services.len(), SEEN.1),
        signals: Wish::list(env.signals.len(), env.signals.len()),
        changes: Wish::list(model.screens.overview.changes.len().max(1), SEEN.2),
    }
}

/// An area from which rows are taken, from its top.
struct Stack(Rect);

impl Stack {
    fn take(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let taken = Rect { height: rows, ..self.0 };
        self.0 = Rect { y: self.0.y + rows, height: self.0.height - rows, ..self.0 };
        taken
    }
}

fn is_focused(model: &Model, part: Part) -> bool {
    model.screens.overview.part == part
}

fn services(model: &Model, clocks: bool, area: Rect, pen: &mut Pen<'_>) {
    let selection = &model.screens.overview.service;
    services::draw(&model.shared, selection, is_focused(model, Part::Services), clocks, area, pen);
}

fn changes(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    changes::draw(&model.shared, &model.screens.overview, is_focused(model, Part::Changes), area, pen);
}

fn alerts(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, overview) = (&model.shared, &model.screens.overview);
    let rows = Overview::alerts(shared);
    if rows.is_empty() {
        return;
    }
    let ids: Vec<_> = rows.iter().map(|r| r.id.clone()).collect();
    let drawn = List {
        title: &format!("Alerts {}", rows.len()),
        rows: &rows,
        at: overview.alert.row(&ids),
        focused: is_focused(model, Part::Alerts),
        key: shared.setup.keymap.key_of(&Call::with("screen", "alerts")),
        of: &by_severity,
    };
    list(&drawn, area, pen, |row, area, y, pen| alert_line(shared, row, area, y, pen));
}

/// `4 P1 critical, 3 P2 warning`.
fn by_severity(hidden: &[&&Row]) -> String {
    let count = |severity: Severity| hidden.iter().filter(|row| row.severity == severity).count();
    let of = Severity::WORDS.into_iter().map(|(_, severity)| (count(severity), severity.rung())).filter(|(n, _)| *n > 0);
    of.map(|(n, words)| format!("{n} {words}")).collect::<Vec<_>>().join(", ")
}

/// The key that moves the focus on, for what is not focused.
fn key_to(shared: &Shared, focused: bool) -> Option<String> {
    if focused { None } else { shared.setup.keymap.key_of(&Call::with("focus", "next")) }
}
