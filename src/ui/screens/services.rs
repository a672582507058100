//! Services: the list, and one service with its tabs.

mod cache;
mod instances;
mod list;
mod locks;
mod logs;
mod replication;
mod sessions;
pub mod table;

use ratatui::layout::Rect;

use crate::app::command::Call;
use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::services::tab::Tab;
use crate::app::screens::services::{Open, find};
use crate::app::spot::Spot;
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::service::Service;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::wrap;
use crate::ui::theme::Role;

/// How many lines what is selected is told in, below a list.
const FOOT: u16 = 5;
/// From this height on there is room for it.
const TALL: u16 = 16;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let screen = &model.screens.services;
    let Some((open, service)) = screen.open.as_ref().and_then(|open| Some((open, find(&model.shared, &open.name)?))) else {
        return list::draw(model, area, pen);
    };
    head(&model.shared, open, service, area, pen);
    let below = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    match open.tab {
        Tab::Instances => instances::draw(model, open, service, below, pen),
        Tab::Logs => logs::draw(&model.shared, open, service, below, pen),
        Tab::Sessions | Tab::Slow => sessions::draw(&model.shared, open, below, pen),
        Tab::Locks => locks::draw(&model.shared, open, below, pen),
        Tab::Replication => replication::draw(&model.shared, open, below, pen),
        Tab::Clients => cache::clients(&model.shared, open, below, pen),
        Tab::Slowlog => cache::slowlog(&model.shared, open, below, pen),
        Tab::Memory => cache::memory(&model.shared, open, below, pen),
        Tab::Keyspace => cache::keyspace(&model.shared, open, below, pen),
    }
}

/// The service on one line, its tabs on the next.
fn head(shared: &Shared, open: &Open, service: &Service, area: Rect, pen: &mut Pen<'_>) {
    let mut words = vec![list::sign(shared, service, pen)];
    words.push((Role::Title, format!(" {}  ", Clean::new(service.name.as_str()))));
    words.push((Role::Dim, format!("{} {}", service.kind.word(), Clean::new(&service.place))));
    words.extend(list::trouble(shared, service).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &words);
    let tabs = Tab::of(service.kind).iter();
    let mut line: Vec<Words> = tabs
        .map(|tab| {
            let (role, text) = if *tab == open.tab {
                (Role::Title, format!(" [{}]", tab.title()))
            } else {
                (Role::Dim, format!("  {} ", tab.title()))
            };
            (role, text)
        })
        .collect();
    if !open.filter.is_empty() {
        line.push((Role::Accent, format!("  filter: {}", Clean::new(&open.filter))));
    }
    pen.line(area, 1, &line);
    for tab in Tab::of(service.kind) {
        pen.spot_word(Rect { y: area.y + 1, height: 1, ..area }, 0, tab.title(), Spot::Call(Call::with("tab", tab.word())));
    }
}

/// How far what a tab shows can be trusted, and what of it; nothing below it where nothing was ever told.
fn told(shared: &Shared, open: &Open, source: &Source, words: Vec<Words>, area: Rect, pen: &mut Pen<'_>) -> Option<Rect> {
    let freshness = shared.freshness(source);
    let mut line = words;
    line.extend(staleness(&freshness).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &line);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match freshness {
        Freshness::Failed(fault) => {
            let lines = wrap(&fault.told(), usize::from(area.width).saturating_sub(2));
            for (row, line) in lines.iter().enumerate() {
                pen.words(below, row as u16 + 1, Role::Text, &format!(" {line}"));
            }
            None
        }
        Freshness::Waiting => None,
        Freshness::Fresh | Freshness::Stale { .. } => {
            shared.store.data(source).and_then(|_| find(shared, &open.name)).map(|_| below)
        }
    }
}

/// What is selected in more words, below a list; the list's part of the area.
fn foot(area: Rect, lines: &[Vec<Words>], pen: &mut Pen<'_>) -> Rect {
    if area.height < TALL || lines.is_empty() {
        return area;
    }
    let height = (lines.len() as u16).min(FOOT) + 1;
    let below = Rect { y: area.bottom() - height, height, ..area };
    pen.heading(below, 0, "Selected", false);
    for (row, line) in lines.iter().take(usize::from(FOOT)).enumerate() {
        pen.line(below, row as u16 + 1, line);
    }
    Rect { height: area.height - height, ..area }
}

/// A long text over the lines that are left of a foot, cut where they end.
fn wrapped(text: &str, width: u16, most: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let room = usize::from(width).saturating_sub(2);
    let one = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = wrap(&one, room);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(pen.look.fit(&rest, room).into_owned());
    }
    lines.into_iter().map(|line| vec![(Role::Text, format!(" {line}"))]).collect()
}

/// What a service of a kind is asked for behind its own tabs.
fn triage_source(open: &Open) -> Source {
    Source::Triage(open.name.clone())
}
