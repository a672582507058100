//! The rows of an open service's tabs: which there are, what identifies each, what passes a filter.

use std::time::Duration;

use crate::app::model::Shared;
use crate::app::screens::services::tab::Tab;
use crate::app::screens::services::{Open, condition, triage};
use crate::domain::control::Instance;
use crate::domain::name::Name;
use crate::domain::triage::Triage;
use crate::domain::triage::locks::{self, Node};
use crate::domain::triage::postgres::{Doing, PostgresTriage, Session, SessionId};
use crate::domain::triage::redis::{Client, RedisTriage, Slow};

/// From then on a query is slow, and a transaction held open too long.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowId {
    /// An instance, by its name.
    Instance(String),
    /// A session.
    Session(SessionId),
    /// Somebody who is waited for and is no session: a prepared transaction, or one that ended meanwhile.
    Stranger(i32),
    /// A client of a Redis.
    Client(u64),
    /// A slow command, by its number.
    Slow(u64),
}

/// Whether every word of a filter stands in some of the texts.
pub fn passes(filter: &str, texts: &[&str]) -> bool {
    filter.split_whitespace().all(|word| texts.iter().any(|text| text.to_lowercase().contains(&word.to_lowercase())))
}

/// What a PostgreSQL told.
pub fn postgres<'a>(shared: &'a Shared, service: &Name) -> Option<&'a PostgresTriage> {
    match triage(shared, service)? {
        Triage::Postgres(told) => Some(told),
        Triage::Redis(_) => None,
    }
}

/// What a Redis told.
pub fn redis<'a>(shared: &'a Shared, service: &Name) -> Option<&'a RedisTriage> {
    match triage(shared, service)? {
        Triage::Redis(told) => Some(told),
        Triage::Postgres(_) => None,
    }
}

/// The instances that pass the filter.
pub fn instances<'a>(shared: &'a Shared, open: &Open) -> Vec<&'a Instance> {
    let all = condition(shared, &open.name).map_or(&[][..], |condition| &condition.instances);
    all.iter().filter(|instance| passes(&open.filter, &[&instance.name, instance.phase.word()])).collect()
}

/// The sessions that pass the filter: all of clients' and what works for the server; behind `Slow & idle` those that took long, the
/// longest first.
pub fn sessions<'a>(shared: &'a Shared, open: &Open) -> Vec<&'a Session> {
    let all = postgres(shared, &open.name).map_or(&[][..], |told| &told.sessions);
    let mut listed: Vec<&Session> = all.iter().filter(|session| session_passes(session, &open.filter)).collect();
    if open.tab == Tab::Slow {
        listed.retain(|session| session.is_slow(PATIENCE));
        listed.sort_by_key(|session| (std::cmp::Reverse(session.since()), session.id));
    } else {
        listed
            .sort_by_key(|session| (!session.is_client(), rank(session.doing()), std::cmp::Reverse(session.since()), session.id));
    }
    listed
}

fn rank(doing: Doing) -> u8 {
    match doing {
        Doing::Blocked => 0,
        Doing::Holding => 1,
        Doing::Working => 2,
        Doing::Other => 3,
        Doing::Idle => 4,
    }
}

fn session_passes(session: &Session, filter: &str) -> bool {
    let (who, pid) = (&session.who, session.id.pid.to_string());
    passes(
        filter,
        &[&pid, &who.user, &who.database, &who.application, &who.client, &session.state, &session.kind, &session.query],
    )
}

/// The trees of who waits for whom, whole: a branch without its root would tell a wrong story.
pub fn locks(shared: &Shared, service: &Name) -> Vec<Node> {
    postgres(shared, service).map(|told| locks::tree(&told.sessions)).unwrap_or_default()
}

/// The clients that pass the filter.
pub fn clients<'a>(shared: &'a Shared, open: &Open) -> Vec<&'a Client> {
    let all = redis(shared, &open.name).map_or(&[][..], |told| &told.clients);
    let shown = |client: &&Client| {
        let texts = [client.address.as_str(), &client.name, &client.user, &client.command, client.role()];
        passes(&open.filter, &texts)
    };
    all.iter().filter(shown).collect()
}

/// The slow commands that pass the filter.
pub fn slowlog<'a>(shared: &'a Shared, open: &Open) -> Vec<&'a Slow> {
    let all = redis(shared, &open.name).map_or(&[][..], |told| &told.slowlog);
    all.iter().filter(|slow| passes(&open.filter, &[&slow.command, &slow.client])).collect()
}

/// What identifies a node of a tree.
pub fn node(told: &PostgresTriage, node: &Node) -> RowId {
    node.session.and_then(|at| told.sessions.get(at)).map_or(RowId::Stranger(node.pid), |session| RowId::Session(session.id))
}

/// What identifies the rows of the tab that is shown, in their order.
pub fn ids(shared: &Shared, open: &Open) -> Vec<RowId> {
    match open.tab {
        Tab::Instances => instances(shared, open).into_iter().map(|one| RowId::Instance(one.name.clone())).collect(),
        Tab::Sessions | Tab::Slow => sessions(shared, open).into_iter().map(|session| RowId::Session(session.id)).collect(),
        Tab::Locks => {
            let Some(told) = postgres(shared, &open.name) else { return vec![] };
            locks(shared, &open.name).iter().map(|one| node(told, one)).collect()
        }
        Tab::Clients => clients(shared, open).into_iter().map(|client| RowId::Client(client.id)).collect(),
        Tab::Slowlog => slowlog(shared, open).into_iter().map(|slow| RowId::Slow(slow.id)).collect(),
        Tab::Logs | Tab::Replication | Tab::Memory | Tab::Keyspace => vec![],
    }
}

/// What of a row is worth copying: the query, the command, the address.
pub fn text(shared: &Shared, service: &Name, row: &RowId) -> String {
    let session = |id: &SessionId| postgres(shared, service)?.sessions.iter().find(|session| session.id == *id);
    match row {
        RowId::Instance(name) => name.clone(),
        RowId::Session(id) => session(id).map_or_else(|| id.pid.to_string(), |session| session.query.clone()),
        RowId::Stranger(pid) => pid.to_string(),
        RowId::Client(id) => id.to_string(),
        RowId::Slow(id) => {
            let slow = redis(shared, service).and_then(|told| told.slowlog.iter().find(|slow| slow.id == *id));
            slow.map(|slow| slow.command.clone()).unwrap_or_default()
        }
    }
}
