//! Screen 3, Alerts: its tabs, and what each has in common with the others.

mod detail;
mod list;
mod page;
mod rules;
mod silences;
mod targets;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::command::Call;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::screens::alerts::{Tab, rules as known_rules};
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::domain::alert::Member;
use crate::domain::clean::Clean;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;

pub use list::alert_line;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, alerts) = (&model.shared, &model.screens.alerts);
    match alerts.tab {
        Tab::Alerts => match &alerts.list.detail {
            Some(detail) => detail::draw(shared, detail, area, pen),
            None => list::draw(model, area, pen),
        },
        Tab::Silences => match &alerts.silences.detail {
            Some(detail) => silences::open(shared, detail, area, pen),
            None => silences::draw(model, area, pen),
        },
        Tab::Rules => match &alerts.rules.detail {
            Some(detail) => rules::open(shared, detail, area, pen),
            None => rules::draw(model, area, pen),
        },
        Tab::Targets => match &alerts.targets.detail {
            Some(detail) => targets::open(shared, detail, area, pen),
            None => targets::draw(model, area, pen),
        },
    }
    if alerts.contexts().contains(&"tabs") {
        for tab in Tab::ALL {
            pen.spot_word(area, 0, tab.title(), Spot::Call(Call::with("tab", &tab.title().to_lowercase())));
        }
    }
}

/// How many members told, where one did not, and why it did not.
fn silent(members: &[Member]) -> Option<Words> {
    let answered = members.iter().filter(|member| member.state.is_ok()).count();
    let (member, fault) = members.iter().find_map(|member| member.state.as_ref().err().map(|fault| (member, fault)))?;
    let words = format!("  {answered} of {} members; {}: {}", members.len(), Clean::new(&member.url), fault.kind.word());
    Some((Role::Warning, words))
}

/// The tabs, then how much of what the shown one lists, and how far that can be trusted.
fn head(model: &Model, shown: usize, all: usize, filter: &str, pen: &Pen<'_>) -> Vec<Words> {
    let mut words: Vec<Words> = Vec::new();
    for tab in Tab::ALL {
        let is_shown = tab == model.screens.alerts.tab;
        let title = tab.title();
        let title = if is_shown { format!(" [{title} {shown}]") } else { format!("  {title} ") };
        words.push((if is_shown { Role::Title } else { Role::Dim }, title));
        words.extend((tab == Tab::Rules).then(|| failing(model, pen)).flatten());
    }
    if shown < all {
        words.push((Role::Warning, format!(" of {all}")));
    }
    if !filter.is_empty() {
        words.push((Role::Accent, format!("  filter: {}", Clean::new(filter))));
    }
    words
}

/// Rules that fail are blind: that is said whatever tab is shown.
fn failing(model: &Model, pen: &Pen<'_>) -> Option<Words> {
    let (_, failing) = known_rules::count(&model.shared);
    (failing > 0).then(|| (Role::Critical, format!("{}{failing} ", pen.look.pick("✖", "X"))))
}

/// The rows of a list around its selected one.
fn rows<T>(lines: &[T], at: Option<usize>, area: Rect, pen: &mut Pen<'_>, mut line: impl FnMut(&T, Rect, u16, &mut Pen<'_>)) {
    let first = first_row(at, lines.len(), usize::from(area.height));
    for (n, one) in lines.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let y = (n - first) as u16;
        line(one, area, y, pen);
        if Some(n) == at {
            pen.mark(area, y, Role::Selection);
        }
    }
}

/// A name in a column of a list: cut or filled up to its width, and two spaces.
fn column(name: &str, width: usize, pen: &Pen<'_>) -> String {
    let name = pen.look.fit(Clean::new(name).as_str(), width).into_owned();
    let pad = width.saturating_sub(name.width()) + 2;
    format!("{name}{:pad$}", "")
}

/// What is below the line of the tabs.
fn below(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}
