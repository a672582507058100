//! The rules, and one of them: whether it works, what it costs, what it counts and what it has set off.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::alerts::graph::Graph;
use crate::app::screens::alerts::rules::{Detail, Line, RuleId, Standing, count, known, standing};
use crate::app::spot::Spot;
use crate::domain::alert::Severity;
use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::rule::{Alerting, Rule, RuleAlert, RuleGroup};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::{coarse, counted, percent, rough};
use crate::ui::screens::alerts as screen;
use crate::ui::screens::alerts::page::{self, pair, pairs, wrapped};
use crate::ui::theme::Role;

/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 30;

/// Draws the list.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, rules) = (&model.shared, &model.screens.alerts.rules);
    let listed = rules.listed(shared);
    let mut head = screen::head(model, listed.len(), count(shared).0, &rules.filter, pen);
    head.extend(staleness(&shared.freshness(&Source::Rules)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    let area = screen::below(area);
    if listed.is_empty() {
        return pen.words(area, 1, Role::Dim, empty(model));
    }
    let ids: Vec<RuleId> = listed.iter().map(|line| line.id.clone()).collect();
    let at = rules.selected.row(&ids);
    let most = LONGEST_NAME.min(usize::from(area.width) * 3 / 10);
    let width = listed.iter().map(|line| Clean::new(&line.rule.name).width().min(most)).max().unwrap_or(0);
    screen::rows(&listed, at, area, pen, |line, area, y, pen| line_of_rule(shared, line, width, area, y, pen));
}

fn empty(model: &Model) -> &'static str {
    let shared = &model.shared;
    match &shared.environment().prometheus {
        None => " no Prometheus is configured for this environment",
        _ if !model.screens.alerts.rules.filter.is_empty() => " nothing passes the filter; Esc clears it",
        _ if shared.freshness(&Source::Rules).is_fresh() => {
            " Prometheus evaluates no rules; those of another, like vmalert, are not seen here"
        }
        _ => " unknown: Prometheus has not answered",
    }
}

/// One rule on one row: how it is, what it is called, what it counts or why it fails, what it costs.
fn line_of_rule(shared: &Shared, line: &Line<'_>, width: usize, area: Rect, y: u16, pen: &mut Pen<'_>) {
    pen.spot(area, y, Spot::Rule(line.id.clone()));
    let (rule, group) = (line.rule, line.group);
    let rest = pen.right(area, y, &[cost(rule, group, line.standing)]);
    let mut words = vec![sign(shared, rule, line.standing, pen)];
    words.push((Role::Text, screen::column(&rule.name, width, pen)));
    words.extend(news(shared, rule, line.standing));
    words.push((Role::Dim, format!("{}  {}", Clean::new(&group.name), Clean::new(&rule.expr))));
    pen.line(rest, y, &words);
}

/// Rule 1: what was told too long ago is not shown as the present.
fn sign(shared: &Shared, of: &Rule, how: Standing, pen: &Pen<'_>) -> Words {
    if !shared.freshness(&Source::Rules).is_fresh() {
        return (Role::Stale, format!(" ? was {:<8}", how.word()));
    }
    let severity = of.alerting.as_ref().map_or(Severity::Unknown, |a| Severity::of(&a.labels));
    let (role, unicode, ascii) = match how {
        Standing::Failing => (Role::Critical, "✖", "X"),
        Standing::Firing => (pen.severity(severity).0, "●", "o"),
        Standing::Pending => (Role::Warning, "○", "."),
        Standing::Late | Standing::Slow => (Role::Warning, "▲", "!"),
        Standing::Unknown => (Role::Unknown, "?", "?"),
        Standing::Well => (Role::Good, "✔", "+"),
    };
    (role, format!(" {} {:<8}", pen.look.pick(unicode, ascii), how.word()))
}

/// What is to be known of it before its group and its expression.
fn news(shared: &Shared, rule: &Rule, how: Standing) -> Vec<Words> {
    let alerts = rule.alerting.as_ref().map_or(&[][..], |a| &a.alerts);
    let firing = alerts.iter().filter(|alert| alert.firing).count();
    let pending = alerts.len() - firing;
    let mut words = Vec::new();
    if how == Standing::Failing {
        words.push((Role::Critical, format!("{}  ", Clean::new(&rule.last_error))));
    }
    if let (Standing::Late, Some(at)) = (how, rule.evaluated_at) {
        words.push((Role::Warning, format!("evaluated {} ago  ", coarse(shared.server_now().since(at)))));
    }
    if firing > 0 {
        words.push((Role::Text, format!("{firing} firing  ")));
    }
    if pending > 0 {
        // Nothing is known to go on counting while Prometheus is not heard of.
        let fires = rule.fires_in(shared.server_now()).filter(|_| shared.freshness(&Source::Rules).is_fresh());
        let when = fires.map_or_else(|| "unconfirmed".to_owned(), fires_in);
        words.push((Role::Warning, format!("{pending} pending, {when}  ")));
    }
    words
}

/// What has held long enough fires when it is evaluated next.
fn fires_in(left: Duration) -> String {
    if left.is_zero() { "fires next".to_owned() } else { format!("fires in {}", human(left)) }
}

fn cost(rule: &Rule, group: &RuleGroup, how: Standing) -> Words {
    let drawn = if how == Standing::Slow { Role::Warning } else { Role::Dim };
    let share = rule.share(group.interval).map_or_else(String::new, percent);
    (drawn, format!("  {:>6} {share:>4} ", rough(rule.took)))
}

/// Draws one.
pub fn open(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let rule = &detail.rule;
    let how = standing(shared, &detail.group, rule);
    let kind = if rule.alerting.is_some() { "alerting rule of" } else { "recording rule of" };
    let mut head = vec![sign(shared, rule, how, pen), (Role::Title, format!("{}  ", Clean::new(&rule.name)))];
    head.push((Role::Dim, format!("{kind} {}", Clean::new(&detail.group.name))));
    head.extend(staleness(&shared.freshness(&Source::Rules)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    let mut second = news(shared, rule, how);
    second.insert(0, (Role::Text, " ".into()));
    pen.line(area, 1, &second);
    let graph = Graph::of(shared, rule);
    let below = page::graph(shared, &graph, &Labels::default(), None, page::under_head(area), pen);
    page::text(&lines(shared, detail, usize::from(area.width)), detail.scroll, below, pen);
}

fn lines(shared: &Shared, detail: &Detail, width: usize) -> Vec<Vec<Words>> {
    let rule = &detail.rule;
    let mut lines = Vec::new();
    if !rule.last_error.is_empty() {
        lines.extend(wrapped("last error", &rule.last_error, width));
    }
    lines.extend(rule.alerting.as_ref().map(|a| pair("for", &human(a.hold), Role::Text)));
    lines.extend(wrapped("expression", &rule.expr, width));
    if let Some(alerting) = &rule.alerting {
        lines.push(vec![(Role::Title, format!(" Active: {}", counted(alerting.alerts.len(), "alert")))]);
        lines.extend(alerting.alerts.iter().flat_map(|alert| active(shared, alerting, alert, width)));
    }
    lines.extend(evaluation(shared, detail));
    if let Some(alerting) = &rule.alerting {
        lines.push(vec![(Role::Title, " Labels".into())]);
        lines.extend(pairs(&alerting.labels));
        lines.push(vec![(Role::Title, " Annotations".into())]);
        lines.extend(alerting.annotations.iter().flat_map(|(name, value)| wrapped(name, value, width)));
    }
    lines
}

/// One alert of the rule: how it stands, its value, what tells it from the others.
fn active(shared: &Shared, alerting: &Alerting, alert: &RuleAlert, width: usize) -> Vec<Vec<Words>> {
    let age = shared.server_now().since(alert.active_at);
    let state = if alert.firing {
        format!("firing {}", coarse(age.saturating_sub(alerting.hold)))
    } else {
        fires_in(alert.fires_in(alerting.hold, shared.server_now()))
    };
    let own: Labels =
        alert.labels.iter().filter(|(name, _)| *name != "alertname" && alerting.labels.get(name).is_none()).collect();
    wrapped(&state, &format!("{own}  value {}", alert.value), width)
}

fn evaluation(shared: &Shared, detail: &Detail) -> Vec<Vec<Words>> {
    let (rule, group) = (&detail.rule, &detail.group);
    let whole = known(shared).iter().find(|other| other.name == group.name && other.file == group.file);
    let of = |part: Option<f64>| part.map_or_else(String::new, |part| format!(", {} of the interval", percent(part)));
    let ago = rule.evaluated_at.map(|at| format!("{} ago", human(shared.server_now().since(at))));
    let mut lines = vec![vec![(Role::Title, " Evaluation".into())]];
    lines.push(pair("health", &rule.health, Role::Text));
    lines.push(pair("evaluated", ago.as_deref().unwrap_or("never"), Role::Text));
    lines.push(pair("took", &format!("{:.1?}{}", rule.took, of(rule.share(group.interval))), Role::Text));
    if let Some(whole) = whole {
        let took: Duration = whole.rules.iter().map(|rule| rule.took).sum();
        let all = counted(whole.rules.len(), "rule");
        let drawn = if whole.share().is_some_and(|share| share >= 1.0) { Role::Critical } else { Role::Text };
        lines.push(pair("group", &format!("{all} every {}, {took:.1?}{}", human(group.interval), of(whole.share())), drawn));
    }
    lines.push(pair("file", &group.file, Role::Dim));
    lines
}
