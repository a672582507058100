//! A PostgreSQL's sessions, what they wait for, and its replication.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one PostgreSQL told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PostgresTriage {
    /// Everybody who is connected or works for the server, those in a chain of locks first, then the longest at it.
    pub sessions: Vec<Session>,
    /// How many more there are.
    pub more: u64,
    /// Whether the server hides what others do: we are no member of `pg_monitor`.
    pub blind: bool,
    /// How it follows and is followed.
    pub replication: Replication,
}

/// What tells a session from every other that ever was on its server: process ids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId {
    /// The server's process.
    pub pid: i32,
    /// `backend_start`, in microseconds since 1970.
    pub started: i64,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.pid, self.started)
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// `client backend`, `autovacuum worker`, `walsender`…
    pub kind: String,
    /// Whose.
    pub who: Who,
    /// The server's word: `active`, `idle in transaction`…; empty where it hides it or there is none.
    pub state: String,
    /// How long each has lasted.
    pub age: Ages,
    /// What it waits for, `Lock:transactionid`; none while it works.
    pub wait: Option<String>,
    /// The lock it waits for, where it waits for one.
    pub wants: Option<Wanted>,
    /// The processes it waits for; 0 is a prepared transaction.
    pub blocked_by: Vec<i32>,
    /// What it does, or did last: at most [`LONGEST`](super::LONGEST) bytes of it.
    pub query: String,
}

/// Who a session belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// `application_name`.
    pub application: String,
    /// The address it came from; empty for a socket.
    pub client: String,
}

/// `shop@shop (app-1) from 10.0.0.7`, as far as each is known.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.user.as_str(), self.database.as_str()) {
            ("", "") => write!(f, "the server itself")?,
            (user, "") => write!(f, "{user}")?,
            (user, database) => write!(f, "{user}@{database}")?,
        }
        if !self.application.is_empty() {
            write!(f, " ({})", self.application)?;
        }
        if self.client.is_empty() { Ok(()) } else { write!(f, " from {}", self.client) }
    }
}

/// How long something of a session has lasted; none where there is no such thing, or it is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Since it connected.
    pub session: Option<Duration>,
    /// Since its transaction began.
    pub transaction: Option<Duration>,
    /// Since its present or last query began.
    pub query: Option<Duration>,
    /// Since it is in its state.
    pub state: Option<Duration>,
}

/// A lock that a session waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `ShareLock`.
    pub mode: String,
    /// On what: `orders`, `a row of stock`, `advisory 7`; empty where nobody can tell.
    pub on: String,
    /// For how long, where the server tells (PostgreSQL 14 and newer).
    pub since: Option<Duration>,
}

/// What a session is doing, as far as it matters to somebody who looks for trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It runs a query.
    Working,
    /// It waits for a lock that somebody holds.
    Blocked,
    /// It holds a transaction open and does nothing.
    Holding,
    /// It waits for its client, without a transaction.
    Idle,
    /// A process of the server's own, or one whose doing is hidden.
    Other,
}

impl Session {
    /// What it is doing.
    pub fn doing(&self) -> Doing {
        match self.state.as_str() {
            _ if !self.blocked_by.is_empty() => Doing::Blocked,
            "active" | "fastpath function call" => Doing::Working,
            state if state.starts_with("idle in transaction") => Doing::Holding,
            "idle" => Doing::Idle,
            _ => Doing::Other,
        }
    }

    /// How long it has been at what it is doing now.
    pub fn since(&self) -> Option<Duration> {
        match self.doing() {
            Doing::Blocked => self.wants.as_ref().and_then(|wants| wants.since).or(self.age.query),
            Doing::Working => self.age.query,
            Doing::Holding => self.age.state.or(self.age.transaction),
            Doing::Idle | Doing::Other => self.age.state.or(self.age.session),
        }
    }

    /// Whether it belongs to a client, not to the server.
    pub fn is_client(&self) -> bool {
        self.kind == "client backend"
    }

    /// Whether it is slow, or holds its transaction open for as long: longer than `patience`.
    pub fn is_slow(&self, patience: Duration) -> bool {
        let presses = matches!(self.doing(), Doing::Working | Doing::Blocked | Doing::Holding);
        self.is_client() && presses && self.since().is_some_and(|since| since >= patience)
    }
}

/// How a server follows another and is followed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replication {
    /// Where this server itself stands: what it wrote, or on a standby what it replayed.
    pub position: String,
    /// What it follows; none on a primary.
    pub upstream: Option<Upstream>,
    /// Who follows it.
    pub followers: Vec<Follower>,
    /// The WAL that is kept for somebody.
    pub slots: Vec<Slot>,
}

/// What a standby follows, as it sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// `streaming`…; empty where no receiver runs.
    pub state: String,
    /// Where it comes from, `host:port`.
    pub from: String,
    /// How far it has received.
    pub received: String,
    /// How far it has replayed.
    pub replayed: String,
    /// Bytes that were received and are not replayed.
    pub behind: Option<u64>,
    /// How old the newest replayed write is, while there is more to replay.
    pub age: Option<Duration>,
    /// Whether somebody paused the replay.
    pub paused: bool,
}

/// One follower, as its primary sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Follower {
    /// `application_name` or address.
    pub name: String,
    /// Where it connects from.
    pub client: String,
    /// `streaming`, `catchup`, `backup`…
    pub state: String,
    /// `async`, `sync`, `quorum`, `potential`.
    pub sync: String,
    /// How far it is behind, in bytes: sent, written, flushed, replayed.
    pub bytes: [Option<u64>; 4],
    /// How far it is behind in time: written, flushed, replayed.
    pub lag: [Option<Duration>; 3],
}

/// One replication slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// Whether somebody reads from it: a slot without a reader fills the disk.
    pub active: bool,
    /// WAL that is kept for it, bytes.
    pub retained: Option<u64>,
    /// `reserved`, `extended`, `unreserved`, `lost`; empty before PostgreSQL 13.
    pub status: String,
}
