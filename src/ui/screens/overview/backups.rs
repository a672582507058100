//! The clocks of the backups, where there is room for them: how old the last proved backup is, how long a restore takes.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::backups::shelf::{Shelf, of_service};
use crate::ui::pen::Pen;
use crate::ui::screens::backups;

/// The services of this environment that are backed up.
pub fn kept(shared: &Shared) -> Vec<Shelf> {
    shared.environment().services.iter().filter_map(|service| of_service(shared, &service.name)).collect()
}

/// Draws them under their heading.
pub fn draw(shared: &Shared, area: Rect, pen: &mut Pen<'_>) {
    if area.height == 0 {
        return;
    }
    pen.heading(area, 0, "Backups: what could be lost, how long a restore takes", false);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    for (row, line) in backups::clocks(shared, &kept(shared), pen).iter().enumerate() {
        pen.line(below, row as u16, line);
    }
}
