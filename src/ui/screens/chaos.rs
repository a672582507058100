//! Screen 8, Chaos: its tabs, and what each has in common with the others.

mod drill;
mod past;
pub mod probes;
mod scenarios;

use ratatui::layout::Rect;

use crate::app::command::Call;
use crate::app::model::Model;
use crate::app::need::Source;
use crate::app::screens::chaos::{Tab, live};
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::theme::Role;

pub use drill::fault;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.chaos);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    pen.line(area, 0, &head(model, pen));
    match (screen.tab, screen.shown(shared)) {
        (Tab::Drill | Tab::Past, Some(one)) => drill::draw(shared, one, screen.scroll, below, pen),
        (Tab::Drill, None) => pen.words(below, 1, Role::Dim, " no drill was ever run here; Enter on a scenario plans one"),
        (Tab::Scenarios, _) => scenarios::draw(model, below, pen),
        (Tab::Past, None) => past::draw(model, below, pen),
    }
    for tab in Tab::ALL {
        let call = Call::with("tab", &tab.title().to_lowercase());
        pen.spot_word(Rect { height: 1, ..area }, 0, tab.title(), Spot::Call(call));
    }
}

/// The tabs, whether a drill runs, and how far what is known can be trusted.
fn head(model: &Model, pen: &Pen<'_>) -> Vec<Words> {
    let (shared, screen) = (&model.shared, &model.screens.chaos);
    let mut words: Vec<Words> = Vec::new();
    for tab in Tab::ALL {
        let is_shown = tab == screen.tab;
        let title = if is_shown { format!(" [{}]", tab.title()) } else { format!("  {} ", tab.title()) };
        words.push((if is_shown { Role::Title } else { Role::Dim }, title));
        let runs = tab == Tab::Drill && live(shared).is_some();
        words.extend(runs.then(|| (Role::Accent, pen.look.pick("▸ ", "> ").to_owned())));
    }
    if !screen.filter.is_empty() {
        words.push((Role::Accent, format!("  filter: {}", Clean::new(&screen.filter))));
    }
    words.extend(staleness(&shared.freshness(&Source::Drills)).map(|(role, text)| (role, format!("  {text}"))));
    words
}
