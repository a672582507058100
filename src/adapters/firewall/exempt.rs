//! The lines that are never cut: by which midwatch sees, by which it stores backups, and by which its operators come in.

use std::time::Duration;

use reqwest::Url;

use crate::adapters::control::host::Host;
use crate::adapters::listener;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::failure::Failure;
use crate::domain::service::spec::ServiceSpec;
use crate::ports::tools::Run;

/// Where `ssh` comes in, mostly.
const SSH: u16 = 22;
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that midwatch itself talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exempt {
    /// What it is, for people.
    pub what: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Exempt {
    /// What an address like `http://prometheus:9090` leads to.
    pub fn at(what: impl Into<String>, url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Self { what: what.into(), host, port: url.port_or_known_default()? })
    }
}

/// The lines that must not be cut on the host of one service.
pub struct Lines {
    exempt: Vec<Exempt>,
    ssh: Option<String>,
    here: Host,
}

impl Lines {
    /// Those beside what midwatch talks to: the way through `ssh`, where there is one.
    pub fn new(exempt: Vec<Exempt>, ssh: Option<&str>, around: &Surroundings) -> Self {
        Self { exempt, ssh: ssh.map(str::to_owned), here: Host::new(None, around) }
    }

    /// Refuses a service that is itself one of the lines, as it is reached.
    pub fn spare(&self, service: &ServiceSpec) -> Result<(), Failure> {
        let Reach::Tcp { host, port } = &service.access.reach else { return Ok(()) };
        let is_same =
            |other: &&Exempt| other.port == *port && (other.host == *host || is_loopback(&other.host) && is_loopback(host));
        match self.exempt.iter().find(is_same) {
            Some(line) => Err(needed(*port, &line.what)),
            None => Ok(()),
        }
    }

    /// Refuses a port of a host by which its operators come in.
    pub async fn spare_host(&self, port: u16) -> Result<(), Failure> {
        let is_way_in = match &self.ssh {
            None => is_sshd(port).await,
            Some(host) => self.way_to(host).await? == Some(port),
        };
        if port == SSH || is_way_in { Err(needed(port, "ssh")) } else { Ok(()) }
    }

    /// The port by which `ssh` goes to a host, as its configuration says.
    async fn way_to(&self, host: &str) -> Result<Option<u16>, Failure> {
        let said = self.here.done(&Run::new("ssh", ["-G", host]), PATIENCE).await?;
        Ok(said.out.lines().find_map(|line| line.strip_prefix("port ")?.trim().parse().ok()))
    }
}

/// Whether the server of `ssh` listens at a port of this host.
async fn is_sshd(port: u16) -> bool {
    let reach = Reach::Tcp { host: "localhost".to_owned(), port };
    let (user, password, database) = (None, None, None);
    let access = Access { reach, ssh: None, tools: ToolPlace::Here, user, password, database, tls: Tls::Disable };
    let owner = tokio::task::spawn_blocking(move || listener::of(&access)).await.unwrap_or_default();
    owner.is_some_and(|owner| owner.ends_with("(sshd)"))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn needed(port: u16, what: &str) -> Failure {
    Failure::refused(format!("port {port} is {what}, which midwatch or its operators need: it is never cut"))
}
