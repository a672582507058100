//! What a configuration means, once nothing is wrong with it. Plain values; no secret is among them, only references.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::bell::Bell;
use crate::domain::colour::Colour;
use crate::domain::guard::Guard;
use crate::domain::name::Name;
use crate::domain::problem::Place;
use crate::domain::repository::RepositorySpec;
use crate::domain::response::Response;
use crate::domain::secret::SecretRef;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::signal::Signal;

/// Everything `midwatch.toml` says, with flags and variables applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The files it came from, nearest first.
    pub files: Vec<PathBuf>,
    /// Which environment opens: always one of [`Self::environments`].
    pub environment: Name,
    /// How the console looks.
    pub theme: Choice,
    /// Whether to draw with ASCII alone.
    pub ascii: bool,
    /// How the console is handled.
    pub console: Console,
    /// Where the ledger is; the host's or the person's usual place where none is set.
    pub state: Option<PathBuf>,
    /// Where scratch servers get their folders: a file system with room for a whole restore.
    pub scratch: Option<PathBuf>,
    /// The file for `node_exporter`'s textfile collector that every job brings up to date.
    pub textfile: Option<PathBuf>,
    /// How soon alerts must be taken on.
    pub response: Response,
    /// At least one, in the order they were written.
    pub environments: Vec<Environment>,
}

impl Config {
    /// The environment that opens.
    pub fn opening(&self) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == self.environment)
    }
}

/// A theme or a keymap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One that midwatch has, or for a theme the person's theme folder.
    Named(String),
    /// A file.
    File(PathBuf),
}

/// How the console is handled, and how it calls for somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Console {
    /// The keymap, and the files that lie over it, in their order; the default one where none is named.
    pub keymap: Vec<Choice>,
    /// Whether it answers the mouse.
    pub mouse: bool,
    /// When and how it rings.
    pub bell: Bell,
}

/// A named set of endpoints and services.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Letters, digits, `.`, `_` and `-`: it can be typed.
    pub name: Name,
    /// What it is told apart by, besides its name.
    pub color: Colour,
    /// How much it resists changes.
    pub guard: Guard,
    /// The polling interval, at least a second.
    pub refresh: Duration,
    /// What of it is kept in files of its own.
    pub files: Files,
    /// Its Prometheus.
    pub prometheus: Option<Upstream>,
    /// Its Alertmanagers, with different addresses.
    pub alertmanagers: Vec<Upstream>,
    /// What it runs and midwatch probes directly.
    pub services: Vec<ServiceSpec>,
    /// What the Overview measures.
    pub signals: Vec<Signal>,
    /// Where backups live.
    pub repositories: Vec<RepositorySpec>,
    /// The routines that may run where nobody is asked, by name.
    pub unattended: Vec<String>,
}

impl Environment {
    /// Its endpoints, with what each is called: `prometheus`, `alertmanagers[0]`.
    pub fn upstreams(&self) -> impl Iterator<Item = (String, &Upstream)> {
        let prometheus = self.prometheus.iter().map(|one| ("prometheus".to_owned(), one));
        prometheus.chain(self.alertmanagers.iter().enumerate().map(|(n, one)| (format!("alertmanagers[{n}]"), one)))
    }

    /// Every secret that it refers to, with what it is for: `prometheus.bearer`, `services.db.password`.
    pub fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let upstreams = self
            .upstreams()
            .flat_map(|(name, one)| one.secrets().into_iter().map(move |(key, secret)| (format!("{name}.{key}"), secret)));
        let services = self.services.iter().filter_map(|service| {
            service.access.password.as_ref().map(|secret| (format!("services.{}.password", service.name), secret))
        });
        let repositories = self.repositories.iter().flat_map(|one| {
            one.secrets().into_iter().map(move |(key, secret)| (format!("repositories.{}.{key}", one.name), secret))
        });
        upstreams.chain(services).chain(repositories).collect()
    }
}

/// Where the files of an environment are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Grafana's dashboards.
    pub dashboards: Vec<Pattern>,
    /// Runbooks, in Markdown.
    pub runbooks: Vec<Pattern>,
    /// `GameDay`s.
    pub gamedays: Vec<Pattern>,
}

/// Files, by path, folder or glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    pub written: String,
    /// The same as an absolute glob.
    pub glob: String,
    /// Where it was written.
    pub place: Place,
}

/// A Prometheus or an Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// `http://host:port/prefix`, without credentials and without a slash at its end.
    pub url: String,
    /// Sent with every request.
    pub headers: Vec<Header>,
    /// How midwatch says who it is.
    pub auth: Option<Auth>,
    /// Certificates to trust instead of the system's, PEM.
    pub ca: Option<PathBuf>,
    /// The certificate midwatch shows.
    pub client: Option<ClientCertificate>,
    /// The longest one request may take.
    pub timeout: Duration,
}

impl Upstream {
    fn secrets(&self) -> Vec<(String, &SecretRef)> {
        let headers = self.headers.iter().filter_map(|header| match &header.value {
            HeaderValue::Secret(secret) => Some((format!("headers.{}", header.name), secret)),
            HeaderValue::Text(_) => None,
        });
        let auth = self.auth.as_ref().map(|auth| match auth {
            Auth::Basic { password, .. } => ("basic.password".to_owned(), password),
            Auth::Bearer(token) => ("bearer".to_owned(), token),
        });
        headers.chain(auth).collect()
    }
}

/// One header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: HeaderValue,
}

/// What a header is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// Nothing secret.
    Text(String),
    /// Something secret.
    Secret(SecretRef),
}

/// How midwatch says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// HTTP basic authentication.
    Basic {
        /// Who.
        user: String,
        /// The password.
        password: SecretRef,
    },
    /// A bearer token.
    Bearer(SecretRef),
}

/// The certificate midwatch shows, with its key; both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and the chain above it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}
