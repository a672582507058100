//! Draws the model. It changes nothing, asks for nothing and reads no clock.
//!
//! Text from outside passes through `Clean` before it becomes a cell (rule 4).

mod away;
mod confirm;
mod context_bar;
mod key_line;
pub mod panels;
mod pen;
mod plan;
mod popup;
pub mod prose;
mod screens;
pub mod spots;
pub mod theme;

#[cfg(test)]
pub(crate) mod tests;

use ratatui::buffer::Buffer;

use crate::app::layout;
use crate::app::model::Model;
use crate::app::screen::ScreenId;
use crate::ui::pen::Pen;
pub use crate::ui::screens::dashboards::drawn::Drawn;
use crate::ui::spots::Spots;
use crate::ui::theme::{Look, Role};

/// Draws the whole console on an empty buffer; tells which cells are what, for the mouse. What was drawn before in this look is
/// taken from there where it would be the same.
pub fn view(model: &Model, look: &Look, drawn: &mut Drawn, buf: &mut Buffer) -> Spots {
    let area = buf.area;
    drawn.turn();
    if let Some(ground) = look.ground() {
        buf.set_style(area, ground);
    }
    let mut pen = Pen::new(buf, look);
    if area.width < layout::SMALLEST.0 || area.height < layout::SMALLEST.1 {
        let (columns, rows) = layout::SMALLEST;
        pen.words(area, 0, Role::Text, &format!("midwatch needs {columns}x{rows}, this is {}x{}", area.width, area.height));
        return pen.spots;
    }
    let [bar, body, keys] = layout::frame(area);
    context_bar::draw(model, bar, &mut pen);
    match model.screen {
        ScreenId::Overview => screens::overview::draw(model, body, &mut pen),
        ScreenId::Dashboards => screens::dashboards::draw(model, body, drawn, &mut pen),
        ScreenId::Alerts => screens::alerts::draw(model, body, &mut pen),
        ScreenId::Jobs => screens::jobs::draw(model, body, &mut pen),
        ScreenId::Backups => screens::backups::draw(model, body, &mut pen),
        ScreenId::Chaos => screens::chaos::draw(model, body, &mut pen),
        ScreenId::Services => screens::services::draw(model, body, &mut pen),
    }
    key_line::draw(model, keys, &mut pen);
    if model.popup.is_some() {
        // What lies over the screen takes every click, beside it too.
        pen.spots.cover(area);
    }
    popup::draw(model, body, &mut pen);
    pen.spots
}
