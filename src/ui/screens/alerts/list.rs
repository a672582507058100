//! The list of alerts, and one alert on one row wherever it is listed.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row, Standing};
use crate::app::screens::alerts::list::Line;
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::coarse;
use crate::ui::screens::alerts as screen;
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, alerts) = (&model.shared, &model.screens.alerts.list);
    let lines = alerts.lines(shared);
    pen.line(area, 0, &summary(model, &lines, pen));
    let area = screen::below(area);
    if lines.is_empty() {
        return pen.words(area, 1, Role::Dim, &empty(model));
    }
    let selected = alerts.selected(shared);
    let is_selected = |line: &Line| matches!(line, Line::Alert(row) if Some(&row.id) == selected.as_ref());
    let at = lines.iter().position(is_selected);
    screen::rows(&lines, at, area, pen, |line, area, y, pen| match line {
        Line::Group(value, count) => {
            pen.line(area, y, &[(Role::Title, format!(" {} ", Clean::new(value))), (Role::Dim, format!("{count}"))]);
        }
        Line::Alert(row) => alert_line(shared, row, area, y, pen),
    });
}

/// How many are shown of how many, by what filter, and how far the list can be trusted.
fn summary(model: &Model, lines: &[Line], pen: &Pen<'_>) -> Vec<Words> {
    let (shared, alerts) = (&model.shared, &model.screens.alerts.list);
    let shown = lines.iter().filter(|l| matches!(l, Line::Alert(_))).count();
    let mut words = screen::head(model, shown, rows::rows(shared).len(), &alerts.filter, pen);
    words.extend(alerts.group.iter().map(|g| (Role::Dim, format!("  by {}", Clean::new(g)))));
    if let Some(Data::Alerts(set)) = shared.store.data(&Source::Alerts) {
        words.extend(screen::silent(&set.members));
    }
    words.extend(staleness(&shared.freshness(&Source::Alerts)).map(|(r, text)| (r, format!("  {text}"))));
    words
}

fn empty(model: &Model) -> String {
    let (shared, alerts) = (&model.shared, &model.screens.alerts.list);
    if !alerts.filter.is_empty() {
        return " nothing passes the filter; Esc clears it".into();
    }
    match shared.environment().alertmanagers {
        0 => " no Alertmanager is configured for this environment".into(),
        _ if shared.freshness(&Source::Alerts).is_fresh() => " nothing fires".into(),
        _ => " unknown: no Alertmanager has answered".into(),
    }
}

/// One alert on one row: severity, name, what it is about, how things stand and since when.
pub fn alert_line(shared: &Shared, row: &Row, area: Rect, y: u16, pen: &mut Pen<'_>) {
    pen.spot(area, y, Spot::Alert(row.id.clone()));
    let (role, sign) = pen.severity(row.severity);
    let role = if row.standing == Standing::Suppressed { Role::Dim } else { role };
    let rest = pen.right(area, y, &standing(shared, row));
    let name = Clean::new(row.name());
    let words = [
        (role, format!(" {sign} ")),
        (Role::Text, format!("{name} ")),
        (Role::Accent, format!("{} ", Clean::new(row.about()))),
        (Role::Dim, Clean::new(row.summary()).into_string()),
    ];
    pen.line(rest, y, &words);
}

/// How things stand, and for how long. A pending alert counts its `for`. While Prometheus is not heard of, nothing is known to
/// go on: what was last heard is told with its age.
fn standing(shared: &Shared, row: &Row) -> Vec<Words> {
    if let Freshness::Stale { age, .. } = shared.freshness(&Source::Rules)
        && matches!(row.standing, Standing::Firing | Standing::Pending)
    {
        return vec![(Role::Stale, format!(" {}, unconfirmed for {} ", row.standing.word(), coarse(age)))];
    }
    let age = shared.server_now().since(row.since);
    let split = members_of(shared, row);
    let (role, text) = match row.standing {
        Standing::Firing => (Role::Text, format!(" {split}firing {} ", coarse(age))),
        Standing::Suppressed => (Role::Dim, format!(" suppressed {} ", coarse(age))),
        Standing::Pending => {
            let hold = rows::rule(shared, &row.labels).and_then(|r| r.alerting.as_ref()).map_or(Duration::ZERO, |a| a.hold);
            (Role::Warning, format!(" pending {} of {} ", human(age), human(hold)))
        }
        Standing::Lost => {
            let since = row.lost_at.map_or(Duration::ZERO, |at| shared.now.since(at));
            (Role::Critical, format!(" lost sight of {} ago ", human(since)))
        }
    };
    vec![(role, text)]
}

/// Which share of the Alertmanagers knows it, where not all do.
fn members_of(shared: &Shared, row: &Row) -> String {
    match shared.store.data(&Source::Alerts) {
        Some(Data::Alerts(set)) if row.members.len() < set.members.len() => {
            format!("{} of {} members, ", row.members.len(), set.members.len())
        }
        _ => String::new(),
    }
}
