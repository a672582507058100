//! What time alone changes on the screen: as long as that stays the same, a second that went by needs no frame.
//!
//! It knows nothing of drawing; a test holds the frames against it. Whoever makes a screen count seconds has nothing to do here: a
//! screen counts them unless it says otherwise ([`Screen::windows`](crate::app::screen::Screen::windows)).

use crate::app::model::{Model, needs};
use crate::app::screens::chaos;
use crate::domain::range::Window;

const MINUTE: i64 = 60_000;

/// What time alone changes on a screen that counts no seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The context bar's clock.
    minute: i64,
    /// What the graphs show.
    windows: Vec<Window>,
}

/// What time alone changes now; none where something counts seconds: an age, an end that comes nearer.
pub fn dial(model: &Model) -> Option<Dial> {
    let shared = &model.shared;
    let counts = model.popup.is_some() || !shared.unlocked.is_empty() || !chaos::faults(shared).is_empty();
    if counts || !needs(model).iter().all(|need| shared.freshness(&need.source).is_fresh()) {
        return None;
    }
    let windows = model.screen().windows(shared)?;
    Some(Dial { minute: shared.now.wall.0.div_euclid(MINUTE), windows })
}
