//! Who waits for whom, as trees: whoever holds everybody up stands on top.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::services::Open;
use crate::app::screens::services::rows;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::time::human;
use crate::domain::triage::locks::{self, Node};
use crate::domain::triage::postgres::{PostgresTriage, Session};
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::counted;
use crate::ui::screens::services::sessions::{about, blind, doing, query};
use crate::ui::screens::services::table::{self, Column, Row};
use crate::ui::screens::services::{foot, told, triage_source};
use crate::ui::theme::Role;

const COLUMNS: &[Column] = &[
    Column::text("SESSION", 30),
    Column::text("STATE", 11),
    Column::number("FOR", 7),
    Column::text("HOLDS UP / WANTS", 40),
    Column::text("USER", 12).from(110),
    Column::text("APPLICATION", 20).from(130),
    Column::text("QUERY", 200).from(100),
];

/// Draws them.
pub fn draw(shared: &Shared, open: &Open, area: Rect, pen: &mut Pen<'_>) {
    let nodes = rows::locks(shared, &open.name);
    let waiting = nodes.iter().filter(|node| node.depth > 0 || node.circle).count();
    let roots = nodes.iter().filter(|node| node.depth == 0).count();
    let mut words = vec![(Role::Dim, format!(" {} waiting behind {roots}", counted(waiting, "session")))];
    let known = rows::postgres(shared, &open.name);
    words.extend(known.and_then(blind));
    let Some((below, known)) = told(shared, open, &triage_source(open), words, area, pen).zip(known) else { return };
    if nodes.is_empty() {
        return pen.words(below, 1, Role::Dim, " nobody waits for a lock");
    }
    let at = open.selected.row(&open.ids(shared));
    let of = |node: &Node| node.session.and_then(|at| known.sessions.get(at));
    let selected = at.and_then(|at| of(nodes.get(at)?)).map(|session| about(session, known, below.width, pen));
    let below = foot(below, selected.as_deref().unwrap_or_default(), pen);
    let rows: Vec<Row> = nodes.iter().map(|node| row(known, node, of(node), pen)).collect();
    table::draw(COLUMNS, &rows, at, below, pen);
}

fn row(told: &PostgresTriage, node: &Node, session: Option<&Session>, pen: &Pen<'_>) -> Row {
    let clean = |text: &str| Clean::new(text).into_string();
    let stranger = if node.pid == 0 { "prepared transaction" } else { "not listed" };
    let cells = vec![
        (Role::Text, format!("{}{}", branches(node, pen), if node.pid == 0 { "?".to_owned() } else { node.pid.to_string() })),
        session.map_or_else(|| (Role::Unknown, format!("? {stranger}")), |session| doing(session, pen)),
        (Role::Text, session.and_then(Session::since).map(human).unwrap_or_default()),
        about_lock(told, node, session),
        (Role::Text, session.map(|session| clean(&session.who.user)).unwrap_or_default()),
        (Role::Dim, session.map(|session| clean(&session.who.application)).unwrap_or_default()),
        (Role::Text, session.map(query).unwrap_or_default()),
    ];
    Row { cells, spot: Spot::Row(rows::node(told, node)) }
}

/// `│  └─ `: a mark for every level above, and the branch to this one.
fn branches(node: &Node, pen: &Pen<'_>) -> String {
    let Some((own, above)) = node.last.split_last() else { return String::new() };
    let above: String = above.iter().map(|last| if *last { "   " } else { pen.look.pick("│  ", "|  ") }).collect();
    let own = if *own { pen.look.pick("└─ ", "`- ") } else { pen.look.pick("├─ ", "|- ") };
    format!("{above}{own}")
}

/// Of a root how many it holds up; of the others what they want.
fn about_lock(told: &PostgresTriage, node: &Node, session: Option<&Session>) -> Words {
    if node.circle {
        return (Role::Critical, "deadlock: each waits for the other".to_owned());
    }
    if node.depth == 0 {
        let freed = locks::frees(&locks::waits(&told.sessions), node.pid);
        let words =
            if freed == node.below { format!("holds up {freed}") } else { format!("holds up {}, {freed} alone", node.below) };
        return (Role::Critical, words);
    }
    let others = if node.others > 0 { format!(" and {} more", node.others) } else { String::new() };
    let wants = session.and_then(|session| session.wants.as_ref());
    (
        Role::Text,
        wants.map_or_else(
            || format!("waits{others}"),
            |wants| format!("{} on {}{others}", Clean::new(short(&wants.mode)), Clean::new(&wants.on)),
        ),
    )
}

/// `AccessExclusiveLock` as everybody says it.
fn short(mode: &str) -> &str {
    mode.strip_suffix("Lock").unwrap_or(mode)
}
