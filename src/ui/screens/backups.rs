//! Screen 6, Backups: the services with their clocks; the selected one's calendar and backups; one backup's detail.

mod calendar;
pub mod clock;
mod detail;
mod list;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::backups::Part;
use crate::app::screens::backups::shelf::{Shelf, catalogue, rpo, rto, shelves, sizes};
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::{Clean, fit};
use crate::domain::repository::RepositorySpec;
use crate::ui::panels;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::{bytes, counted};
use crate::ui::theme::Role;

/// From this width on, the trend of the sizes is drawn in full.
const WIDE: u16 = 110;
/// How many sizes are drawn there.
const WHOLE_TREND: usize = 20;
/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 20;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.backups);
    if let Some(detail) = &screen.detail {
        return detail::draw(shared, detail, area, pen);
    }
    let repositories = repositories(shared);
    for (row, line) in repositories.iter().enumerate() {
        pen.line(area, row as u16, line);
    }
    let used = (repositories.len() as u16).min(area.height);
    let below = Rect { y: area.y + used, height: area.height - used, ..area };
    let all = shelves(shared);
    if all.is_empty() {
        return pen.words(below, 1, Role::Dim, nothing(shared));
    }
    let height = (all.len() as u16 + 1).min((below.height / 3).max(3));
    services(model, &all, Rect { height, ..below }, pen);
    let rest = Rect { y: below.y + height, height: below.height - height.min(below.height), ..below };
    if let Some(shelf) = screen.shelf(shared) {
        contents(model, &shelf, rest, pen);
    }
}

fn nothing(shared: &Shared) -> &'static str {
    if shared.environment().repositories.is_empty() {
        " no repository is configured: add [environments.NAME.repositories.NAME] to midwatch.toml"
    } else {
        " no service is backed up: add [environments.NAME.services.NAME.backup] to midwatch.toml"
    }
}

/// One line for each repository: where it is, what it holds, and how far that can be trusted.
fn repositories(shared: &Shared) -> Vec<Vec<Words>> {
    shared.environment().repositories.iter().map(|spec| repository(shared, spec)).collect()
}

fn repository(shared: &Shared, spec: &RepositorySpec) -> Vec<Words> {
    let mut words = vec![
        (Role::Title, format!(" {}", Clean::new(spec.name.as_str()))),
        (Role::Dim, format!("  {}", Clean::new(&spec.place.to_string()))),
    ];
    if let Some(held) = catalogue(shared, &spec.name) {
        let size: u64 = held.entries.iter().map(crate::domain::backup::catalogue::Entry::bytes).sum();
        words.push((Role::Text, format!("  {}, {}", counted(held.entries.len(), "backup"), bytes(size))));
        let left: u64 = held.orphans.iter().filter(|orphan| !orphan.live).map(|orphan| orphan.bytes).sum();
        let orphans = held.orphans.iter().filter(|orphan| !orphan.live).count();
        if orphans > 0 {
            words.push((Role::Warning, format!("  {}, {}", counted(orphans, "orphan"), bytes(left))));
        }
    }
    let freshness = shared.freshness(&Source::Catalogue(spec.name.clone()));
    words.extend(staleness(&freshness).map(|(role, text)| (role, format!("  {text}"))));
    words
}

fn services(model: &Model, all: &[Shelf], area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.backups);
    let focused = screen.part == Part::Shelves;
    pen.heading(area, 0, "Services: what could be lost, how long a restore takes", focused);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let selected = screen.shelf.row(all);
    let name_width = all.iter().map(|shelf| name(shared, shelf).len().min(LONGEST_NAME)).max().unwrap_or(0);
    let trend = if area.width >= WIDE { WHOLE_TREND } else { 8 };
    let first = first_row(selected, all.len(), usize::from(list.height));
    for (n, shelf) in all.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let row = (n - first) as u16;
        pen.spot(list, row, Spot::Shelf(shelf.clone()));
        pen.line(list, row, &service(shared, shelf, name_width, trend, pen));
        if Some(n) == selected {
            // The list below belongs to it, wherever the focus is.
            pen.mark(list, row, if focused { Role::Selection } else { Role::Title });
        }
    }
}

/// The clocks of some services, one line each, as they stand on this screen in little room.
pub fn clocks(shared: &Shared, some: &[Shelf], pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let name_width = some.iter().map(|shelf| name(shared, shelf).len().min(LONGEST_NAME)).max().unwrap_or(0);
    some.iter().map(|shelf| service(shared, shelf, name_width, 8, pen)).collect()
}

/// The service, with its environment where that is not the one that is open.
fn name(shared: &Shared, shelf: &Shelf) -> String {
    let (environment, service) = (Clean::new(shelf.environment.as_str()), Clean::new(shelf.service.as_str()));
    if shelf.environment == shared.environment().name { service.into_string() } else { format!("{environment}/{service}") }
}

fn service(shared: &Shared, shelf: &Shelf, name_width: usize, trend: usize, pen: &Pen<'_>) -> Vec<Words> {
    let fresh = shared.freshness(&Source::Catalogue(shelf.repository.clone()));
    let (rpo, rto) = (clock::rpo(rpo(shared, shelf), &fresh, pen), clock::rto(rto(shared, shelf), &fresh, pen));
    let name = fit(&name(shared, shelf), name_width, pen.look.pick("…", "~"));
    let sizes = sizes(shared, shelf);
    let values: Vec<f64> = sizes.iter().rev().take(trend).rev().map(|size| *size as f64).collect();
    let mut words = vec![(Role::Text, format!(" {name:<name_width$}  "))];
    words.push((rpo.0, format!("{:<22}", rpo.1)));
    words.push((rto.0, format!("  {:<22}", rto.1)));
    words.push((Role::Text, format!("{:>10} ", sizes.last().map_or_else(String::new, |size| bytes(*size)))));
    words.push((Role::Accent, format!("{:<trend$}", panels::chart::sparkline(&values, trend, pen.look))));
    if trend == WHOLE_TREND {
        words.push((Role::Dim, format!("  in {}", Clean::new(shelf.repository.as_str()))));
    }
    words
}

fn contents(model: &Model, shelf: &Shelf, area: Rect, pen: &mut Pen<'_>) {
    let shared = &model.shared;
    let focused = model.screens.backups.part == Part::Backups;
    let title = format!("{} in {}", name(shared, shelf), Clean::new(shelf.repository.as_str()));
    pen.heading(area, 0, &title, focused);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let left = Rect { width: calendar::WIDTH.min(below.width), ..below };
    calendar::draw(shared, shelf, left, pen);
    let right = Rect { x: left.right(), width: below.width - left.width, ..below };
    let freshness = shared.freshness(&Source::Catalogue(shelf.repository.clone()));
    if matches!(freshness, Freshness::Waiting | Freshness::Failed(_)) {
        let words = staleness(&freshness).map(|(role, text)| (role, format!("unknown: {text}")));
        return pen.line(right, 0, &words.into_iter().collect::<Vec<_>>());
    }
    list::draw(model, focused, right, pen);
}
