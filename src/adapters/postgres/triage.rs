//! What a PostgreSQL says of its sessions, locks and replication: one query, one row, one JSON object.
//!
//! `pg_blocking_pids` is asked for those alone that wait for a lock: each call holds up the lock manager for a moment.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::triage::postgres::{
    Ages, Follower, PostgresTriage, Replication, Session, SessionId, Slot, Upstream, Wanted, Who,
};
use crate::domain::triage::{LONGEST, MOST};

/// Runs on PostgreSQL 10 and newer, as any role; columns that came later are taken out of the row as JSON.
pub(crate) fn query() -> String {
    QUERY.replace("{most}", &MOST.to_string()).replace("{longest}", &(LONGEST / 4).to_string())
}

const QUERY: &str = r"
WITH me AS (
  SELECT pg_is_in_recovery() AS standby, pg_has_role('pg_read_all_stats', 'USAGE') AS monitor, clock_timestamp() AS now
), activity AS (
  SELECT a.*, CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blockers
  FROM pg_stat_activity AS a WHERE a.pid <> pg_backend_pid()
), chained AS (
  SELECT pid FROM activity WHERE blockers <> '{}' UNION SELECT unnest(blockers) FROM activity
), sessions AS (
  SELECT activity.*, activity.pid IN (SELECT pid FROM chained) AS chained FROM activity
  ORDER BY chained DESC, backend_type = 'client backend' DESC, state IN ('idle') NULLS LAST, xact_start NULLS LAST, backend_start
  LIMIT {most}
), named AS (
  SELECT l.pid, l.locktype, l.mode, l.granted, to_json(l) ->> 'waitstart' AS waitstart,
    CASE WHEN l.relation IS NULL THEN NULL
         WHEN l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) THEN l.relation::regclass::text
         ELSE 'relation ' || l.relation || ' of ' || coalesce((SELECT datname FROM pg_database WHERE oid = l.database), '?') END AS relation,
    CASE l.locktype WHEN 'advisory' THEN concat_ws('/', nullif(l.classid, 0), l.objid) WHEN 'virtualxid' THEN l.virtualxid END AS other
  FROM pg_locks AS l
  WHERE l.pid IN (SELECT pid FROM activity WHERE blockers <> '{}') AND (NOT l.granted OR l.locktype = 'tuple')
), wanted AS (
  SELECT DISTINCT ON (w.pid) w.pid, w.mode, w.locktype, w.waitstart, w.other, coalesce(w.relation, (
      SELECT t.relation FROM named AS t WHERE t.pid = w.pid AND t.locktype = 'tuple' LIMIT 1)) AS relation
  FROM named AS w WHERE NOT w.granted
), followers AS (
  SELECT *, CASE WHEN me.standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS head
  FROM pg_stat_replication, me
), receiver AS (
  SELECT status, to_json(r) ->> 'sender_host' AS host, to_json(r) ->> 'sender_port' AS port FROM pg_stat_wal_receiver AS r
)
SELECT json_build_object(
  'blind', NOT me.monitor,
  'all', (SELECT count(*) FROM activity),
  'sessions', (SELECT coalesce(json_agg(json_build_object(
      'pid', s.pid, 'started', (extract(epoch FROM s.backend_start) * 1000000)::bigint, 'kind', s.backend_type,
      'user', s.usename, 'database', s.datname, 'application', s.application_name,
      'client', coalesce(nullif(s.client_hostname, ''), host(s.client_addr)), 'state', s.state,
      'session', extract(epoch FROM me.now - s.backend_start), 'transaction', extract(epoch FROM me.now - s.xact_start),
      'query_age', extract(epoch FROM me.now - s.query_start), 'state_age', extract(epoch FROM me.now - s.state_change),
      'wait', CASE WHEN s.wait_event_type NOT IN ('Client', 'Activity') THEN s.wait_event_type || ':' || s.wait_event END,
      'blocked_by', s.blockers, 'query', left(s.query, {longest}),
      'wants', (SELECT json_build_object('mode', w.mode, 'kind', w.locktype, 'relation', w.relation, 'other', w.other,
          'since', extract(epoch FROM me.now - w.waitstart::timestamptz)) FROM wanted AS w WHERE w.pid = s.pid)
    )), '[]') FROM sessions AS s),
  'position', (CASE WHEN me.standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text,
  'upstream', CASE WHEN me.standby THEN json_build_object(
      'state', (SELECT status FROM receiver), 'from', (SELECT concat_ws(':', host, port) FROM receiver),
      'received', pg_last_wal_receive_lsn()::text, 'replayed', pg_last_wal_replay_lsn()::text,
      'behind', pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
      'age', CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM receiver) THEN 0
                  ELSE extract(epoch FROM me.now - pg_last_xact_replay_timestamp()) END,
      'paused', pg_is_wal_replay_paused()) END,
  'followers', (SELECT coalesce(json_agg(json_build_object(
      'name', coalesce(nullif(f.application_name, ''), host(f.client_addr), 'pid ' || f.pid),
      'client', host(f.client_addr), 'state', f.state, 'sync', f.sync_state,
      'bytes', json_build_array(pg_wal_lsn_diff(f.head, f.sent_lsn), pg_wal_lsn_diff(f.head, f.write_lsn),
                                pg_wal_lsn_diff(f.head, f.flush_lsn), pg_wal_lsn_diff(f.head, f.replay_lsn)),
      'lag', json_build_array(extract(epoch FROM f.write_lag), extract(epoch FROM f.flush_lag), extract(epoch FROM f.replay_lag))
    ) ORDER BY f.application_name, f.pid), '[]') FROM followers AS f),
  'slots', (SELECT coalesce(json_agg(json_build_object('name', p.slot_name, 'kind', p.slot_type, 'active', p.active,
      'retained', pg_wal_lsn_diff(CASE WHEN me.standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, p.restart_lsn),
      'status', to_json(p) ->> 'wal_status') ORDER BY p.slot_name), '[]') FROM pg_replication_slots AS p)
)::text FROM me";

#[derive(Debug, Deserialize)]
struct Row {
    blind: bool,
    all: u64,
    sessions: Vec<SessionRow>,
    position: Option<String>,
    upstream: Option<UpstreamRow>,
    followers: Vec<FollowerRow>,
    slots: Vec<SlotRow>,
}

#[derive(Debug, Deserialize)]
struct SessionRow {
    pid: i32,
    started: Option<i64>,
    kind: Option<String>,
    #[serde(flatten)]
    who: WhoRow,
    state: Option<String>,
    #[serde(flatten)]
    age: AgeRow,
    wait: Option<String>,
    wants: Option<WantedRow>,
    blocked_by: Vec<i32>,
    query: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WhoRow {
    user: Option<String>,
    database: Option<String>,
    application: Option<String>,
    client: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AgeRow {
    session: Option<f64>,
    transaction: Option<f64>,
    query_age: Option<f64>,
    state_age: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct WantedRow {
    mode: String,
    kind: String,
    relation: Option<String>,
    other: Option<String>,
    since: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct UpstreamRow {
    state: Option<String>,
    from: Option<String>,
    received: Option<String>,
    replayed: Option<String>,
    behind: Option<f64>,
    age: Option<f64>,
    paused: bool,
}

#[derive(Debug, Deserialize)]
struct FollowerRow {
    name: String,
    client: Option<String>,
    state: Option<String>,
    sync: Option<String>,
    bytes: [Option<f64>; 4],
    lag: [Option<f64>; 3],
}

#[derive(Debug, Deserialize)]
struct SlotRow {
    name: String,
    kind: String,
    active: bool,
    retained: Option<f64>,
    status: Option<String>,
}

/// Reads the query's answer.
pub(crate) fn read(json: &str) -> serde_json::Result<PostgresTriage> {
    let row: Row = serde_json::from_str(json)?;
    let sessions: Vec<Session> = row.sessions.into_iter().map(session).collect();
    Ok(PostgresTriage {
        more: row.all.saturating_sub(sessions.len() as u64),
        sessions,
        blind: row.blind,
        replication: Replication {
            position: row.position.unwrap_or_default(),
            upstream: row.upstream.map(upstream),
            followers: row.followers.into_iter().map(follower).collect(),
            slots: row.slots.into_iter().map(slot).collect(),
        },
    })
}

fn session(row: SessionRow) -> Session {
    let SessionRow { who, age, .. } = row;
    Session {
        id: SessionId { pid: row.pid, started: row.started.unwrap_or_default() },
        kind: row.kind.unwrap_or_default(),
        who: Who {
            user: who.user.unwrap_or_default(),
            database: who.database.unwrap_or_default(),
            application: who.application.unwrap_or_default(),
            client: who.client.unwrap_or_default(),
        },
        state: row.state.unwrap_or_default(),
        age: Ages {
            session: age.session.and_then(seconds),
            transaction: age.transaction.and_then(seconds),
            query: age.query_age.and_then(seconds),
            state: age.state_age.and_then(seconds),
        },
        wait: row.wait,
        wants: row.wants.map(wanted),
        blocked_by: row.blocked_by,
        query: row.query.unwrap_or_default(),
    }
}

/// A row's lock is a lock on the transaction that changed it last: which table it is of, the waiter's own lock on the row tells.
fn wanted(row: WantedRow) -> Wanted {
    let on = match (row.kind.as_str(), row.relation, row.other) {
        ("relation", Some(relation), _) => relation,
        ("transactionid" | "tuple", Some(relation), _) => format!("a row of {relation}"),
        ("transactionid", None, _) => "a transaction's end".to_owned(),
        (kind, Some(relation), _) => format!("{kind} of {relation}"),
        (kind, None, Some(other)) => format!("{kind} {other}"),
        (kind, None, None) => kind.to_owned(),
    };
    Wanted { mode: row.mode, on, since: row.since.and_then(seconds) }
}

fn upstream(row: UpstreamRow) -> Upstream {
    Upstream {
        state: row.state.unwrap_or_default(),
        from: row.from.unwrap_or_default(),
        received: row.received.unwrap_or_default(),
        replayed: row.replayed.unwrap_or_default(),
        behind: row.behind.map(bytes),
        age: row.age.and_then(seconds),
        paused: row.paused,
    }
}

fn follower(row: FollowerRow) -> Follower {
    Follower {
        name: row.name,
        client: row.client.unwrap_or_default(),
        state: row.state.unwrap_or_default(),
        sync: row.sync.unwrap_or_default(),
        bytes: row.bytes.map(|n| n.map(bytes)),
        lag: row.lag.map(|lag| lag.and_then(seconds)),
    }
}

fn slot(row: SlotRow) -> Slot {
    Slot {
        name: row.name,
        kind: row.kind,
        active: row.active,
        retained: row.retained.map(bytes),
        status: row.status.unwrap_or_default(),
    }
}

/// What was written since the head was looked at is not behind by less than nothing.
fn bytes(bytes: f64) -> u64 {
    bytes.max(0.0) as u64
}

/// A transaction that began after our own clock was read is as old as nothing.
fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::triage::postgres::Doing;

    const ANSWER: &str = r#"{"blind":false,"all":9,"sessions":[
        {"pid":7,"started":1795316400000001,"kind":"client backend","user":"shop","database":"shop","application":"app-1",
         "client":"10.0.0.7","state":"active","session":60,"transaction":12.5,"query_age":12.25,"state_age":-0.001,
         "wait":"Lock:transactionid","blocked_by":[6],"query":"UPDATE stock SET quantity = 1",
         "wants":{"mode":"ShareLock","kind":"transactionid","relation":"stock","other":null,"since":12}},
        {"pid":8,"started":null,"kind":"checkpointer","user":null,"database":null,"application":"","client":null,"state":null,
         "session":null,"transaction":null,"query_age":null,"state_age":null,"wait":null,"blocked_by":[],"query":"","wants":null}],
        "position":"0/3000148","upstream":null,
        "followers":[{"name":"standby1","client":"10.0.0.2","state":"streaming","sync":"async","bytes":[0,0,-16,512],
         "lag":[0.001,null,1.5]}],
        "slots":[{"name":"gone","kind":"physical","active":false,"retained":16777216,"status":"extended"}]}"#;

    #[test]
    fn sessions_locks_and_followers_are_read() {
        let told = read(ANSWER).unwrap();
        let [waiting, checkpointer] = &told.sessions[..] else { panic!("{told:?}") };
        assert_eq!((waiting.doing(), waiting.since()), (Doing::Blocked, Some(Duration::from_secs(12))));
        assert_eq!(waiting.wants.as_ref().unwrap().on, "a row of stock");
        assert_eq!(waiting.who.to_string(), "shop@shop (app-1) from 10.0.0.7");
        assert_eq!(waiting.age.state, Some(Duration::ZERO));
        assert!(!checkpointer.is_client() && !checkpointer.is_slow(Duration::ZERO));
        assert_eq!((told.more, told.blind), (7, false));
        let follower = &told.replication.followers[0];
        assert_eq!(
            (follower.bytes, follower.lag[2]),
            ([Some(0), Some(0), Some(0), Some(512)], Some(Duration::from_millis(1500)))
        );
        assert_eq!(told.replication.slots[0].retained, Some(16 << 20));
    }

    #[test]
    fn rule_02_what_is_no_answer_is_not_an_empty_server() {
        assert!(read("{}").is_err());
        assert!(read("").is_err());
    }
}
