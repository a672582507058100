//! Screen 1, Overview: what fires, what runs, the golden signals, how each service and its last proved backup is. It tells in one look whether things are well.

mod services;
mod signals;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::rows::{self, Row, Standing};
use crate::app::screens::overview::{Overview, Part};
use crate::app::selection::first_row;
use crate::domain::alert::Severity;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::screens::alerts::alert_line;
use crate::ui::screens::jobs;
use crate::ui::theme::Role;

/// From this width on, alerts and services stand side by side.
const WIDE: u16 = 130;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let shared = &model.shared;
    let rows = rows::rows(shared);
    pen.line(area, 0, &ladder(shared, rows, pen));
    let running = jobs::running(shared, pen);
    let head = 1 + u16::from(running.is_some());
    pen.line(area, 1, &running.unwrap_or_default());
    let below = Rect { y: area.y + head, height: area.height.saturating_sub(head), ..area };
    let status = status_height(shared);
    if area.width >= WIDE {
        let left = Rect { width: below.width / 2 - 1, ..below };
        let right = Rect { x: left.right() + 2, width: below.width - left.width - 2, ..below };
        alerts(model, left, pen);
        return signals_and_services(model, right, pen);
    }
    let top = Rect { height: status.min(below.height.saturating_sub(4)), ..below };
    signals_and_services(model, top, pen);
    alerts(model, Rect { y: top.bottom(), height: below.height - top.height, ..below }, pen);
}

fn status_height(shared: &Shared) -> u16 {
    let env = shared.environment();
    let part = |rows: usize| if rows == 0 { 0 } else { rows as u16 + 1 };
    part(env.signals.len()) + part(env.services.len())
}

fn signals_and_services(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let shared = &model.shared;
    let overview = &model.screens.overview;
    let used = signals::draw(shared, area, pen);
    let rest = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    services::draw(shared, &overview.service, overview.part == Part::Services, rest, pen);
}

/// The severity ladder: how many fire, from the most pressing down; what is counted apart follows.
fn ladder(shared: &Shared, rows: &[Row], pen: &Pen<'_>) -> Vec<Words> {
    let known = shared.freshness(&Source::Alerts);
    if let Some(words) =
        staleness(&known).filter(|_| shared.environment().alertmanagers > 0 && shared.store.data(&Source::Alerts).is_none())
    {
        return vec![(Role::Critical, " alerts unknown: ".into()), words];
    }
    let count = |standing, severity| {
        let of = |r: &&Row| r.standing == standing && severity == r.severity && !rows::is_watchdog(r);
        rows.iter().filter(of).count()
    };
    let mut words = Vec::new();
    for (severity, word) in
        [(Severity::Critical, "critical"), (Severity::Warning, "warning"), (Severity::Info, "info"), (Severity::Unknown, "other")]
    {
        let n = count(Standing::Firing, severity);
        let role = if n == 0 { Role::Dim } else { pen.severity(severity).0 };
        words.push((role, format!(" {word} {n} ")));
    }
    words.extend(watchdog(shared, rows, pen));
    for (standing, role) in
        [(Standing::Lost, Role::Critical), (Standing::Pending, Role::Warning), (Standing::Suppressed, Role::Dim)]
    {
        let n = rows.iter().filter(|r| r.standing == standing && !rows::is_watchdog(r)).count();
        if n > 0 {
            words.push((role, format!(" {} {n} ", standing.word())));
        }
    }
    words
}

/// The dead-man's alert fires while the way from Prometheus to here is whole: Alertmanager must have told of it, and not long ago.
fn watchdog(shared: &Shared, rows: &[Row], pen: &Pen<'_>) -> Option<Words> {
    let row = rows.iter().find(|r| rows::is_watchdog(r))?;
    let told = matches!(row.standing, Standing::Firing | Standing::Suppressed) && !row.members.is_empty();
    Some(match (shared.freshness(&Source::Alerts).is_fresh(), told) {
        (true, true) => (Role::Good, pen.look.pick(" ✔ watchdog ", " + watchdog ").into()),
        (true, false) => (Role::Critical, pen.look.pick(" ✖ watchdog lost ", " X watchdog lost ").into()),
        (false, _) => (Role::Unknown, " ? watchdog ".into()),
    })
}

fn alerts(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, overview) = (&model.shared, &model.screens.overview);
    pen.heading(area, 0, "Alerts", overview.part == Part::Alerts);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let rows = Overview::alerts(shared);
    if rows.is_empty() {
        return pen.line(list, 0, &[nothing(shared)]);
    }
    let ids: Vec<_> = rows.iter().map(|r| r.id.clone()).collect();
    let selected = overview.alert.row(&ids);
    let first = first_row(selected, rows.len(), usize::from(list.height));
    for (n, row) in rows.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let y = (n - first) as u16;
        alert_line(shared, row, list, y, pen);
        if Some(n) == selected && overview.part == Part::Alerts {
            pen.mark(list, y, Role::Selection);
        }
    }
}

/// Silence is only good news where somebody answered.
fn nothing(shared: &Shared) -> Words {
    match shared.environment().alertmanagers {
        0 => (Role::Dim, "no alertmanager is configured".into()),
        _ if shared.freshness(&Source::Alerts).is_fresh() => (Role::Good, "nothing fires".into()),
        _ => (Role::Unknown, "unknown: Alertmanager has not answered".into()),
    }
}
