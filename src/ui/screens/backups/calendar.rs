//! The last weeks, day by day, and what the signs mean.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::backups::calendar::{Mark, weeks};
use crate::app::screens::backups::shelf::Shelf;
use crate::domain::range::clock;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::date;
use crate::ui::theme::Role;

/// Columns it takes.
pub const WIDTH: u16 = 23;
/// Most people look no further back.
const MOST_WEEKS: u16 = 10;
const MARKS: [Mark; 5] = [Mark::Proved, Mark::ChecksumOnly, Mark::Failed, Mark::Orphan, Mark::Nothing];

/// Draws it.
pub fn draw(shared: &Shared, shelf: &Shelf, area: Rect, pen: &mut Pen<'_>) {
    let legend = if area.height >= 11 { MARKS.len() as u16 + 1 } else { 0 };
    let count = area.height.saturating_sub(legend + 1).min(MOST_WEEKS);
    pen.words(area, 0, Role::Dim, "        M T W T F S S");
    let weeks = weeks(shared, shelf, usize::from(count));
    for (n, week) in weeks.iter().enumerate() {
        let mut words = vec![(Role::Dim, format!(" {} ", date(&clock(week.monday))))];
        words.extend(week.days.iter().map(|day| day.map_or((Role::Dim, "  ".to_owned()), |mark| spaced(sign(mark, pen)))));
        pen.line(area, n as u16 + 1, &words);
    }
    if legend > 0 {
        for (n, mark) in MARKS.into_iter().enumerate() {
            let (role, sign) = sign(mark, pen);
            pen.line(area, count + 2 + n as u16, &[(role, format!("  {sign} ")), (Role::Dim, meaning(mark).to_owned())]);
        }
    }
}

fn spaced((role, sign): Words) -> Words {
    (role, format!("{sign} "))
}

/// The sign of a day: never its colour alone.
pub fn sign(mark: Mark, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii) = match mark {
        Mark::Proved => (Role::Good, "✔", "P"),
        Mark::ChecksumOnly => (Role::Warning, "○", "c"),
        Mark::Failed => (Role::Critical, "✖", "X"),
        Mark::Orphan => (Role::Unknown, "?", "?"),
        Mark::Nothing => (Role::Dim, "·", "."),
    };
    (role, pen.look.pick(unicode, ascii).to_owned())
}

fn meaning(mark: Mark) -> &'static str {
    match mark {
        Mark::Proved => "restored, checked",
        Mark::ChecksumOnly => "checksum only",
        Mark::Failed => "failed",
        Mark::Orphan => "orphan: not whole",
        Mark::Nothing => "nothing",
    }
}
