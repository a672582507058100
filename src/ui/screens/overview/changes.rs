//! What changed in the last hour, the newest first.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::jobs;
use crate::app::screens::overview::Overview;
use crate::app::screens::overview::changes::{Change, What, unknown};
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::ui::pen::{Pen, Words};
use crate::ui::screens::jobs as jobs_drawn;
use crate::ui::screens::overview::key_to;
use crate::ui::screens::overview::room::{List, list};
use crate::ui::theme::Role;

/// Draws them under their heading.
pub fn draw(shared: &Shared, overview: &Overview, focused: bool, area: Rect, pen: &mut Pen<'_>) {
    if overview.changes.is_empty() {
        pen.heading(area, 0, &title(shared), focused);
        let words = if unknown(shared).is_empty() { " nothing that midwatch knows of" } else { " nothing is known yet" };
        return pen.words(area, 1, Role::Dim, words);
    }
    let at = overview.selected_change().and_then(|one| overview.changes.iter().position(|other| other.id == one.id));
    let (title, key) = (title(shared), key_to(shared, focused));
    let drawn = List { title: &title, rows: &overview.changes, at, focused, key, of: &|_| String::new() };
    list(&drawn, area, pen, |change, area, y, pen| {
        pen.line(area, y, &line(shared, change, pen));
        pen.spot(area, y, Spot::Change(change.id.clone()));
    });
}

/// What nobody can say anything of is said: silence there is no calm.
fn title(shared: &Shared) -> String {
    match unknown(shared).as_slice() {
        [] => "Changed in the last hour".to_owned(),
        of => format!("Changed in the last hour; {} unknown", of.join(", ")),
    }
}

fn line(shared: &Shared, change: &Change, pen: &Pen<'_>) -> Vec<Words> {
    let at = clock(change.at);
    let (role, sign) = sign(shared, &change.what, pen);
    let words = Clean::new(&change.what.words(shared)).into_string();
    vec![(Role::Dim, format!(" {} ", at.get(11..16).unwrap_or_default())), (role, format!("{sign} ")), (Role::Text, words)]
}

fn sign(shared: &Shared, what: &What, pen: &Pen<'_>) -> Words {
    let first = |(role, sign): Words| (role, sign.chars().take(1).collect());
    match what {
        What::Alert { severity, ended: None, .. } => first(pen.severity(*severity)),
        What::Alert { .. } => (Role::Text, pen.look.pick("○", ".").into()),
        What::Job(id) => match jobs::find(shared, *id) {
            Some(job) => first(jobs_drawn::sign(job.state, pen)),
            None => (Role::Unknown, "?".into()),
        },
        What::Started { .. } => (Role::Accent, pen.look.pick("↻", "o").into()),
        What::Deployed { .. } => (Role::Accent, pen.look.pick("↑", "^").into()),
        What::Gap(_) => (Role::Unknown, "?".into()),
    }
}
