//! What a Redis says of its clients, its slow commands, its memory and its keys: `CLIENT LIST`, `SLOWLOG GET` and `INFO`.

use std::time::Duration;

use crate::adapters::redis::info::{Info, field, is_database};
use crate::domain::time::Stamp;
use crate::domain::triage::redis::{Client, Database, Memory, RedisTriage, Slow};
use crate::domain::triage::{LONGEST, MOST};

/// How many slow commands are asked for: as many as a server keeps by default.
pub(crate) const SLOW: &str = "128";

/// An answer, as the protocol has it or `redis-cli` draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// Several.
    Array(Vec<Reply>),
}

/// What was asked, each with its answer or the server's refusal.
pub(crate) struct Told {
    /// `INFO`.
    pub info: String,
    /// `CLIENT LIST`.
    pub clients: Result<String, String>,
    /// `SLOWLOG GET`.
    pub slowlog: Result<Reply, String>,
}

/// Reads the answers; none where they are not Redis's.
pub(crate) fn read(told: &Told) -> Option<RedisTriage> {
    let info = Info::of(&told.info);
    let mut clients = told.clients.as_deref().map(clients).unwrap_or_default();
    clients.sort_by_key(|client| (std::cmp::Reverse(client.cost()), client.id));
    let more = clients.len().saturating_sub(MOST) as u64;
    clients.truncate(MOST);
    let denied = [told.clients.as_ref().err(), told.slowlog.as_ref().err()];
    Some(RedisTriage {
        clients,
        more,
        slowlog: told.slowlog.as_ref().map(slowlog).unwrap_or_default(),
        memory: memory(&info)?,
        databases: databases(&info),
        denied: denied.into_iter().flatten().cloned().collect(),
    })
}

fn clients(text: &str) -> Vec<Client> {
    text.lines().filter_map(Client::parse).collect()
}

fn slowlog(reply: &Reply) -> Vec<Slow> {
    let Reply::Array(entries) = reply else { return Vec::new() };
    entries.iter().filter_map(slow).collect()
}

/// Number, second, microseconds, the command's words; since Redis 4 the client's address and name.
fn slow(entry: &Reply) -> Option<Slow> {
    let Reply::Array(parts) = entry else { return None };
    let number = |at: usize| match parts.get(at)? {
        Reply::Number(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let text = |at: usize| match parts.get(at) {
        Some(Reply::Text(text)) => text.as_str(),
        _ => "",
    };
    let Some(Reply::Array(words)) = parts.get(3) else { return None };
    let words: Vec<&str> = words.iter().map(|word| if let Reply::Text(text) = word { text.as_str() } else { "?" }).collect();
    let client = [text(4), text(5)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    Some(Slow {
        id: number(0)?,
        at: Stamp(i64::try_from(number(1)?).ok()?.saturating_mul(1000)),
        took: Duration::from_micros(number(2)?),
        command: cut(&words.join(" ")),
        client,
    })
}

fn cut(text: &str) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..end].to_owned()
}

fn memory(info: &Info<'_>) -> Option<Memory> {
    let number = |key: &str| info.number(key);
    let ratio = info.word("mem_fragmentation_ratio").parse().ok().filter(|ratio: &f64| ratio.is_finite() && *ratio > 0.0);
    Some(Memory {
        used: number("used_memory")?,
        peak: number("used_memory_peak").unwrap_or_default(),
        resident: number("used_memory_rss").unwrap_or_default(),
        limit: number("maxmemory").filter(|bytes| *bytes > 0),
        fragmentation: ratio,
        policy: info.word("maxmemory_policy").to_owned(),
        evicted: number("evicted_keys").unwrap_or_default(),
        expired: number("expired_keys").unwrap_or_default(),
        clients: number("mem_clients_normal"),
        backlog: number("mem_replication_backlog"),
    })
}

fn databases(info: &Info<'_>) -> Vec<Database> {
    let found = info.0.iter().filter(|(key, _)| is_database(key));
    let mut all: Vec<Database> = found.filter_map(|(key, value)| database(key, value)).collect();
    all.sort_by_key(|database| database.number);
    all
}

/// `db0` with `keys=7,expires=1,avg_ttl=0`.
fn database(key: &str, value: &str) -> Option<Database> {
    let number = |name| field(value, name)?.parse::<u64>().ok();
    Some(Database {
        number: key.strip_prefix("db")?.parse().ok()?,
        keys: number("keys")?,
        expires: number("expires").unwrap_or_default(),
        ttl: number("avg_ttl").filter(|ms| *ms > 0).map(Duration::from_millis),
    })
}

/// What `redis-cli --no-raw` draws: `1) 1) (integer) 14`, texts in quotes, each level indented under its number.
pub(crate) fn drawn(text: &str) -> Option<Reply> {
    let lines: Vec<(usize, &str)> = text.lines().flat_map(unfold).collect();
    if lines.is_empty() || text.starts_with("(empty") {
        return Some(Reply::Array(Vec::new()));
    }
    let mut at = 0;
    let reply = level(&lines, &mut at);
    (at == lines.len()).then_some(reply)
}

/// A line's numbers, each at its column, then its value.
fn unfold(line: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut rest, mut column) = (line, 0);
    loop {
        let trimmed = rest.trim_start_matches(' ');
        column += rest.len() - trimmed.len();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let is_number = digits > 0 && trimmed[digits..].starts_with(") ");
        if !is_number {
            parts.push((usize::MAX, trimmed));
            return parts;
        }
        // Numbers are set to the right: they are told apart by where they end.
        parts.push((column + digits, ""));
        column += digits + 2;
        rest = &trimmed[digits + 2..];
    }
}

fn level(lines: &[(usize, &str)], at: &mut usize) -> Reply {
    let Some((column, value)) = lines.get(*at).copied() else { return Reply::Array(Vec::new()) };
    if column == usize::MAX {
        *at += 1;
        return leaf(value);
    }
    let mut all = Vec::new();
    while lines.get(*at).is_some_and(|(other, _)| *other == column) {
        *at += 1;
        all.push(level(lines, at));
    }
    Reply::Array(all)
}

fn leaf(text: &str) -> Reply {
    if let Some(number) = text.strip_prefix("(integer) ").and_then(|number| number.parse().ok()) {
        return Reply::Number(number);
    }
    if text.starts_with("(empty") {
        return Reply::Array(Vec::new());
    }
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    Reply::Text(quoted.map_or_else(|| text.to_owned(), |text| text.replace("\\\"", "\"").replace("\\\\", "\\")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const INFO: &str = "redis_version:7.0.15\r\nused_memory:1000\r\nused_memory_peak:3000\r\nused_memory_rss:4000\r\n\
        mem_fragmentation_ratio:4.00\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\nevicted_keys:7\r\nexpired_keys:3\r\n\
        db3:keys=5,expires=1,avg_ttl=1500\r\ndb0:keys=7,expires=0,avg_ttl=0\r\n";
    const CLIENTS: &str = "id=3 addr=127.0.0.1:50612 laddr=127.0.0.1:6379 fd=8 name=app age=12 idle=1 flags=N db=0 omem=0 \
        tot-mem=22298 events=r cmd=get user=default redir=-1\n\
        id=4 addr=10.0.0.2:6379 name= age=9000 idle=0 flags=S omem=70000 tot-mem=99000 cmd=replconf user=repl\nnonsense\n";
    const DRAWN: &str = " 1) 1) (integer) 14\n    2) (integer) 1795316400\n    3) (integer) 15000\n    4) 1) \"KEYS\"\n       \
        2) \"a \\\"b\\\"*\"\n    5) \"127.0.0.1:5000\"\n    6) \"\"\n10) 1) (integer) 13\n    2) (integer) 1795316399\n    \
        3) (integer) 20000\n    4) 1) \"DEBUG\"\n    5) \"127.0.0.1:5001\"\n    6) \"shop\"\n";

    fn told() -> Told {
        Told { info: INFO.into(), clients: Ok(CLIENTS.into()), slowlog: Ok(drawn(DRAWN).unwrap()) }
    }

    #[test]
    fn the_biggest_client_comes_first() {
        let told = read(&told()).unwrap();
        assert_eq!(told.clients.iter().map(|client| (client.id, client.cost())).collect::<Vec<_>>(), [(4, 99_000), (3, 22_298)]);
        assert!(told.clients[0].is_replication() && !told.clients[1].is_replication());
        assert_eq!((told.clients[0].role(), told.clients[1].command.as_str()), ("replica", "get"));
    }

    #[test]
    fn what_redis_cli_draws_is_read_as_the_protocol_has_it() {
        let told = read(&told()).unwrap();
        let [first, second] = &told.slowlog[..] else { panic!("{told:?}") };
        assert_eq!((first.id, first.command.as_str(), first.client.as_str()), (14, "KEYS a \"b\"*", "127.0.0.1:5000"));
        assert_eq!((second.took, second.client.as_str()), (Duration::from_millis(20), "127.0.0.1:5001 shop"));
        assert_eq!(drawn("(empty array)\n"), Some(Reply::Array(vec![])));
        assert_eq!(drawn(""), Some(Reply::Array(vec![])));
    }

    #[test]
    fn memory_and_keys_are_read() {
        let told = read(&told()).unwrap();
        assert_eq!((told.memory.limit, told.memory.fragmentation, told.memory.evicted), (None, Some(4.0), 7));
        let ttl = Some(Duration::from_millis(1500));
        assert_eq!(told.databases[1], Database { number: 3, keys: 5, expires: 1, ttl });
    }

    #[test]
    fn rule_02_what_may_not_be_asked_is_said_and_is_not_nothing() {
        let told = Told { clients: Err("NOPERM client".into()), ..told() };
        let read = read(&told).unwrap();
        assert_eq!((read.clients.len(), read.denied), (0, vec!["NOPERM client".to_owned()]));
        assert_eq!(super::read(&Told { info: "HTTP/1.1 400".into(), ..told }), None);
    }
}
