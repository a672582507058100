//! `INFO`: `key:value` lines. Source: <https://redis.io/docs/latest/commands/info/>.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::service::{Persistence, RedisFacts, Replica, Role};

/// A primary speaks to its replicas at least this often; a link that was quiet for less is not behind.
const PING_PERIOD: u64 = 10;

/// Its lines, by their keys.
pub(super) struct Info<'a>(pub(super) HashMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    /// Reads the text.
    pub(super) fn of(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.trim_end().split_once(':')).collect())
    }

    /// A value; empty where it is not told.
    pub(super) fn word(&self, key: &str) -> &'a str {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// A value that is a number.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.word(key).parse().ok()
    }
}

/// Reads the text, or none where it is not INFO's. `now` is ours, since the Unix epoch, for servers that do not tell theirs.
pub(crate) fn read(text: &str, now: Duration) -> Option<RedisFacts> {
    let info = Info::of(text);
    // Valkey names both.
    let version = [info.word("valkey_version"), info.word("redis_version")].into_iter().find(|v| !v.is_empty())?;
    Some(RedisFacts {
        version: version.to_owned(),
        role: role(&info)?,
        clients: info.number("connected_clients").unwrap_or_default() as u32,
        used_memory: info.number("used_memory")?,
        max_memory: info.number("maxmemory").filter(|bytes| *bytes > 0),
        eviction: info.word("maxmemory_policy").to_owned(),
        keys: info
            .0
            .iter()
            .filter(|(key, _)| is_database(key))
            .filter_map(|(_, value)| field(value, "keys")?.parse::<u64>().ok())
            .sum(),
        persistence: persistence(&info, now),
    })
}

fn role(info: &Info<'_>) -> Option<Role> {
    match info.word("role") {
        "master" => Some(Role::Primary { replicas: replicas(info) }),
        "slave" => Some(Role::Replica { linked: Some(info.word("master_link_status") == "up"), lag: lag(info) }),
        _ => None,
    }
}

/// Redis does not tell the age of the newest write. A link that is down has been behind since then; one that is up is behind by
/// as long as it has been quieter than its pings.
fn lag(info: &Info<'_>) -> Option<Duration> {
    let down = info.number("master_link_down_since_seconds");
    let quiet = info.number("master_last_io_seconds_ago").map(|s| if s <= PING_PERIOD { 0 } else { s });
    down.or(quiet).map(Duration::from_secs)
}

fn replicas(info: &Info<'_>) -> Vec<Replica> {
    let head = info.number("master_repl_offset");
    (0..).map_while(|n| info.0.get(format!("slave{n}").as_str())).map(|line| replica(line, head)).collect()
}

/// `ip=10.0.0.2,port=6379,state=online,offset=14,lag=0`
fn replica(line: &str, head: Option<u64>) -> Replica {
    let word = |key| field(line, key).unwrap_or_default();
    let offset = word("offset").parse::<u64>().ok();
    Replica {
        name: format!("{}:{}", word("ip"), word("port")),
        state: word("state").to_owned(),
        lag_bytes: head.zip(offset).map(|(head, offset)| head.saturating_sub(offset)),
    }
}

/// A part of a value: `keys` of `keys=7,expires=0`.
pub(super) fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(',').find_map(|pair| pair.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v))
}

/// Whether a line is about a database.
pub(super) fn is_database(key: &str) -> bool {
    key.strip_prefix("db").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn persistence(info: &Info<'_>, now: Duration) -> Persistence {
    let ok = |key: &str| matches!(info.word(key), "ok" | "");
    Persistence {
        loading: info.word("loading") == "1" || info.word("async_loading") == "1",
        aof: info.word("aof_enabled") == "1",
        healthy: ok("rdb_last_bgsave_status") && ok("aof_last_bgrewrite_status") && ok("aof_last_write_status"),
        last_save: last_save(info, now),
        unsaved_changes: info.number("rdb_changes_since_last_save").unwrap_or_default(),
    }
}

/// Before the first save Redis tells the time it started instead; that counts only where it started from a file.
fn last_save(info: &Info<'_>, now: Duration) -> Option<Duration> {
    let never = info.number("rdb_saves") == Some(0) && info.number("rdb_last_load_keys_loaded") == Some(0);
    let saved = info.number("rdb_last_save_time").filter(|at| *at > 0 && !never)?;
    let now = info.number("server_time_usec").map_or(now, Duration::from_micros);
    Some(now.saturating_sub(Duration::from_secs(saved)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PRIMARY: &str = "# Server\r\nredis_version:7.0.15\r\nserver_time_usec:1795312800000000\r\n# Clients\r\nconnected_clients:3\r\n\
        # Memory\r\nused_memory:1000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\nloading:0\r\nasync_loading:0\r\n\
        rdb_changes_since_last_save:5\r\nrdb_last_save_time:1795312740\r\nrdb_last_bgsave_status:ok\r\nrdb_saves:1\r\naof_enabled:1\r\n\
        aof_last_bgrewrite_status:ok\r\naof_last_write_status:err\r\n# Replication\r\nrole:master\r\nconnected_slaves:1\r\n\
        slave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=0\r\nmaster_repl_offset:100\r\n# Keyspace\r\n\
        db0:keys=7,expires=0,avg_ttl=0\r\ndb15:keys=5,expires=0,avg_ttl=0\r\n";

    #[test]
    fn a_primary_is_read() {
        let facts = read(PRIMARY, Duration::ZERO).unwrap();
        assert_eq!((facts.version.as_str(), facts.clients, facts.keys, facts.max_memory), ("7.0.15", 3, 12, None));
        let one = Replica { name: "10.0.0.2:6379".into(), state: "online".into(), lag_bytes: Some(10) };
        assert_eq!(facts.role, Role::Primary { replicas: vec![one] });
        let last_save = Some(Duration::from_secs(60));
        assert_eq!(facts.persistence, Persistence { loading: false, aof: true, healthy: false, last_save, unsaved_changes: 5 });
    }

    #[test]
    fn a_start_is_not_a_save() {
        let fresh = PRIMARY.replace("rdb_saves:1", "rdb_saves:0\r\nrdb_last_load_keys_loaded:0");
        assert_eq!(read(&fresh, Duration::ZERO).unwrap().persistence.last_save, None);
    }

    #[test]
    fn a_replica_is_behind_since_its_link_is_down() {
        let replica = |link: &str| PRIMARY.replace("role:master", &format!("role:slave\r\n{link}"));
        let role = |link: &str| read(&replica(link), Duration::ZERO).unwrap().role;
        let quiet = |s| Role::Replica { linked: Some(true), lag: Some(Duration::from_secs(s)) };
        assert_eq!(role("master_link_status:up\r\nmaster_last_io_seconds_ago:9"), quiet(0));
        assert_eq!(role("master_link_status:up\r\nmaster_last_io_seconds_ago:40"), quiet(40));
        let down = role("master_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\nmaster_link_down_since_seconds:70");
        assert_eq!(down, Role::Replica { linked: Some(false), lag: Some(Duration::from_secs(70)) });
    }

    #[test]
    fn rule_02_what_is_not_info_is_nothing() {
        assert_eq!(read("", Duration::ZERO), None);
        assert_eq!(read("redis_version:7\r\nused_memory:1\r\n", Duration::ZERO), None, "no role");
    }
}
