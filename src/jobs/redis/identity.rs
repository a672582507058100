//! Which server it is: told apart from every other, told to people, locked.

use crate::domain::access::Access;
use crate::domain::backup::Origin;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::jobs::redis::info::Info;
use crate::ports::redis::RedisLink;

/// A server, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What a backup of it says where it came from. Its `system` is the run id, which no two servers share and which ends with
    /// the process: the replication id is the same for a primary and its replicas.
    pub origin: Origin,
    /// `primary` or `replica`.
    pub role: &'static str,
    /// What a job on it locks: the process, and the way there, which outlives a restart.
    pub keys: Vec<String>,
    /// For people: `Redis 7.0.15, primary, 127.0.0.1:6379, run 3f1c…`.
    pub words: String,
    /// What a person should know before its backup is taken.
    pub notes: Vec<String>,
}

impl Server {
    /// Asks the server who it is.
    pub async fn identify(link: &dyn RedisLink, access: &Access, environment: &Name, service: &Name) -> Result<Self, Failure> {
        let info = Info::ask(link, &[]).await?;
        if info.word("redis_mode") == "sentinel" {
            return Err(Failure::new(FailureKind::Refused, format!("{} is a Sentinel: it holds no data", access.reach)));
        }
        let (flavour, version) = match info.word("valkey_version") {
            "" => ("redis", info.must("redis_version")?),
            version => ("valkey", version),
        };
        let origin = Origin {
            environment: environment.clone(),
            service: service.clone(),
            flavour: flavour.to_owned(),
            version: version.to_owned(),
            system: info.must("run_id")?.to_owned(),
            address: address(access),
        };
        let role = if info.must("role")? == "master" { "primary" } else { "replica" };
        let words = words(&origin, role);
        let mut keys = vec![format!("redis:{}", origin.system), format!("redis:{}", origin.address)];
        keys.sort();
        Ok(Self { role, keys, words, notes: notes(&info, role), origin })
    }

    /// Refuses a server that is not the one that was confirmed.
    pub fn must_be(&self, system: &str) -> Result<(), Failure> {
        if self.origin.system == system {
            return Ok(());
        }
        let words = format!("{} is another process than the one that was confirmed (run {})", self.words, short(system));
        Err(Failure::new(FailureKind::Refused, words).mend("it was restarted or replaced since: plan it again"))
    }
}

fn words(origin: &Origin, role: &str) -> String {
    let name = if origin.flavour == "valkey" { "Valkey" } else { "Redis" };
    format!("{name} {}, {role}, {}, run {}", origin.version, origin.address, short(&origin.system))
}

fn short(run: &str) -> String {
    run.chars().take(8).collect()
}

/// The way there, as configured; behind `ssh` an address is that host's own.
fn address(access: &Access) -> String {
    let reach = access.reach.to_string().replace("localhost:", "127.0.0.1:");
    access.ssh.as_ref().map_or(reach.clone(), |host| format!("ssh:{host}/{reach}"))
}

fn notes(info: &Info, role: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if info.word("redis_mode") == "cluster" || info.word("server_mode") == "cluster" {
        notes.push("It is one node of a cluster: its backup holds that node's slots only.".to_owned());
    }
    if role == "replica" && info.word("master_link_status") != "up" {
        notes.push("It is a replica that does not follow its primary now: its data is old, and it refuses SYNC.".to_owned());
    } else if role == "replica" {
        notes.push("It is a replica: what its primary took in the last moments may be missing.".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::access::{Reach, Tls, ToolPlace};
    use crate::ports::Promise;
    use crate::ports::redis::{Snapshot, Way};

    struct Says(&'static str);

    impl RedisLink for Says {
        fn ask<'a>(&'a self, _: u32, _: &'a [&'a str]) -> Promise<'a, String> {
            Box::pin(async { Ok(self.0.to_owned()) })
        }

        fn snapshot(&self, _: Way) -> Promise<'_, Snapshot> {
            Box::pin(async { Err(Failure::new(FailureKind::Bug, "not asked for")) })
        }
    }

    async fn found(info: &'static str, host: &str) -> Result<Server, Failure> {
        let reach = Reach::Tcp { host: host.to_owned(), port: 6379 };
        let tools = ToolPlace::Here;
        let access = Access { reach, ssh: None, tools, user: None, password: None, database: None, tls: Tls::Disable };
        Server::identify(&Says(info), &access, &"production".into(), &"cache".into()).await
    }

    #[tokio::test]
    async fn rule_10_one_process_is_one_lock_by_whatever_name() {
        let info = "redis_version:7.0.15\r\nrun_id:aabbccddeeff\r\nrole:master\r\n";
        let (here, there) = (found(info, "localhost").await.unwrap(), found(info, "cache.shop").await.unwrap());
        assert_eq!(here.keys, ["redis:127.0.0.1:6379", "redis:aabbccddeeff"]);
        assert!(here.keys.iter().any(|key| there.keys.contains(key)));
        assert_eq!(here.words, "Redis 7.0.15, primary, 127.0.0.1:6379, run aabbccdd");
    }

    #[tokio::test]
    async fn rule_11_another_process_is_refused() {
        let info = "redis_version:7.2.4\r\nvalkey_version:9.0.1\r\nrun_id:aabb\r\nrole:slave\r\nmaster_link_status:up\r\n";
        let server = found(info, "h").await.unwrap();
        assert_eq!((server.origin.flavour.as_str(), server.origin.major()), ("valkey", "9"));
        server.must_be("aabb").unwrap();
        let failure = server.must_be("ccdd").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
    }

    #[tokio::test]
    async fn what_is_no_data_server_is_refused() {
        let sentinel = found("redis_version:7.0.15\r\nredis_mode:sentinel\r\nrun_id:a\r\nrole:sentinel\r\n", "h").await;
        assert!(sentinel.unwrap_err().what.contains("Sentinel"));
        assert!(found("HTTP/1.1 400 Bad Request", "h").await.unwrap_err().what.contains("redis_version"));
    }
}
