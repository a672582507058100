//! How a service is reached, and where its tools run. Frozen into plans, so it names places and references, never a secret.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::secret::SecretRef;

/// Everything that a tool must be told to talk to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// How the service is talked to.
    pub reach: Reach,
    /// A host to go through first, as `ssh` knows it; none where the reach begins here.
    pub ssh: Option<String>,
    /// Where its tools run.
    pub tools: ToolPlace,
    /// Who midwatch is there.
    pub user: Option<String>,
    /// The password.
    pub password: Option<SecretRef>,
    /// PostgreSQL: the database to connect to.
    pub database: Option<String>,
    /// Whether the connection is encrypted and verified.
    pub tls: Tls,
}

/// How a service is talked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Over the network.
    Tcp {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// Through a socket file.
    Unix(PathBuf),
    /// From inside the service's own container: `docker exec`.
    Docker {
        /// The container's name or id.
        container: String,
    },
    /// From a container beside it, on one of Docker's networks.
    Network {
        /// The network's name.
        network: String,
        /// The service's name there.
        host: String,
        /// The port.
        port: u16,
    },
}

/// `host:port`, with brackets around an IPv6 address; the socket's path; `docker:container`; `network/host:port`.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Docker { container } => write!(f, "docker:{container}"),
            Self::Network { network, host, port } => write!(f, "{network}/{host}:{port}"),
        }
    }
}

/// Where a service's tools run, and the scratch servers that its backups are proved in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolPlace {
    /// On this host (behind `ssh`: on that host), found as Debian lays them out or in `PATH`.
    #[default]
    Here,
    /// On this host, in this folder.
    Folder(PathBuf),
    /// In containers of an image, without network unless the reach is one: where extensions or local programs differ.
    Image(String),
}

/// Whether a service's connection is encrypted and verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Neither.
    #[default]
    Disable,
    /// Encrypted, to whoever answers.
    Require,
    /// Encrypted, to the host that was meant and no other.
    VerifyFull {
        /// Certificates to trust instead of the system's, PEM.
        ca: Option<PathBuf>,
    },
}
