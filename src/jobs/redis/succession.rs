//! One Redis that takes over from another: how far it has followed, what the other still writes, and whether the other may be
//! alive at all. Only asks, but for [`promote`], [`follow`], and the write by which it is seen that writes are taken.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::name::Name;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::failover::{Answer, is_silent};
use crate::jobs::redis;
use crate::jobs::redis::identity::Server;
use crate::jobs::redis::info::Info;
use crate::ports::World;
use crate::ports::redis::RedisLink;

/// How long a server that has just answered may take to answer all that is asked.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a link to a primary is listened at that looks alive. A primary says something every 10 s where nobody has told it
/// otherwise.
const ECHO: Duration = Duration::from_secs(15);
/// A server tells times in whole seconds.
const ROUNDED: Duration = Duration::from_secs(1);
/// How often that is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How long the key lives by which it is seen that writes are taken, should it not be removed: milliseconds.
const BRIEFLY: &str = "5000";

/// Where a server stands in its replication, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// Whether it follows another.
    pub replica: bool,
    /// Whom: host and port, as it was told.
    pub source: Option<(String, u16)>,
    /// Whether its link to that is up, and nothing is copied through it from the beginning.
    pub linked: bool,
    /// Whether everything is copied through it from the beginning now.
    pub copies: bool,
    /// How far it is: bytes of the replication stream.
    pub offset: u64,
    /// Since when it has heard nothing.
    pub silence: Option<Duration>,
    /// Which history it has: a primary and those that follow it share one.
    pub history: String,
    /// Which one it had before it took over, or before its restart.
    pub earlier: Option<String>,
}

impl Following {
    /// Reads it out of `INFO`.
    pub fn of(info: &Info) -> Result<Self, Failure> {
        let replica = info.must("role")? == "slave";
        let up = info.word("master_link_status") == "up" && info.word("master_sync_in_progress") != "1";
        let port = info.number("master_port").and_then(|port| u16::try_from(port).ok());
        let silence = info.number("master_link_down_since_seconds").or_else(|| info.number("master_last_io_seconds_ago"));
        let offset = if replica { "slave_repl_offset" } else { "master_repl_offset" };
        Ok(Self {
            replica,
            source: port.filter(|_| replica).map(|port| (info.word("master_host").to_owned(), port)),
            linked: replica && up,
            copies: replica && info.word("master_sync_in_progress") == "1",
            offset: info.number(offset).unwrap_or_default(),
            silence: silence.map(Duration::from_secs),
            history: info.word("master_replid").to_owned(),
            earlier: Some(info.word("master_replid2")).filter(|id| id.contains(|c| c != '0')).map(str::to_owned),
        })
    }
}

/// A link to a server, who it is, and where it stands.
pub struct Asked {
    /// The link.
    pub link: std::sync::Arc<dyn RedisLink>,
    /// Who it is.
    pub server: Server,
    /// Where it stands.
    pub following: Following,
}

/// Asks a server who it is and how far it has followed. One of a cluster is refused: that has its own way.
pub async fn following(world: &dyn World, environment: &Name, service: &ServiceSpec) -> Result<Asked, Failure> {
    let ask = async {
        let link = redis::link(world, &service.access).await?;
        let server = Server::identify(&*link, &service.access, environment, &service.name).await?;
        let info = Info::ask(&*link, &[]).await?;
        if info.word("redis_mode") == "cluster" || info.word("server_mode") == "cluster" {
            let what = format!("{} is a node of a cluster, which fails over by itself", service.name);
            return Err(Failure::refused(what).mend("redis-cli CLUSTER FAILOVER, on the replica"));
        }
        Ok(Asked { following: Following::of(&info)?, link, server })
    };
    let stalled =
        || Failure::new(FailureKind::Stalled, format!("{} did not answer within {}s", service.name, PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err(stalled()))
}

/// What is known of a server beside the replica.
pub enum Other {
    /// It answers and takes writes.
    Writes(Box<Asked>),
    /// It answers, and follows another.
    Follows(Box<Asked>),
    /// It answers, but nobody learns from it what it is: the words say why.
    Mute(String),
    /// It does not answer. That does not mean that it does not run.
    Silent(Fault),
}

impl Other {
    /// The same as every failover asks for it. One that follows another is none of the old primaries.
    pub fn answer(&self) -> Answer {
        match self {
            Self::Writes(_) => Answer::Writes,
            Self::Follows(_) | Self::Mute(_) => Answer::Mute,
            Self::Silent(_) => Answer::Silent,
        }
    }
}

/// Asks a server whether it takes writes.
pub async fn other(world: &dyn World, environment: &Name, service: &ServiceSpec) -> Other {
    if let Err(fault) = world.probe(service).await {
        return if is_silent(&fault) { Other::Silent(fault) } else { Other::Mute(fault.to_string()) };
    }
    match following(world, environment, service).await {
        Ok(asked) if asked.following.replica => Other::Follows(Box::new(asked)),
        Ok(asked) => Other::Writes(Box::new(asked)),
        Err(failure) => Other::Mute(failure.to_string()),
    }
}

/// Refuses what follows nobody, and what has never had all of the data.
pub fn must_be_promotable(service: &ServiceSpec, asked: &Asked) -> Result<(), Failure> {
    let Asked { server, following, .. } = asked;
    if !following.replica {
        return Err(Failure::refused(format!("{} is no replica: it takes writes itself ({})", service.name, server.words)));
    }
    if following.offset == 0 {
        let what = format!("{} has received nothing of its primary yet: it would begin empty", service.name);
        return Err(Failure::refused(what).mend("wait until it has, or restore a backup"));
    }
    Ok(())
}

/// Refuses where the user has no right to what a takeover needs, before anything is stopped. Servers before 7 cannot be asked.
pub async fn must_be_allowed(link: &dyn RedisLink, service: &ServiceSpec) -> Result<(), Failure> {
    let Ok(me) = link.ask(0, &["ACL", "WHOAMI"]).await else { return Ok(()) };
    for words in [&["REPLICAOF", "NO", "ONE"][..], &["SET", "midwatch:failover:0", "1"], &["DEL", "midwatch:failover:0"]] {
        let told = link.ask(0, &[&["ACL", "DRYRUN", &me], words].concat()).await.unwrap_or_default();
        if told.contains("has no permissions") {
            let what = format!("{me} may not let {} take over: {told}", service.name);
            let mend = format!("ACL SETUSER {me} +replicaof +set +del +info +client ~midwatch:*");
            return Err(Failure::new(FailureKind::Denied, what).mend(mend));
        }
    }
    Ok(())
}

/// Refuses where a replica still hears from its primary, whether we reach that or not.
pub async fn must_hear_nothing(world: &dyn World, environment: &Name, service: &ServiceSpec) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let now = following(world, environment, service).await?.following;
        let elapsed = began.elapsed();
        if !now.linked || elapsed >= ECHO {
            return Ok(());
        }
        if elapsed >= ROUNDED && now.silence.is_none_or(|silence| silence + ROUNDED < elapsed) {
            let what = format!("{} still receives from its primary: that is alive, wherever it runs", service.name);
            return Err(Failure::refused(what).mend("stop the primary where it runs, then ask again"));
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether a Sentinel is connected, as far as we may see that.
pub async fn is_watched(link: &dyn RedisLink) -> bool {
    link.ask(0, &["CLIENT", "LIST"]).await.is_ok_and(|clients| clients.contains(" name=sentinel-"))
}

/// Makes it follow nobody.
pub async fn promote(link: &dyn RedisLink) -> Result<(), Failure> {
    link.ask(0, &["REPLICAOF", "NO", "ONE"]).await.map(drop)
}

/// Makes it follow another.
pub async fn follow(link: &dyn RedisLink, (host, port): &(String, u16)) -> Result<(), Failure> {
    link.ask(0, &["REPLICAOF", host, &port.to_string()]).await.map(drop)
}

/// That it takes writes: a key of our own is written, and removed.
pub async fn must_take_writes(link: &dyn RedisLink, job: JobId) -> Result<(), Failure> {
    let key = format!("midwatch:failover:{}", job.0);
    let why = |failure: Failure| Failure {
        what: format!("it follows nobody any more, but takes no writes: {}", failure.what),
        ..failure
    };
    link.ask(0, &["SET", &key, "1", "PX", BRIEFLY]).await.map_err(why)?;
    link.ask(0, &["DEL", &key]).await.map_err(why).map(drop)
}

/// Keeps a primary from taking writes for a while, while it still sends what it has.
pub async fn hold_writes(link: &dyn RedisLink, within: Duration) -> Result<(), Failure> {
    let held = link.ask(0, &["CLIENT", "PAUSE", &within.as_millis().to_string(), "WRITE"]).await;
    // Servers before 6.2 do not know this.
    held.map(drop).map_err(|failure| failure.mend("midwatch stop it first, then ask again: what it writes last may be lost"))
}

/// Lets it take writes again.
pub async fn let_write(link: &dyn RedisLink) -> Result<(), Failure> {
    link.ask(0, &["CLIENT", "UNPAUSE"]).await.map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(lines: &[&str]) -> Following {
        Following::of(&Info::of(&lines.join("\r\n"))).unwrap()
    }

    #[test]
    fn a_replica_tells_whom_it_follows_and_how_far() {
        let common =
            ["role:slave", "master_host:10.0.0.1", "master_port:6379", "slave_repl_offset:900", "master_repl_offset:900"];
        let up = read(&[&common[..], &["master_link_status:up", "master_last_io_seconds_ago:3"]].concat());
        assert_eq!((up.replica, up.linked, up.offset, up.silence), (true, true, 900, Some(Duration::from_secs(3))));
        assert_eq!(up.source, Some(("10.0.0.1".to_owned(), 6379)));
        let down = ["master_link_status:down", "master_last_io_seconds_ago:-1", "master_link_down_since_seconds:40"];
        let down = read(&[&common[..], &down].concat());
        assert_eq!((down.linked, down.silence), (false, Some(Duration::from_secs(40))));
        let copying = read(&[&common[..], &["master_link_status:up", "master_sync_in_progress:1"]].concat());
        assert!(!copying.linked, "what it has is not whole");
    }

    #[test]
    fn a_primary_tells_what_it_has_written() {
        let primary = read(&["role:master", "master_repl_offset:7", "slave_repl_offset:1", "master_replid:abc"]);
        assert_eq!((primary.replica, primary.offset, primary.source), (false, 7, None));
        assert_eq!(primary.history, "abc");
    }
}
