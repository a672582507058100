//! What the mouse does. Nothing needs it, and nothing is confirmed with it: a plan that lies over the screen takes keys alone.

use crate::app::command::{Args, Call};
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::screen::Travel;
use crate::app::spot::Spot;
use crate::app::update;

/// How many rows a notch of the wheel is.
const NOTCH: isize = 3;

/// Runs a command that is pointed at, and selects anything else; pointed at twice in a row it opens.
pub fn point(model: &mut Model, spot: &Spot, twice: bool) -> Vec<Effect> {
    model.notice = None;
    match (&mut model.popup, spot) {
        (Some(Popup::Picker(picker)), Spot::Offer(at)) => {
            picker.selected = *at;
            if twice { update::press(model, Key::enter()) } else { vec![] }
        }
        (Some(_), _) => vec![],
        (None, Spot::Call(call)) => {
            model.pending.clear();
            update::run(model, call)
        }
        (None, spot) => {
            let (screen, shared) = model.screen_mut();
            let opens = screen.point(shared, spot) && twice;
            if opens { update::run(model, &Call { command: "open", args: Args::default() }) } else { vec![] }
        }
    }
}

/// Moves through what lies uppermost.
pub fn wheel(model: &mut Model, down: bool) -> Vec<Effect> {
    if model.popup.is_some() {
        return (0..NOTCH).flat_map(|_| update::press(model, Key::arrow(down))).collect();
    }
    let (screen, shared) = model.screen_mut();
    screen.travel(shared, Travel::Rows(if down { NOTCH } else { -NOTCH }));
    vec![]
}
