//! The targets, and one of them: how the last scrape went, how long it took, how old it is.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::alerts::targets::{Detail, Standing, id, known, patience, standing};
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::target::Target;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::{coarse, percent, rough};
use crate::ui::screens::alerts as screen;
use crate::ui::screens::alerts::page::{self, pair, pairs, wrapped};
use crate::ui::theme::Role;

/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 30;

/// Draws the list.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, targets) = (&model.shared, &model.screens.alerts.targets);
    let listed = targets.listed(shared);
    let mut head = screen::head(model, listed.len(), known(shared).len(), &targets.filter, pen);
    let down = listed.iter().filter(|(_, standing)| *standing == Standing::Down).count();
    head.extend((down > 0).then(|| (Role::Critical, format!("  {down} down"))));
    head.extend(staleness(&shared.freshness(&Source::Targets)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    let area = screen::below(area);
    if listed.is_empty() {
        return pen.words(area, 1, Role::Dim, empty(model));
    }
    let width = |name: fn(&Target) -> &str| {
        listed.iter().map(|(target, _)| Clean::new(name(target)).width().min(LONGEST_NAME)).max().unwrap_or(0)
    };
    let widths = (width(instance), width(|target| &target.pool));
    let ids: Vec<_> = listed.iter().map(|(target, _)| id(target)).collect();
    let at = targets.selected.row(&ids);
    screen::rows(&listed, at, area, pen, |(target, standing), area, y, pen| {
        pen.spot(area, y, Spot::Target(id(target)));
        line(shared, target, *standing, widths, area, y, pen);
    });
}

fn empty(model: &Model) -> &'static str {
    let shared = &model.shared;
    match &shared.environment().prometheus {
        None => " no Prometheus is configured for this environment",
        _ if !model.screens.alerts.targets.filter.is_empty() => " nothing passes the filter; Esc clears it",
        _ if shared.freshness(&Source::Targets).is_fresh() => " Prometheus scrapes nothing",
        _ => " unknown: Prometheus has not answered",
    }
}

fn instance(target: &Target) -> &str {
    target.labels.get("instance").unwrap_or(&target.url)
}

/// One target on one row: how it is, which it is, what is wrong, what the scrape cost, how old it is.
fn line(shared: &Shared, target: &Target, how: Standing, widths: (usize, usize), area: Rect, y: u16, pen: &mut Pen<'_>) {
    let rest = pen.right(area, y, &[cost(target, how), age(shared, target, how)]);
    let words = [
        sign(shared, how, pen),
        (Role::Text, screen::column(instance(target), widths.0, pen)),
        (Role::Dim, screen::column(&target.pool, widths.1, pen)),
        (Role::Critical, Clean::new(&target.last_error).into_string()),
    ];
    pen.line(rest, y, &words);
}

/// Rule 1: what was told too long ago is not shown as the present.
fn sign(shared: &Shared, how: Standing, pen: &Pen<'_>) -> Words {
    if !shared.freshness(&Source::Targets).is_fresh() {
        return (Role::Stale, format!(" ? was {:<7}", how.word()));
    }
    let (role, unicode, ascii) = match how {
        Standing::Down => (Role::Critical, "✖", "X"),
        Standing::Late | Standing::Slow => (Role::Warning, "▲", "!"),
        Standing::Unknown => (Role::Unknown, "?", "?"),
        Standing::Up => (Role::Good, "●", "o"),
    };
    (role, format!(" {} {:<8}", pen.look.pick(unicode, ascii), how.word()))
}

fn cost(target: &Target, how: Standing) -> Words {
    let role = if how == Standing::Slow { Role::Warning } else { Role::Dim };
    let share = target.share().map_or_else(String::new, percent);
    (role, format!("  {:>6} {share:>4}", rough(target.took)))
}

/// A scrape that is no older than it should be has one constant word, so that a quiet list writes nothing.
fn age(shared: &Shared, target: &Target, how: Standing) -> Words {
    let words = match target.last_scrape.map(|at| shared.server_now().since(at)) {
        None => "never".to_owned(),
        Some(age) if how != Standing::Late && age <= patience(shared, target) => format!("<{}", human(patience(shared, target))),
        Some(age) => coarse(age),
    };
    (if how == Standing::Late { Role::Warning } else { Role::Dim }, format!("  {words:>7} "))
}

/// Draws one.
pub fn open(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let target = &detail.target;
    let here = known(shared).iter().any(|other| other.labels == target.labels && other.pool == target.pool);
    let how = standing(shared, target);
    let mut head = vec![sign(shared, how, pen), (Role::Title, format!("{}  ", Clean::new(instance(target))))];
    head.push(if here {
        (Role::Dim, format!("of {}", Clean::new(&target.pool)))
    } else {
        (Role::Warning, "no longer scraped".into())
    });
    head.extend(staleness(&shared.freshness(&Source::Targets)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    pen.words(area, 1, Role::Critical, &format!(" {}", Clean::new(&target.last_error)));
    page::text(&lines(shared, target, usize::from(area.width)), detail.scroll, page::under_head(area), pen);
}

fn lines(shared: &Shared, target: &Target, width: usize) -> Vec<Vec<Words>> {
    let scraped = target.last_scrape.map(|at| format!("{} ago", human(shared.server_now().since(at))));
    let share = target.share().map_or_else(String::new, |part| format!(", {} of its interval", percent(part)));
    let mut lines = vec![vec![(Role::Title, " Scrape".into())]];
    lines.extend(wrapped("url", &target.shown_url(), width));
    lines.push(pair("pool", &target.pool, Role::Text));
    lines.push(pair("last scrape", scraped.as_deref().unwrap_or("never"), Role::Text));
    lines.push(pair("took", &format!("{:.1?}{share}", target.took), Role::Text));
    lines.push(pair("every", &human(target.interval), Role::Text));
    if !target.last_error.is_empty() {
        lines.extend(wrapped("last error", &target.last_error, width));
    }
    lines.push(vec![(Role::Title, " Labels".into())]);
    lines.extend(pairs(&target.labels));
    lines
}
