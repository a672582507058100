//! Trouble in the demo's database, made on purpose, as the console reads it.

use std::fs;
use std::time::Duration;

use midwatch::adapters::postgres::Postgres;
use midwatch::adapters::reach::{Login, Reach};
use midwatch::adapters::redis::Redis;
use midwatch::adapters::tls::TlsMode;
use midwatch::domain::triage::locks::{self, Node};
use midwatch::domain::triage::postgres::{PostgresTriage, Session};
use midwatch::domain::triage::redis::RedisTriage;
use tokio::runtime::Runtime;

use crate::stack::Stack;

/// More than an answer takes on a busy machine.
const UNHURRIED: Duration = Duration::from_secs(20);

/// What the databases of a demo tell.
pub struct Reader {
    runtime: Runtime,
    primary: Postgres,
    standby: Postgres,
    redis: Redis,
}

impl Reader {
    pub fn of(stack: &Stack<'_>) -> Self {
        let secret = |owner: &str| fs::read_to_string(stack.dir().join("secrets").join(owner)).unwrap();
        let reach = |pointer: &str| {
            let (host, port) = stack.text(pointer).rsplit_once(':').unwrap();
            Reach::Tcp { host: host.into(), port: port.parse().unwrap(), tls: TlsMode::Disable }
        };
        let postgres = |pointer: &str| {
            let login = Login { user: Some("midwatch".into()), password: Some(secret("midwatch").into()) };
            Postgres::new(reach(pointer), &login, Some("shop"), UNHURRIED).unwrap()
        };
        let login = Login { user: None, password: Some(secret("redis").into()) };
        Self {
            runtime: Runtime::new().unwrap(),
            primary: postgres("/postgres/primary/address"),
            standby: postgres("/postgres/standby/address"),
            redis: Redis::new(reach("/redis/primary/address"), &login, UNHURRIED).unwrap(),
        }
    }

    pub fn primary(&self) -> PostgresTriage {
        self.runtime.block_on(self.primary.triage()).unwrap()
    }

    pub fn standby(&self) -> PostgresTriage {
        self.runtime.block_on(self.standby.triage()).unwrap()
    }

    pub fn redis(&self) -> RedisTriage {
        self.runtime.block_on(self.redis.triage()).unwrap()
    }
}

/// A session by the name it gave itself.
pub fn named<'a>(told: &'a PostgresTriage, name: &str) -> Option<&'a Session> {
    told.sessions.iter().find(|session| session.who.application == name)
}

/// Where a session by its name stands in the trees.
pub fn node(told: &PostgresTriage, name: &str) -> Option<Node> {
    let named = |node: &Node| node.session.is_some_and(|at| told.sessions[at].who.application == name);
    locks::tree(&told.sessions).into_iter().find(named)
}
