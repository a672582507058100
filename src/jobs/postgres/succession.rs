//! One PostgreSQL that takes over from another: how far it has followed, what the other still writes, and whether the other may
//! be alive at all. Only asks, but for [`promote`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::failover::{Answer, is_silent};
use crate::jobs::postgres::identity::{self, Server};
use crate::jobs::postgres::lsn::Lsn;
use crate::jobs::postgres::session::Session;
use crate::ports::World;

/// The first version that can be promoted by SQL.
const PROMOTES: u32 = 120_000;
/// How long a server that has just answered may take to answer all that is asked.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far apart a standby is looked at twice, to see whether its primary still sends.
const APART: Duration = Duration::from_secs(2);

/// A standby, as it says itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Following {
    /// Whether it is one.
    pub standby: bool,
    /// The end of what it has received; none where it has received nothing since it was started.
    pub received: Option<Lsn>,
    /// The end of what it has replayed.
    pub replayed: Option<Lsn>,
    /// How long ago the newest replayed transaction was committed, in seconds.
    pub age: Option<f64>,
    /// Whether we may promote it.
    pub may_promote: bool,
    /// Its `primary_conninfo`, where we may see it. It may hold a password: never told.
    conninfo: Option<String>,
    /// Its receiver of WAL, where one runs.
    pub receiver: Option<Receiver>,
}

/// What receives a standby's WAL.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Receiver {
    /// `streaming`.
    pub status: Option<String>,
    /// The primary's host.
    pub host: Option<String>,
    /// The primary's port.
    pub port: Option<u16>,
    /// The slot at the primary that keeps its WAL.
    pub slot: Option<String>,
    /// When the primary last said something, in seconds since the epoch.
    pub heard: Option<f64>,
}

const FOLLOWING: &str = "\
SELECT pg_is_in_recovery() AS standby, pg_last_wal_receive_lsn()::text AS received, pg_last_wal_replay_lsn()::text AS replayed,
  extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS age,
  has_function_privilege('pg_catalog.pg_promote(boolean,integer)', 'execute') AS may_promote,
  (SELECT setting FROM pg_settings WHERE name = 'primary_conninfo') AS conninfo,
  (SELECT json_build_object('status', status, 'host', sender_host, 'port', sender_port, 'slot', slot_name,
    'heard', extract(epoch FROM last_msg_receipt_time)::float8) FROM pg_stat_wal_receiver) AS receiver";

impl Following {
    /// The end of what would survive: what was received is replayed before a promotion ends.
    pub fn end(&self) -> Lsn {
        self.received.max(self.replayed).unwrap_or(Lsn(0))
    }

    /// Whether it streams now.
    pub fn is_streaming(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| receiver.status.as_deref() == Some("streaming"))
    }

    /// Whether everything that it has received was replayed.
    pub fn is_settled(&self) -> bool {
        self.replayed.is_some() && self.received.is_none_or(|received| self.replayed >= Some(received))
    }

    /// Where it follows, as far as it tells.
    pub fn source(&self) -> Option<(String, u16)> {
        let told = self.receiver.as_ref().and_then(|receiver| receiver.host.clone().zip(receiver.port));
        told.or_else(|| {
            let conninfo = self.conninfo.as_ref()?;
            Some((value(conninfo, "host")?, value(conninfo, "port").map_or(Some(5432), |port| port.parse().ok())?))
        })
    }
}

/// A value of a connection string, where it is written without quotes inside.
fn value(conninfo: &str, key: &str) -> Option<String> {
    let mut pairs = conninfo.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.rfind(|(name, _)| *name == key).map(|(_, value)| value.trim_matches('\'').to_owned())
}

/// Asks a standby who it is and how far it has followed.
pub async fn following(world: &dyn World, service: &ServiceSpec) -> Result<(Server, Following), Failure> {
    let tools = world.tools(&service.access);
    let ask = async {
        let server = identity::identify(&*tools).await?;
        if server.number < PROMOTES {
            let what = format!("{} is PostgreSQL {}, which is not promoted by SQL", service.name, server.version);
            return Err(Failure::refused(what).mend("pg_ctl promote on its host; since PostgreSQL 12 midwatch can"));
        }
        let mut session = identity::maintenance(&*tools).await?;
        let following = session.row(FOLLOWING).await?;
        session.close().await?;
        Ok((server, following))
    };
    patiently(service, ask).await
}

/// What is known of the server that shall be followed no more.
#[derive(Clone, Debug)]
pub enum Primary {
    /// It answers and takes writes.
    Writes {
        /// Who it is.
        server: Box<Server>,
        /// The end of what it has written.
        written: Lsn,
    },
    /// It answers, and is a standby itself.
    Follows,
    /// It answers, but nobody learns from it what it is: the words say why.
    Mute(String),
    /// It does not answer. That does not mean that it does not run.
    Silent(Fault),
}

impl Primary {
    /// The same as every failover asks for it. One that follows another is none of the old primaries.
    pub fn answer(&self) -> Answer {
        match self {
            Self::Writes { .. } => Answer::Writes,
            Self::Follows | Self::Mute(_) => Answer::Mute,
            Self::Silent(_) => Answer::Silent,
        }
    }
}

#[derive(Deserialize)]
struct Written {
    written: Lsn,
}

/// Asks a server whether it takes writes.
pub async fn primary(world: &dyn World, service: &ServiceSpec) -> Primary {
    if let Err(fault) = world.probe(service).await {
        return if is_silent(&fault) { Primary::Silent(fault) } else { Primary::Mute(fault.to_string()) };
    }
    let tools = world.tools(&service.access);
    let ask = async {
        let server = identity::identify(&*tools).await?;
        if server.standby {
            return Ok(Primary::Follows);
        }
        let mut session = identity::maintenance(&*tools).await?;
        let Written { written } = session.row("SELECT pg_current_wal_lsn()::text AS written").await?;
        session.close().await?;
        Ok(Primary::Writes { server: Box::new(server), written })
    };
    patiently(service, ask).await.unwrap_or_else(|failure| Primary::Mute(failure.to_string()))
}

/// Refuses where a standby still hears from its primary, whether we reach that or not.
pub async fn must_hear_nothing(world: &dyn World, service: &ServiceSpec) -> Result<(), Failure> {
    let heard = async || {
        let (_, following) = following(world, service).await?;
        Ok::<_, Failure>(following.receiver.and_then(|receiver| receiver.heard))
    };
    let Some(first) = heard().await? else { return Ok(()) };
    tokio::time::sleep(APART).await;
    match heard().await? {
        Some(second) if second > first => {
            let what = format!("{} still receives from its primary: that is alive, wherever it runs", service.name);
            Err(Failure::refused(what).mend("stop the primary where it runs, then ask again"))
        }
        _ => Ok(()),
    }
}

/// Refuses to promote what cannot be, or may not be by us.
pub fn must_be_promotable(service: &ServiceSpec, server: &Server, following: &Following) -> Result<(), Failure> {
    if !server.standby || !following.standby {
        let what = format!("{} is no standby: it takes writes itself ({})", service.name, server.words());
        return Err(Failure::refused(what));
    }
    if following.may_promote {
        return Ok(());
    }
    let user = service.access.user.as_deref().unwrap_or("midwatch");
    let what = format!("the role {user} may not promote {}", service.name);
    let grant = format!("GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO {user};");
    Err(Failure::new(FailureKind::Denied, what).mend(format!("as a superuser, in the database postgres of the primary: {grant}")))
}

/// That a promoted server takes writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writable {
    /// The timeline it opened.
    pub timeline: u32,
    /// The end of what it has written.
    pub written: Lsn,
}

#[derive(Deserialize)]
struct Promoted {
    promoted: bool,
}

/// Asks for it, and waits for at most a minute. False where it is not there by then: it may still come.
pub async fn promote(session: &mut Session) -> Result<bool, Failure> {
    let Promoted { promoted } = session.row("SELECT pg_promote(true, 60) AS promoted").await?;
    Ok(promoted)
}

#[derive(Deserialize)]
struct Standing {
    standby: bool,
}

#[derive(Deserialize)]
struct Transaction {
    id: u64,
    read_only: bool,
    timeline: u32,
    written: Lsn,
}

const TRANSACTION: &str = "\
SELECT txid_current() AS id, current_setting('transaction_read_only')::bool AS read_only,
  ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline, pg_current_wal_lsn()::text AS written";

/// Whether it takes writes: two transactions get numbers, the second a higher one. None while it is still in recovery.
pub async fn writable(session: &mut Session) -> Result<Option<Writable>, Failure> {
    let Standing { standby } = session.row("SELECT pg_is_in_recovery() AS standby").await?;
    if standby {
        return Ok(None);
    }
    let first: Transaction = session.row(TRANSACTION).await?;
    let second: Transaction = session.row(TRANSACTION).await?;
    if first.read_only || second.id <= first.id {
        let what = "it is no standby any more, but its transactions are read-only";
        return Err(Failure::new(FailureKind::Damaged, what).mend("look at default_transaction_read_only"));
    }
    Ok(Some(Writable { timeline: second.timeline, written: second.written }))
}

async fn patiently<T>(service: &ServiceSpec, ask: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let stalled =
        || Failure::new(FailureKind::Stalled, format!("{} did not answer within {}s", service.name, PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err(stalled()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn following(received: Option<u64>, replayed: Option<u64>, conninfo: &str) -> Following {
        let (received, replayed, conninfo) = (received.map(Lsn), replayed.map(Lsn), Some(conninfo.to_owned()));
        Following { standby: true, received, replayed, age: None, may_promote: true, conninfo, receiver: None }
    }

    #[test]
    fn the_primary_is_read_from_where_the_standby_was_told_to_connect() {
        let source = |conninfo: &str| following(None, None, conninfo).source();
        assert_eq!(source("user=r passfile='/a b' host=db-1 port=6432"), Some(("db-1".to_owned(), 6432)));
        assert_eq!(source("host='db-1'"), Some(("db-1".to_owned(), 5432)));
        assert_eq!(source("user=r"), None);
        let mut streaming = following(None, None, "host=old");
        streaming.receiver =
            Some(Receiver { status: None, host: Some("new".to_owned()), port: Some(1), slot: None, heard: None });
        assert_eq!(streaming.source(), Some(("new".to_owned(), 1)));
    }

    #[test]
    fn what_was_received_counts_and_a_standby_that_was_just_started_has_what_it_replayed() {
        assert_eq!(following(Some(9), Some(7), "").end(), Lsn(9));
        assert_eq!(following(None, Some(7), "").end(), Lsn(7));
        assert!(!following(Some(9), Some(7), "").is_settled());
        assert!(following(Some(9), Some(9), "").is_settled() && following(None, Some(7), "").is_settled());
        assert!(!following(None, None, "").is_settled());
    }
}
