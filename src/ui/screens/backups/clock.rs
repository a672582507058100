//! RPO and RTO in words: a sign, what was measured, the target.

use std::time::Duration;

use crate::app::screens::backups::shelf::Clock;
use crate::app::store::Freshness;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;

/// How old the youngest proved data is: `RPO ✔ 3h of 24h`.
pub fn rpo(clock: Clock, freshness: &Freshness, pen: &Pen<'_>) -> Words {
    written("RPO", "never proved", clock, freshness, pen)
}

/// How long a restore takes: `RTO ✔ 38s of 15m`.
pub fn rto(clock: Clock, freshness: &Freshness, pen: &Pen<'_>) -> Words {
    written("RTO", "never measured", clock, freshness, pen)
}

/// The same for a crowded line: `✖ last proved backup: never`.
pub fn short(clock: Clock, freshness: &Freshness, pen: &Pen<'_>) -> Words {
    let (role, sign) = judge(clock, freshness, pen);
    let words = match clock {
        Clock::Unknown => "last proved backup: unknown".to_owned(),
        Clock::Never => "last proved backup: never".to_owned(),
        Clock::Measured(age, Some(target)) if age > target => format!("proved {} ago, may be {}", rough(age), rough(target)),
        Clock::Measured(age, _) => format!("proved {} ago", rough(age)),
    };
    (role, format!("{sign} {words}"))
}

fn written(name: &str, never: &str, clock: Clock, freshness: &Freshness, pen: &Pen<'_>) -> Words {
    let (role, sign) = judge(clock, freshness, pen);
    let words = match clock {
        Clock::Unknown => "unknown".to_owned(),
        Clock::Never => never.to_owned(),
        Clock::Measured(is, Some(target)) => format!("{} of {}", rough(is), rough(target)),
        Clock::Measured(is, None) => format!("{}, no target", rough(is)),
    };
    (role, format!("{name} {sign} {words}"))
}

/// Rule 2: what is unknown is never well, and what was heard too long ago neither. A target that is missed stays missed.
fn judge(clock: Clock, freshness: &Freshness, pen: &Pen<'_>) -> (Role, &'static str) {
    match (clock.is_kept(), freshness.is_fresh()) {
        (Some(false), _) => (Role::Critical, pen.look.pick("✖", "X")),
        (Some(true), true) => (Role::Good, pen.look.pick("✔", "+")),
        (None, true) if clock != Clock::Unknown => (Role::Text, pen.look.pick("·", "-")),
        _ => (Role::Unknown, "?"),
    }
}

/// Minutes matter in the first day, hours in the first week, and days after it: a clock that stands still writes nothing.
fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    let unit = match seconds {
        0..60 => 1,
        60..86_400 => 60,
        86_400..604_800 => 3600,
        _ => 86_400,
    };
    human(Duration::from_secs(seconds - seconds % unit))
}
