//! Where things stand on the terminal. Pure geometry, shared by what is asked for and what is drawn.

pub mod grid;

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::screen::Travel;
use crate::domain::range::TimeRange;

/// The smallest terminal that is drawn on.
pub const SMALLEST: (u16, u16) = (40, 10);
/// As many samples a column as keep a spike from falling between two of them, most of the time.
const SAMPLES_A_COLUMN: u32 = 6;
/// Prometheus refuses more samples a series than 11 000.
const MOST_SAMPLES: u32 = 2_000;

/// The context bar, the body, and the key line.
pub fn frame(area: Rect) -> [Rect; 3] {
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let line = |y| Rect { y, height: 1.min(area.height), ..area };
    [line(area.y), body, line(area.bottom().saturating_sub(1))]
}

/// The body of a terminal of this size.
pub fn body(size: (u16, u16)) -> Rect {
    frame(Rect::new(0, 0, size.0, size.1))[1]
}

/// The step of a range query for a graph of so many columns.
pub fn step(range: TimeRange, columns: u16) -> Duration {
    let samples = (u32::from(columns.max(1)) * SAMPLES_A_COLUMN).min(MOST_SAMPLES);
    let exact = range.span() / samples;
    Duration::from_secs(exact.as_secs().max(1))
}

/// A text scrolled by a travel. Its end is kept by whoever draws it.
pub fn scrolled(scroll: usize, travel: Travel, page: usize) -> usize {
    match travel {
        Travel::Rows(n) => scroll.saturating_add_signed(n),
        Travel::Pages(n) => scroll.saturating_add_signed(n.saturating_mul(page as isize)),
        Travel::Ends(last) => {
            if last {
                usize::MAX / 2
            } else {
                0
            }
        }
        Travel::Columns(_) => scroll,
    }
}
