//! How a database is reached, and who says we may.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::tls::TlsMode;

/// The way to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Over the network.
    Tcp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        tls: TlsMode,
    },
    /// On this host. For PostgreSQL the socket or its folder.
    Unix {
        /// Where the socket is.
        path: PathBuf,
    },
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
            Self::Unix { path } => write!(f, "{}", path.display()),
        }
    }
}

/// Who we are to a database.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The role or ACL user; the server's default where none is given.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
}

/// The most time one probe may take, connecting and TLS included.
pub const PATIENCE: Duration = Duration::from_secs(2);
