//! A PostgreSQL's sessions: all of them, or those that are slow or hold a transaction open.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::services::Open;
use crate::app::screens::services::rows::{self, PATIENCE, RowId};
use crate::app::screens::services::tab::Tab;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::domain::triage::locks;
use crate::domain::triage::postgres::{Doing, PostgresTriage, Session};
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::counted;
use crate::ui::screens::services::table::{self, Column, Row};
use crate::ui::screens::services::{foot, told, triage_source, wrapped};
use crate::ui::theme::Role;

const COLUMNS: &[Column] = &[
    Column::number("PID", 7),
    Column::text("STATE", 12),
    Column::number("FOR", 7),
    Column::text("USER", 12),
    Column::text("APPLICATION", 20).from(110),
    Column::text("DATABASE", 14).from(120),
    Column::text("CLIENT", 16).from(150),
    Column::number("TRANSACTION", 11).from(140),
    Column::text("WAITS FOR", 24).from(100),
    Column::text("QUERY", 200),
];

/// Draws them.
pub fn draw(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let listed = rows::sessions(shared, open);
    let Some(below) = told(shared, open, &triage_source(open), head(shared, open, &listed), area, pen) else { return };
    if listed.is_empty() {
        return pen.words(below, 1, Role::Dim, nothing(open));
    }
    let at = open.selected.row(&open.ids(shared));
    let known = rows::postgres(shared, &open.name);
    let selected = at.and_then(|at| listed.get(at)).zip(known).map(|(session, known)| about(session, known, below.width, pen));
    let below = foot(below, selected.as_deref().unwrap_or_default(), pen);
    let rows: Vec<Row> = listed.iter().map(|session| row(session, pen)).collect();
    table::draw(COLUMNS, &rows, at, below, pen);
}

fn nothing(open: &Open) -> &'static str {
    match open.tab {
        _ if !open.filter.is_empty() => " nothing passes the filter; Esc clears it",
        Tab::Slow => " no query runs, and no transaction is held open, for longer than a second",
        _ => " nobody is connected",
    }
}

/// How many do what, and what is not seen.
fn head(shared: &Shared, open: &Open, listed: &[&Session]) -> Vec<Words> {
    let Some(told) = rows::postgres(shared, &open.name) else { return vec![] };
    let of = |doing: Doing| listed.iter().filter(|session| session.is_client() && session.doing() == doing).count();
    let mut words = vec![(Role::Dim, format!(" {}", counted(listed.len(), "session")))];
    for (doing, word, role) in [
        (Doing::Blocked, "blocked", Role::Critical),
        (Doing::Holding, "idle in transaction", Role::Warning),
        (Doing::Working, "active", Role::Text),
        (Doing::Idle, "idle", Role::Dim),
    ] {
        words.extend(Some(of(doing)).filter(|n| *n > 0).map(|n| (role, format!("  {n} {word}"))));
    }
    words.extend((told.more > 0).then(|| (Role::Warning, format!("  and {} more that are not listed", told.more))));
    words.extend(blind(told));
    words
}

/// What a role without `pg_monitor` sees is not all.
pub fn blind(told: &PostgresTriage) -> Option<Words> {
    told.blind.then(|| (Role::Warning, "  what others do is hidden: GRANT pg_monitor".to_owned()))
}

/// What a session is doing: a sign and a word.
pub fn doing(session: &Session, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii, word) = match session.doing() {
        Doing::Blocked => (Role::Critical, "✖", "X", "blocked"),
        Doing::Holding if session.state.ends_with("(aborted)") => (Role::Warning, "▲", "!", "aborted"),
        Doing::Holding => (Role::Warning, "▲", "!", "in trans."),
        Doing::Working if session.is_slow(PATIENCE) => (Role::Warning, "▸", ">", "active"),
        Doing::Working => (Role::Good, "▸", ">", "active"),
        Doing::Idle => (Role::Dim, "·", ".", "idle"),
        Doing::Other => (Role::Dim, "·", ".", if session.is_client() { "hidden" } else { "server" }),
    };
    (role, format!("{} {word}", pen.look.pick(unicode, ascii)))
}

fn row(session: &Session, pen: &Pen<'_>) -> Row {
    let clean = |text: &str| Clean::new(text).into_string();
    let cells = vec![
        (Role::Text, session.id.pid.to_string()),
        doing(session, pen),
        (Role::Text, session.since().map(human).unwrap_or_default()),
        (Role::Text, if session.is_client() { clean(&session.who.user) } else { String::new() }),
        (Role::Dim, clean(&session.who.application)),
        (Role::Dim, clean(&session.who.database)),
        (Role::Dim, clean(&session.who.client)),
        (Role::Dim, session.age.transaction.map(human).unwrap_or_default()),
        (Role::Dim, clean(session.wait.as_deref().unwrap_or_default())),
        (Role::Text, query(session)),
    ];
    Row { cells, spot: Spot::Row(RowId::Session(session.id)) }
}

/// What it does on one line; what it is, where it does nothing.
pub fn query(session: &Session) -> String {
    let words = if session.query.trim().is_empty() { &session.kind } else { &session.query };
    Clean::new(&words.split_whitespace().collect::<Vec<_>>().join(" ")).into_string()
}

/// One session in a few lines.
pub fn about(session: &Session, told: &PostgresTriage, width: u16, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let age = |what: &str, age: Option<std::time::Duration>| age.map(|age| (Role::Dim, format!("  {what} {}", human(age))));
    let mut first = vec![
        (Role::Text, format!(" {} ", session.id.pid)),
        (Role::Text, Clean::new(&session.who.to_string()).into_string()),
        (Role::Dim, format!("  {}", Clean::new(if session.state.is_empty() { &session.kind } else { &session.state }))),
    ];
    first.extend(age("for", session.age.state));
    first.extend(age("transaction", session.age.transaction));
    first.extend(age("connected", session.age.session));
    let mut lines = vec![first];
    lines.extend(chain(session, told));
    let left = 5_usize.saturating_sub(lines.len());
    lines.extend(wrapped(&session.query, width, left, pen));
    lines
}

/// Whom it waits for and who waits for it.
fn chain(session: &Session, told: &PostgresTriage) -> Option<Vec<Words>> {
    let mut parts: Vec<Words> = Vec::new();
    match (&session.wants, &session.wait) {
        (Some(wants), _) => {
            parts.push((Role::Critical, format!("wants {} on {}", Clean::new(&wants.mode), Clean::new(&wants.on))));
        }
        (None, Some(wait)) => parts.push((Role::Dim, format!("waits for {}", Clean::new(wait)))),
        (None, None) => {}
    }
    if !session.blocked_by.is_empty() {
        let name = |pid: &i32| if *pid == 0 { "a prepared transaction".to_owned() } else { pid.to_string() };
        let by: Vec<String> = session.blocked_by.iter().map(name).collect();
        parts.push((Role::Critical, format!("held up by {}", by.join(", "))));
    }
    let freed = locks::frees(&locks::waits(&told.sessions), session.id.pid);
    parts.extend((freed > 0).then(|| (Role::Warning, format!("ending it frees {}", counted(freed, "session")))));
    let line =
        parts.into_iter().enumerate().map(|(n, (role, part))| (role, format!("{}{part}", if n == 0 { " " } else { "; " })));
    Some(line.collect()).filter(|line: &Vec<Words>| !line.is_empty())
}
