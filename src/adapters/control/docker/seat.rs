//! Where the Docker Engine is: found as its own client finds it, so that a control and a reach mean the same one.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::adapters::tls::Tls;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};

/// Where it listens when nobody says otherwise.
const USUAL: &str = "/var/run/docker.sock";
/// The context that stands for [`USUAL`].
const DEFAULT: &str = "default";

/// Where an Engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// On this host.
    Unix(PathBuf),
    /// At an address, `host:port`.
    Tcp {
        /// `10.0.0.1:2376`.
        address: String,
        /// Whom to trust and who we are; none where nobody is asked.
        tls: Option<Tls>,
    },
    /// Wherever the client of this host finds it; as `ssh` knows the host.
    Ssh(String),
}

/// For people.
impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "Docker at {}", path.display()),
            Self::Tcp { address, .. } => write!(f, "Docker at {address}"),
            Self::Ssh(host) => write!(f, "Docker on {host}"),
        }
    }
}

impl Seat {
    /// The Engine of the host `ssh` leads to; without, the one that `DOCKER_HOST` or Docker's context names.
    pub fn find(ssh: Option<&str>, around: &Surroundings) -> Result<Self, Failure> {
        if let Some(host) = ssh {
            return Ok(Self::Ssh(host.to_owned()));
        }
        let folder = around.get("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| Some(Path::new(around.get("HOME")?).join(".docker")));
        if let Some(host) = around.get("DOCKER_HOST") {
            let asked = around.get("DOCKER_TLS_VERIFY").is_some();
            let keys = around.get("DOCKER_CERT_PATH").map(PathBuf::from).or(folder);
            return Self::parse(&host.to_string_lossy(), keys.filter(|_| asked).map(|keys| trust(&keys)));
        }
        let named = around.get("DOCKER_CONTEXT").map(|name| name.to_string_lossy().into_owned());
        let Some(folder) = folder else { return Ok(Self::Unix(USUAL.into())) };
        match named.or_else(|| current(&folder)).filter(|name| name != DEFAULT) {
            None => Ok(Self::Unix(USUAL.into())),
            Some(name) => of_context(&folder, &name),
        }
    }

    fn parse(host: &str, tls: Option<Tls>) -> Result<Self, Failure> {
        match host.split_once("://") {
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("tcp" | "http" | "https", rest)) => {
                let address = rest.split('/').next().unwrap_or_default();
                let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                let port = if tls.is_some() { 2376 } else { 2375 };
                let address = if has_port { address.to_owned() } else { format!("{address}:{port}") };
                Ok(Self::Tcp { address, tls })
            }
            Some(("ssh", rest)) => Ok(Self::Ssh(format!("ssh://{}", rest.split('/').next().unwrap_or_default()))),
            _ => Err(Failure::new(FailureKind::Config, format!("{host} is no address of Docker's that midwatch knows"))
                .mend("DOCKER_HOST=unix:///var/run/docker.sock, or tcp:// or ssh://")),
        }
    }
}

/// The keys of a folder, by the names Docker gives them.
fn trust(folder: &Path) -> Tls {
    let at = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    Tls { ca: at("ca.pem"), client: at("cert.pem").zip(at("key.pem")) }
}

/// The context that `docker context use` chose.
fn current(folder: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Chosen {
        #[serde(rename = "currentContext")]
        current: Option<String>,
    }
    let text = std::fs::read(folder.join("config.json")).ok()?;
    serde_json::from_slice::<Chosen>(&text).ok()?.current.filter(|name| !name.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip: bool,
}

/// The Engine of a context: contexts lie in folders that are named by the digests of their names.
fn of_context(folder: &Path, name: &str) -> Result<Seat, Failure> {
    let mut id = String::new();
    for byte in Sha256::digest(name.as_bytes()) {
        _ = write!(id, "{byte:02x}");
    }
    let path = folder.join("contexts/meta").join(&id).join("meta.json");
    let wrong = |why: &dyn fmt::Display| {
        Failure::new(FailureKind::Config, format!("Docker's context {name}: {}: {why}", path.display()))
            .mend("docker context ls, then docker context use NAME")
    };
    let text = std::fs::read(&path).map_err(|e| wrong(&e))?;
    let endpoint = serde_json::from_slice::<Meta>(&text).map_err(|e| wrong(&e))?.endpoints.docker;
    if endpoint.skip {
        return Err(wrong(&"it asks nobody who he is (SkipTLSVerify), and midwatch does not stop services of just anybody"));
    }
    let keys = folder.join("contexts/tls").join(&id).join("docker");
    Seat::parse(&endpoint.host, Some(trust(&keys)).filter(|tls| *tls != Tls::default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn around(pairs: &[(&str, &str)]) -> Surroundings {
        Surroundings::of(pairs)
    }

    #[test]
    fn the_engine_is_where_its_own_client_would_look() {
        let find = |pairs: &[(&str, &str)]| Seat::find(None, &around(pairs));
        let tcp = |address: &str, tls| Ok(Seat::Tcp { address: address.to_owned(), tls });
        assert_eq!(find(&[]), Ok(Seat::Unix(USUAL.into())));
        assert_eq!(find(&[("DOCKER_HOST", "unix:///run/d.sock")]), Ok(Seat::Unix("/run/d.sock".into())));
        assert_eq!(find(&[("DOCKER_HOST", "tcp://db-1")]), tcp("db-1:2375", None));
        let verified = [("DOCKER_HOST", "tcp://db-1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/nowhere")];
        assert_eq!(find(&verified), tcp("db-1:2376", Some(Tls::default())));
        assert_eq!(find(&[("DOCKER_HOST", "ssh://anna@db-1:22/x")]), Ok(Seat::Ssh("ssh://anna@db-1:22".into())));
        assert!(find(&[("DOCKER_HOST", "npipe://x")]).unwrap_err().what.contains("npipe://x"));
        assert_eq!(Seat::find(Some("db-1"), &around(&[("DOCKER_HOST", "tcp://x")])), Ok(Seat::Ssh("db-1".into())));
    }

    #[test]
    fn a_context_names_its_engine_and_an_unknown_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"currentContext": "far"}"#).unwrap();
        let failure = Seat::find(None, &around(&[("DOCKER_CONFIG", config)])).unwrap_err();
        assert!(failure.what.starts_with("Docker's context far: "), "{failure}");
        let meta = Path::new(failure.what.split(": ").nth(1).unwrap()).to_owned();
        std::fs::create_dir_all(meta.parent().unwrap()).unwrap();
        std::fs::write(&meta, r#"{"Name": "far", "Endpoints": {"docker": {"Host": "ssh://db-1"}}}"#).unwrap();
        assert_eq!(Seat::find(None, &around(&[("DOCKER_CONFIG", config)])), Ok(Seat::Ssh("ssh://db-1".into())));
        let chosen = [("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", "default")];
        assert_eq!(Seat::find(None, &around(&chosen)), Ok(Seat::Unix(USUAL.into())));
    }
}
