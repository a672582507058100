//! The severity ladder: of each severity how many alerts fire, and how long the oldest has waited against its response time.

use std::time::Duration;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::rows::{self, Row, Standing};
use crate::app::screens::overview::ladder::{Rung, rungs};
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::coarse;
use crate::ui::theme::Role;

/// How long the bar of a rung is.
const BAR: usize = 10;

/// One line for each severity of which anything fires, and one for the rest and what is counted apart.
pub fn lines(shared: &Shared, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let known = shared.freshness(&Source::Alerts);
    if let Some(words) =
        staleness(&known).filter(|_| shared.environment().alertmanagers > 0 && shared.store.data(&Source::Alerts).is_none())
    {
        return vec![vec![(Role::Critical, " alerts unknown: ".into()), words]];
    }
    let rungs = rungs(shared);
    let firing = rungs.iter().filter(|rung| rung.firing > 0);
    let mut lines: Vec<Vec<Words>> = firing.map(|rung| line(shared, rung, pen)).collect();
    lines.push(rest(shared, &rungs, pen));
    lines
}

/// ` ✖ P1 critical   7  ████████░░ 12m of 15m  PostgresDown primary`.
fn line(shared: &Shared, rung: &Rung<'_>, pen: &Pen<'_>) -> Vec<Words> {
    let (role, sign) = pen.severity(rung.severity);
    let sign: String = sign.chars().take(1).collect();
    let mut words = vec![(role, format!(" {sign} {:<11} {:>3}  ", rung.severity.rung(), rung.firing))];
    if let Some((row, waited)) = rung.oldest {
        words.extend(waiting(shared, rung, waited, pen));
        words.push((Role::Text, format!("  {}", Clean::new(row.name()))));
        words.push((Role::Accent, format!(" {}", Clean::new(row.about()))));
    }
    words
}

/// How long the oldest has waited, against how long it may.
fn waiting(shared: &Shared, rung: &Rung<'_>, waited: Duration, pen: &Pen<'_>) -> Vec<Words> {
    // Rule 1: nothing is known to go on while nobody is heard of.
    if !shared.freshness(&Source::Alerts).is_fresh() {
        return vec![(Role::Stale, format!("{:BAR$} {:<22}", "", format!("{}, unconfirmed", coarse(waited))))];
    }
    let Some(allowed) = rung.allowed else {
        return vec![(Role::Text, format!("{:BAR$} {:<22}", "", format!("oldest {}", coarse(waited))))];
    };
    let part = (waited.as_secs_f64() / allowed.as_secs_f64().max(1.0)).min(1.0);
    let full = (part * BAR as f64).floor() as usize;
    let told = match rung.overdue() {
        Some(over) => format!("{} of {}, {} late", coarse(waited), human(allowed), coarse(over)),
        None => format!("{} of {}", coarse(waited), human(allowed)),
    };
    let role = if rung.overdue().is_some() {
        Role::Critical
    } else if part >= 0.5 {
        Role::Warning
    } else {
        Role::Text
    };
    let bar = pen.look.pick("█", "#").repeat(full);
    vec![(role, bar), (Role::Grid, pen.look.pick("░", "-").repeat(BAR - full)), (role, format!(" {told:<22}"))]
}

/// What does not fire, in a word each; the watchdog; what is counted apart.
fn rest(shared: &Shared, rungs: &[Rung<'_>], pen: &Pen<'_>) -> Vec<Words> {
    let mut words = Vec::new();
    if rungs.iter().all(|rung| rung.firing == 0) {
        words.push(nothing(shared, pen));
    } else {
        let quiet: Vec<&str> = rungs.iter().filter(|rung| rung.firing == 0).map(|rung| rung.severity.rung()).collect();
        words.push((Role::Dim, if quiet.is_empty() { String::new() } else { format!(" no {} ", quiet.join(", ")) }));
    }
    words.extend(watchdog(shared, rows::rows(shared), pen));
    for (standing, role) in
        [(Standing::Lost, Role::Critical), (Standing::Pending, Role::Warning), (Standing::Suppressed, Role::Dim)]
    {
        let n = rows::rows(shared).iter().filter(|r| r.standing == standing && !rows::is_watchdog(r)).count();
        if n > 0 {
            words.push((role, format!(" {} {n} ", standing.word())));
        }
    }
    let stale = staleness(&shared.freshness(&Source::Alerts)).filter(|_| shared.environment().alertmanagers > 0);
    words.extend(stale.map(|(role, text)| (role, format!(" {text}"))));
    words
}

/// The dead-man's alert fires while the way from Prometheus to here is whole: Alertmanager must have told of it, and not long ago.
fn watchdog(shared: &Shared, rows: &[Row], pen: &Pen<'_>) -> Option<Words> {
    let row = rows.iter().find(|r| rows::is_watchdog(r))?;
    let told = matches!(row.standing, Standing::Firing | Standing::Suppressed) && !row.members.is_empty();
    Some(match (shared.freshness(&Source::Alerts).is_fresh(), told) {
        (true, true) => (Role::Good, pen.look.pick(" ✔ watchdog ", " + watchdog ").into()),
        (true, false) => (Role::Critical, pen.look.pick(" ✖ watchdog lost ", " X watchdog lost ").into()),
        (false, _) => (Role::Unknown, " ? watchdog ".into()),
    })
}

/// Silence is only good news where somebody answered.
fn nothing(shared: &Shared, pen: &Pen<'_>) -> Words {
    match shared.environment().alertmanagers {
        0 => (Role::Dim, " no alertmanager is configured ".into()),
        _ if shared.freshness(&Source::Alerts).is_fresh() => {
            (Role::Good, pen.look.pick(" ✔ nothing fires ", " + nothing fires ").into())
        }
        _ => (Role::Unknown, " ? unknown whether anything fires ".into()),
    }
}
