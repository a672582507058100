//! What one PostgreSQL says of itself: one query, one row, one JSON object.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::service::{PostgresFacts, Replica, Role};

/// Runs on PostgreSQL 10 and newer, as any role. What only `pg_monitor` may see comes as null for others.
pub(crate) const QUERY: &str = r"
WITH me AS (
  SELECT pg_is_in_recovery() AS standby, pg_has_role('pg_read_all_stats', 'USAGE') AS monitor
), receiver AS (
  SELECT count(*) AS n, bool_or(status = 'streaming') AS streaming FROM pg_stat_wal_receiver
)
SELECT json_build_object(
  'version', current_setting('server_version'),
  'max_connections', current_setting('max_connections')::int,
  'connections', CASE WHEN monitor
    THEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
    ELSE (SELECT sum(numbackends) FROM pg_stat_database) END,
  'oldest_transaction', CASE WHEN monitor THEN (
    SELECT greatest(0, max(extract(epoch FROM clock_timestamp() - xact_start)))
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) END,
  'archiving', CASE WHEN current_setting('archive_mode') <> 'off' THEN (
    SELECT CASE WHEN last_failed_time IS NULL THEN last_archived_time IS NOT NULL OR NULL
                ELSE coalesce(last_archived_time > last_failed_time, false) END
    FROM pg_stat_archiver) END,
  'standby', standby,
  'linked', CASE WHEN receiver.n = 0 THEN false ELSE receiver.streaming END,
  'lag', CASE WHEN standby THEN
    CASE WHEN receiver.streaming AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
         ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) END END,
  'replicas', (SELECT coalesce(json_agg(json_build_object(
      'name', coalesce(nullif(application_name, ''), host(client_addr), 'pid ' || pid),
      'state', coalesce(state, 'unknown'),
      'lag_bytes', CASE WHEN NOT standby THEN greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) END
    ) ORDER BY application_name, pid), '[]') FROM pg_stat_replication)
)::text FROM me, receiver";

/// The size of every database that may be asked for it.
pub(super) const SIZE: &str = "SELECT sum(pg_database_size(oid))::bigint::text FROM pg_database \
     WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    version: String,
    max_connections: u32,
    connections: Option<u32>,
    oldest_transaction: Option<f64>,
    archiving: Option<bool>,
    standby: bool,
    linked: Option<bool>,
    lag: Option<f64>,
    replicas: Vec<ReplicaRow>,
}

#[derive(Debug, Deserialize)]
struct ReplicaRow {
    name: String,
    state: String,
    lag_bytes: Option<f64>,
}

/// Reads the query's answer.
pub(crate) fn read(json: &str, bytes: Option<u64>) -> serde_json::Result<PostgresFacts> {
    let row: Row = serde_json::from_str(json)?;
    Ok(PostgresFacts {
        version: row.version.split(' ').next().unwrap_or_default().to_owned(),
        role: if row.standby {
            Role::Replica { linked: row.linked, lag: row.lag.and_then(seconds) }
        } else {
            Role::Primary { replicas: row.replicas.into_iter().map(replica).collect() }
        },
        connections: row.connections.unwrap_or_default(),
        max_connections: row.max_connections,
        bytes,
        oldest_transaction: row.oldest_transaction.and_then(seconds),
        archiving: row.archiving,
    })
}

fn replica(row: ReplicaRow) -> Replica {
    Replica { name: row.name, state: row.state, lag_bytes: row.lag_bytes.map(|bytes| bytes as u64) }
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_may_not_be_asked_is_unknown() {
        let json = r#"{"version":"15.18 (Debian 15.18-0+deb12u1)","max_connections":100,"connections":7,"oldest_transaction":null,
            "archiving":null,"standby":true,"linked":null,"lag":1.5,"replicas":[]}"#;
        let facts = read(json, None).unwrap();
        assert_eq!((facts.version.as_str(), facts.oldest_transaction, facts.bytes), ("15.18", None, None));
        assert_eq!(facts.role, Role::Replica { linked: None, lag: Some(Duration::from_millis(1500)) });
    }
}
