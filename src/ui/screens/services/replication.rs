//! What a PostgreSQL follows, who follows it, and the WAL that is kept for somebody.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::services::Open;
use crate::app::screens::services::rows;
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::domain::triage::postgres::{Follower, Slot, Upstream};
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::bytes;
use crate::ui::screens::services::{told, triage_source};
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let known = rows::postgres(shared, &open.name).map(|told| &told.replication);
    let position = known.map_or_else(String::new, |known| format!(" WAL at {}", Clean::new(&known.position)));
    let Some((below, known)) = told(shared, open, &triage_source(open), vec![(Role::Dim, position)], area, pen).zip(known) else {
        return;
    };
    let mut lines = Vec::new();
    lines.extend(known.upstream.iter().flat_map(upstream));
    lines.push(vec![(Role::Title, format!(" Followers {}", known.followers.len()))]);
    lines.extend(known.followers.iter().flat_map(|one| follower(one, pen)));
    lines.push(vec![(Role::Title, format!(" Slots {}", known.slots.len()))]);
    lines.extend(known.slots.iter().map(|one| slot(one, pen)));
    let first = open.scroll.min(lines.len().saturating_sub(usize::from(below.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(below.height)).enumerate() {
        pen.line(below, row as u16, line);
    }
}

fn upstream(up: &Upstream) -> Vec<Vec<Words>> {
    let state = if up.state.is_empty() { "no receiver runs" } else { &up.state };
    let role = if up.state == "streaming" { Role::Good } else { Role::Critical };
    let from = if up.from.is_empty() { String::new() } else { format!(" from {}", Clean::new(&up.from)) };
    let mut head = vec![(Role::Title, " Follows ".to_owned()), (role, format!(" {}{from}", Clean::new(state)))];
    head.extend(up.paused.then(|| (Role::Warning, "  replay is paused".to_owned())));
    let behind = up.behind.map_or_else(|| "?".to_owned(), bytes);
    let age = up.age.map_or_else(|| "unknown".to_owned(), human);
    vec![
        head,
        vec![(Role::Text, format!("   received {}  replayed {}", Clean::new(&up.received), Clean::new(&up.replayed)))],
        vec![(lag_role(up.age), format!("   {behind} received and not replayed; the newest replayed write is {age} old"))],
    ]
}

fn lag_role(age: Option<Duration>) -> Role {
    match age {
        None => Role::Unknown,
        Some(age) if age >= Duration::from_secs(30) => Role::Warning,
        Some(_) => Role::Text,
    }
}

fn follower(one: &Follower, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign) = match one.state.as_str() {
        "streaming" => (Role::Good, pen.look.pick("●", "o")),
        _ => (Role::Warning, pen.look.pick("▲", "!")),
    };
    let head = vec![
        (role, format!("   {sign} {:<10}", Clean::new(&one.state))),
        (Role::Text, format!(" {}", Clean::new(&one.name))),
        (Role::Dim, format!("  {}  {}", Clean::new(&one.client), Clean::new(&one.sync))),
    ];
    let size = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), bytes);
    let [sent, written, flushed, replayed] = one.bytes.map(size);
    let time = |n: usize| one.lag[n].map_or_else(String::new, |lag| format!(" ({lag:.1?})"));
    // What it has replayed is what its readers see: that comes first.
    let behind = format!(
        "     behind: replayed {replayed}{}, flushed {flushed}{}, written {written}{}, sent {sent}",
        time(2),
        time(1),
        time(0)
    );
    vec![head, vec![(lag_role(Some(one.lag[2].unwrap_or_default())), behind)]]
}

/// One that nobody reads keeps WAL until the disk is full.
fn slot(one: &Slot, pen: &Pen<'_>) -> Vec<Words> {
    let (role, sign, word) = match (one.active, one.status.as_str()) {
        (_, "lost" | "unreserved") => (Role::Critical, pen.look.pick("✖", "X"), one.status.as_str()),
        (true, _) => (Role::Good, pen.look.pick("●", "o"), "in use"),
        (false, _) => (Role::Warning, pen.look.pick("▲", "!"), "unused"),
    };
    let retained = one.retained.map_or_else(|| "?".to_owned(), bytes);
    vec![
        (role, format!("   {sign} {word:<10}")),
        (Role::Text, format!(" {}", Clean::new(&one.name))),
        (Role::Dim, format!("  {}  keeps {retained} of WAL", Clean::new(&one.kind))),
    ]
}
