//! A Redis's clients, what was slow, its memory and its keys.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::time::Stamp;

/// What one Redis told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RedisTriage {
    /// Its clients, those that take the most memory first.
    pub clients: Vec<Client>,
    /// How many more there are.
    pub more: u64,
    /// What was slow, the newest first.
    pub slowlog: Vec<Slow>,
    /// What it uses its memory for.
    pub memory: Memory,
    /// Its databases that hold keys.
    pub databases: Vec<Database>,
    /// What we may not ask, in the server's words.
    pub denied: Vec<String>,
}

/// One client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Which: a number that its server never uses again while it runs.
    pub id: u64,
    /// Where it connects from.
    pub address: String,
    /// The name it gave itself.
    pub name: String,
    /// The user of the access list.
    pub user: String,
    /// Since it connected.
    pub age: Duration,
    /// Since its last command.
    pub idle: Duration,
    /// Its last command, without arguments.
    pub command: String,
    /// `N` is nothing special; `S` a replica, `M` a primary, `b` blocked, `P` subscribed, `O` a monitor.
    pub flags: String,
    /// Everything that it takes, bytes; none before Redis 7.
    pub memory: Option<u64>,
    /// What is waiting to be sent to it, bytes.
    pub output: u64,
}

impl Client {
    /// One line of `CLIENT LIST`: `id=3 addr=127.0.0.1:50612 name=app age=12 idle=0 flags=N … tot-mem=22298 cmd=get user=default`.
    /// Values have no spaces: the server takes no names with any.
    pub fn parse(line: &str) -> Option<Self> {
        let fields: HashMap<&str, &str> = line.split_ascii_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        let word = |key: &str| fields.get(key).copied().unwrap_or_default().to_owned();
        let number = |key: &str| fields.get(key).and_then(|value| value.parse::<u64>().ok());
        let seconds = |key: &str| Duration::from_secs(number(key).unwrap_or_default());
        Some(Self {
            id: number("id")?,
            address: word("addr"),
            name: word("name"),
            user: word("user"),
            age: seconds("age"),
            idle: seconds("idle"),
            command: word("cmd"),
            flags: word("flags"),
            memory: number("tot-mem"),
            output: number("omem").unwrap_or_default(),
        })
    }

    /// What it costs: all its memory, or what is known of it.
    pub fn cost(&self) -> u64 {
        self.memory.unwrap_or(self.output)
    }

    /// Whether it is a replica or a primary: without it replication breaks.
    pub fn is_replication(&self) -> bool {
        self.flags.contains(['S', 'M'])
    }

    /// What its flags mean, where they mean something.
    pub fn role(&self) -> &'static str {
        let known =
            [('S', "replica"), ('M', "primary"), ('O', "monitor"), ('P', "subscriber"), ('b', "blocked"), ('x', "in MULTI")];
        known.iter().find(|(flag, _)| self.flags.contains(*flag)).map_or("", |(_, word)| word)
    }
}

/// One command that was slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Its number in the log.
    pub id: u64,
    /// When it ran, on the server's clock.
    pub at: Stamp,
    /// For how long.
    pub took: Duration,
    /// With its arguments, as the server keeps them: it leaves passwords out, values it does not.
    pub command: String,
    /// Who sent it.
    pub client: String,
}

/// What a Redis uses its memory for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Bytes of data and all that goes with it.
    pub used: u64,
    /// The most that this ever was.
    pub peak: u64,
    /// What the system gave it.
    pub resident: u64,
    /// The limit; none where there is none.
    pub limit: Option<u64>,
    /// `resident` over `used`: 1.5 is much, below 1 it swaps.
    pub fragmentation: Option<f64>,
    /// `noeviction`, `allkeys-lru`…
    pub policy: String,
    /// Keys thrown out for want of memory since it started.
    pub evicted: u64,
    /// Keys that expired since it started.
    pub expired: u64,
    /// What all clients' buffers take.
    pub clients: Option<u64>,
    /// The scripts and functions, and the replication backlog.
    pub backlog: Option<u64>,
}

/// One database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its number.
    pub number: u32,
    /// Its keys.
    pub keys: u64,
    /// Those that expire.
    pub expires: u64,
    /// For how long they last, on average; none where the server does not know.
    pub ttl: Option<Duration>,
}
