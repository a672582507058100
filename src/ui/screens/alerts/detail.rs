//! One alert: its graph with the threshold, what it says, its labels, who is told, who hides it.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row, Standing};
use crate::app::screens::alerts::graph::Graph;
use crate::app::screens::alerts::list::Detail;
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::domain::time::human;
use crate::domain::unit::Unit;
use crate::ui::pen::{Pen, Words};
use crate::ui::screens::alerts::page::{self, pair, wrapped};
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let (row, here) = detail.current(shared);
    head(shared, &row, here, area, pen);
    let graph = detail.graph(shared);
    let lines = lines(shared, &row, graph.as_ref(), usize::from(area.width));
    let below = page::under_head(area);
    let below = match &graph {
        Some(graph) => page::graph(shared, graph, &row.labels, Some(row.since), below, pen),
        None => below,
    };
    page::text(&lines, detail.scroll, below, pen);
}

fn head(shared: &Shared, row: &Row, here: bool, area: Rect, pen: &mut Pen<'_>) {
    let (role, sign) = pen.severity(row.severity);
    let standing = match (here, row.standing) {
        (false, _) => (Role::Warning, "no longer reported ".to_owned()),
        (true, Standing::Lost) => (Role::Critical, "lost sight of ".to_owned()),
        (true, standing) => (Role::Text, format!("{} ", standing.word())),
    };
    let since = format!("since {} ({})", clock(row.since), human(shared.server_now().since(row.since)));
    pen.line(
        area,
        0,
        &[(role, format!(" {sign} ")), (Role::Title, format!("{}  ", Clean::new(row.name()))), standing, (Role::Dim, since)],
    );
    pen.words(area, 1, Role::Text, &format!(" {}", Clean::new(row.summary())));
}

/// The text below the graph, as many lines as it needs.
fn lines(shared: &Shared, row: &Row, graph: Option<&Graph>, width: usize) -> Vec<Vec<Words>> {
    let mut lines = Vec::new();
    lines.extend(value(shared, row).map(|value| pair("value now", &value, Role::Text)));
    if let Some(graph) = graph {
        lines.push(pair("for", &human(graph.hold), Role::Text));
    }
    for (name, value) in row.annotations.iter().filter(|(n, _)| *n != "summary") {
        lines.extend(wrapped(name, value, width));
    }
    lines.push(vec![(Role::Title, " Labels".into())]);
    lines.extend(page::pairs(&row.labels));
    lines.extend(people(shared, row));
    lines
}

/// The expression's value at the last evaluation: annotations keep the one of when the alert was sent.
fn value(shared: &Shared, row: &Row) -> Option<String> {
    let alerts = &rows::rule(shared, &row.labels)?.alerting.as_ref()?.alerts;
    let value: f64 = alerts.iter().find(|a| row.labels.contains(&a.labels))?.value.parse().ok()?;
    Some(Unit("none".into()).format(value, None).to_string())
}

/// Who is told, who hides it, which Alertmanagers know it.
fn people(shared: &Shared, row: &Row) -> Vec<Vec<Words>> {
    let mut lines = vec![vec![(Role::Title, " Alertmanager".into())]];
    if row.members.is_empty() {
        lines.push(pair("", "does not know it yet: only Prometheus does", Role::Dim));
    }
    lines.extend((!row.receivers.is_empty()).then(|| pair("receivers", &row.receivers.join(", "), Role::Text)));
    lines.extend(row.hidden_by.iter().map(|id| pair("hidden by", &hider(shared, id), Role::Warning)));
    if let Some(Data::Alerts(set)) = shared.store.data(&Source::Alerts) {
        let knows = |n: usize| if row.members.contains(&n) { "knows it" } else { "does not know it" };
        lines.extend(set.members.iter().enumerate().map(|(n, member)| {
            let state = member.state.as_ref().map_or_else(ToString::to_string, |s| format!("{}, {}", s.version, knows(n)));
            pair("member", &format!("{}  {state}", member.url), Role::Dim)
        }));
    }
    lines
}

/// A silence in words, where it is known.
fn hider(shared: &Shared, id: &str) -> String {
    let bare = id.strip_prefix("silence ").unwrap_or(id);
    let Some(Data::Silences(union)) = shared.store.data(&Source::Silences) else { return id.to_owned() };
    let Some(silence) = union.known.iter().find(|s| s.id == bare) else { return id.to_owned() };
    let split = match (silence.members.len(), union.members.len()) {
        (few, all) if few < all => format!("on {few} of {all} members, "),
        _ => String::new(),
    };
    format!("{id} by {}, {split}until {}: {}", silence.created_by, clock(silence.ends_at), silence.comment)
}
