//! A Redis's clients, its slow commands, its memory and its keys.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::services::Open;
use crate::app::screens::services::rows::{self, RowId};
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::domain::time::human;
use crate::domain::triage::redis::{Client, Database, Memory, RedisTriage, Slow};
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::{bytes, coarse, counted, percent};
use crate::ui::screens::services::table::{self, Column, Row};
use crate::ui::screens::services::{foot, told, triage_source, wrapped};
use crate::ui::theme::Role;

const CLIENTS: &[Column] = &[
    Column::number("ID", 8),
    Column::number("MEMORY", 9),
    Column::number("UNSENT", 9),
    Column::text("ADDRESS", 22),
    Column::number("IDLE", 7),
    Column::number("AGE", 7).from(100),
    Column::text("USER", 14).from(110),
    Column::text("ROLE", 10),
    Column::text("COMMAND", 16),
    Column::text("NAME", 60),
];

const SLOWLOG: &[Column] =
    &[Column::text("AT", 8), Column::number("TOOK", 7), Column::text("CLIENT", 30).from(110), Column::text("COMMAND", 200)];

/// The area below the head, and what is known.
fn known<'a>(
    shared: &'a Shared,
    open: &Open,
    words: Vec<Words>,
    area: Rect,
    pen: &mut Pen<'_>,
) -> Option<(Rect, &'a RedisTriage)> {
    let known = rows::redis(shared, &open.name);
    let mut words = words;
    let denied = known.iter().flat_map(|told| &told.denied);
    words.extend(denied.map(|why| (Role::Warning, format!("  {}", Clean::new(why)))));
    told(shared, open, &triage_source(open), words, area, pen).zip(known)
}

/// Draws the clients, those that take the most first.
pub fn clients(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let listed = rows::clients(shared, open);
    let more = rows::redis(shared, &open.name).map_or(0, |told| told.more);
    let mut words = vec![(Role::Dim, format!(" {}", counted(listed.len(), "client")))];
    words.extend((more > 0).then(|| (Role::Warning, format!("  and {more} smaller ones"))));
    let Some((below, _)) = known(shared, open, words, area, pen) else { return };
    let rows: Vec<Row> = listed.iter().map(|one| client(one)).collect();
    table::draw(CLIENTS, &rows, open.selected.row(&open.ids(shared)), below, pen);
}

fn client(one: &Client) -> Row {
    let clean = |text: &str| Clean::new(text).into_string();
    let cells = vec![
        (Role::Text, one.id.to_string()),
        (Role::Text, one.memory.map_or_else(|| "?".to_owned(), bytes)),
        (if one.output > 0 { Role::Warning } else { Role::Dim }, bytes(one.output)),
        (Role::Text, clean(&one.address)),
        (Role::Dim, coarse(one.idle)),
        (Role::Dim, coarse(one.age)),
        (Role::Dim, clean(&one.user)),
        (Role::Accent, one.role().to_owned()),
        (Role::Text, clean(&one.command)),
        (Role::Dim, clean(&one.name)),
    ];
    Row { cells, spot: Spot::Row(RowId::Client(one.id)) }
}

/// Draws the slow commands, the newest first.
pub fn slowlog(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let listed = rows::slowlog(shared, open);
    let words = vec![(Role::Dim, format!(" {}", counted(listed.len(), "slow command")))];
    let Some((below, _)) = known(shared, open, words, area, pen) else { return };
    if listed.is_empty() {
        return pen.words(below, 1, Role::Dim, " no command took longer than slowlog-log-slower-than");
    }
    let at = open.selected.row(&open.ids(shared));
    let selected = at.and_then(|at| listed.get(at)).map(|slow| about(slow, below.width, pen));
    let below = foot(below, selected.as_deref().unwrap_or_default(), pen);
    let rows: Vec<Row> = listed.iter().map(|one| slow(one)).collect();
    table::draw(SLOWLOG, &rows, at, below, pen);
}

fn about(slow: &Slow, width: u16, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let mut lines = vec![vec![
        (Role::Text, format!(" {} took {}", clock(slow.at), exact(slow.took))),
        (Role::Dim, format!("  from {}", Clean::new(&slow.client))),
    ]];
    lines.extend(wrapped(&slow.command, width, 4, pen));
    lines
}

/// `180ms`, `1.2s`.
fn exact(took: Duration) -> String {
    if took < Duration::from_secs(1) { format!("{took:.0?}") } else { format!("{took:.1?}") }
}

fn slow(one: &Slow) -> Row {
    let clean = |text: &str| Clean::new(text).into_string();
    let cells = vec![
        (Role::Dim, clock(one.at).get(11..19).unwrap_or_default().to_owned()),
        (Role::Warning, exact(one.took)),
        (Role::Dim, clean(&one.client)),
        (Role::Text, clean(&one.command)),
    ];
    Row { cells, spot: Spot::Row(RowId::Slow(one.id)) }
}

/// Draws what the memory goes to.
pub fn memory(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let Some((below, told)) = known(shared, open, vec![], area, pen) else { return };
    for (row, line) in memory_lines(&told.memory, pen).iter().skip(open.scroll).enumerate() {
        pen.line(below, row as u16, line);
    }
}

fn pair(name: &str, role: Role, value: String) -> Vec<Words> {
    vec![(Role::Dim, format!("   {name:<16} ")), (role, value)]
}

fn memory_lines(memory: &Memory, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let full = memory.limit.filter(|limit| *limit > 0).map(|limit| memory.used as f64 / limit as f64);
    let (role, sign) = match full {
        Some(full) if full >= 0.95 => (Role::Critical, pen.look.pick("✖ ", "X ")),
        Some(full) if full >= 0.8 => (Role::Warning, pen.look.pick("▲ ", "! ")),
        _ => (Role::Text, ""),
    };
    let of = full
        .zip(memory.limit)
        .map_or_else(|| ", no limit".to_owned(), |(full, limit)| format!(" of {}, {}", bytes(limit), percent(full)));
    let (ratio_role, ratio) = match memory.fragmentation {
        None => (Role::Unknown, "unknown".to_owned()),
        Some(ratio) if ratio < 0.95 => (Role::Critical, format!("{ratio:.2}: less than it uses, so that it swaps")),
        // A few megabytes of the program itself weigh much in a small server.
        Some(ratio) if ratio >= 1.5 && memory.resident > (256 << 20) => {
            (Role::Warning, format!("{ratio:.2}: much is lost to fragments"))
        }
        Some(ratio) => (Role::Text, format!("{ratio:.2}")),
    };
    let evicted = if memory.evicted > 0 { Role::Warning } else { Role::Text };
    let mut lines = vec![
        pair("used", role, format!("{sign}{}{of}", bytes(memory.used))),
        pair("peak", Role::Text, bytes(memory.peak)),
        pair("resident", Role::Text, bytes(memory.resident)),
        pair("fragmentation", ratio_role, ratio),
        pair("policy", Role::Text, Clean::new(&memory.policy).into_string()),
        pair("evicted", evicted, format!("{} keys since it started", memory.evicted)),
        pair("expired", Role::Text, format!("{} keys since it started", memory.expired)),
    ];
    lines.extend(memory.clients.map(|n| pair("clients", Role::Text, bytes(n))));
    lines.extend(memory.backlog.map(|n| pair("backlog", Role::Text, bytes(n))));
    lines
}

/// Draws the databases.
pub fn keyspace(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let Some((below, told)) = known(shared, open, vec![], area, pen) else { return };
    if told.databases.is_empty() {
        return pen.words(below, 0, Role::Dim, " it holds no key");
    }
    for (row, one) in told.databases.iter().skip(open.scroll).enumerate() {
        pen.line(below, row as u16, &database(*one));
    }
}

fn database(one: Database) -> Vec<Words> {
    let share = if one.keys == 0 { String::new() } else { format!(" ({})", percent(one.expires as f64 / one.keys as f64)) };
    let ttl = one.ttl.map_or_else(String::new, |ttl| format!(", after {} on average", human(ttl)));
    vec![
        (Role::Text, format!("   db{:<4} {:>12} keys", one.number, one.keys)),
        (Role::Dim, format!("  {} expire{share}{ttl}", one.expires)),
    ]
}
