//! One alert: its graph with the threshold, what it says, its labels, who is told, who hides it.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row, Standing};
use crate::app::screens::alerts::{Detail, Graph};
use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::range::clock;
use crate::domain::time::human;
use crate::domain::unit::Unit;
use crate::ui::panels;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::wrap;
use crate::ui::theme::Role;

/// The graph takes this share of the height, in percent.
const GRAPH: u16 = 45;

/// Draws it.
pub fn draw(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let (row, here) = detail.current(shared);
    head(shared, &row, here, area, pen);
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let graph = detail.graph(shared);
    let height = if graph.is_some() { (below.height * GRAPH / 100).max(6) } else { 0 };
    if let Some(graph) = &graph {
        draw_graph(shared, &row, graph, Rect { height: height.min(below.height), ..below }, pen);
    }
    let text = Rect { y: below.y + height, height: below.height.saturating_sub(height), ..below };
    let lines = lines(shared, &row, graph.as_ref(), usize::from(area.width));
    let first = detail.scroll.min(lines.len().saturating_sub(usize::from(text.height)));
    for (n, line) in lines.iter().skip(first).take(usize::from(text.height)).enumerate() {
        pen.line(text, n as u16, line);
    }
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

fn draw_graph(shared: &Shared, row: &Row, graph: &Graph, area: Rect, pen: &mut Pen<'_>) {
    let known = shared.store.get(&graph.source);
    let badge = staleness(&shared.freshness(&graph.source)).map(|(role, text)| panels::Badge::new(role, Clean::new(&text)));
    let title = Clean::new(&graph.expr);
    let inside = panels::frame(&title, badge.as_ref(), false, pen.look, area, pen.buf);
    let Some(answer) = known.and_then(|_| shared.store.answer(&graph.source)) else { return };
    let chart = panels::chart::Alert {
        answer,
        labels: &row.labels,
        window: shared.range.window(shared.server_now()),
        threshold: graph.threshold.as_ref().map(|t| t.value),
        since: Some(row.since),
    };
    panels::chart::alert(&chart, pen.look, inside, pen.buf);
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
    lines.extend(pairs(&row.labels));
    lines.extend(people(shared, row));
    lines
}

/// The expression's value at the last evaluation: annotations keep the one of when the alert was sent.
fn value(shared: &Shared, row: &Row) -> Option<String> {
    let alerts = &rows::rule(shared, &row.labels)?.alerting.as_ref()?.alerts;
    let value: f64 = alerts.iter().find(|a| row.labels.contains(&a.labels))?.value.parse().ok()?;
    Some(Unit("none".into()).format(value, None).to_string())
}

fn pairs(labels: &Labels) -> impl Iterator<Item = Vec<Words>> {
    labels.iter().map(|(name, value)| pair(name, value, Role::Text))
}

fn pair(name: &str, value: &str, role: Role) -> Vec<Words> {
    vec![(Role::Dim, format!("   {:<16} ", Clean::new(name))), (role, Clean::new(value).into_string())]
}

/// A long value over several lines, broken between words.
fn wrapped(name: &str, value: &str, width: usize) -> Vec<Vec<Words>> {
    let lines = wrap(value, width.saturating_sub(22).max(20));
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(lines).map(|(name, line)| pair(name, &line, Role::Text)).collect()
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
    let Some(Data::Silences(silences)) = shared.store.data(&Source::Silences) else { return id.to_owned() };
    silences
        .iter()
        .find(|s| s.id == bare)
        .map_or_else(|| id.to_owned(), |s| format!("{id} by {} until {}: {}", s.created_by, clock(s.ends_at), s.comment))
}
