//! From the configuration to what adapters are made of: secrets found, endpoints put together. It connects to nothing.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::SecretString;

use crate::adapters::afar::{self, Afar};
use crate::adapters::http::{self, Endpoint};
use crate::adapters::reach::{Login, Reach};
use crate::adapters::secret::{self, SecretError};
use crate::adapters::tls::{self, TlsMode};
use crate::adapters::tools::surroundings::Surroundings;
use crate::adapters::tools::tools;
use crate::config::model::{Auth, Environment, HeaderValue, Upstream};
use crate::domain::access::{self, Access, Tls};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::secret::SecretRef;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;

/// The secrets of a configuration, each looked for once: a command may ask somebody for a key.
#[derive(Debug, Default)]
pub struct Vault(HashMap<SecretRef, Result<SecretString, SecretError>>);

impl Vault {
    /// Looks for every secret that these environments refer to, all at once.
    pub async fn open(environments: &[Environment]) -> Self {
        Self::of(environments.iter().flat_map(Environment::secrets).map(|(_, from)| from)).await
    }

    /// Looks for these secrets, all at once.
    pub async fn of(references: impl Iterator<Item = &SecretRef>) -> Self {
        let mut references: Vec<_> = references.cloned().collect();
        references.sort_by_key(ToString::to_string);
        references.dedup();
        let found = references.into_iter().map(async |from| (from.clone(), secret::resolve(&from).await));
        Self(join_all(found).await.into_iter().collect())
    }

    /// A secret that was looked for, or why it was not found.
    pub fn get(&self, from: &SecretRef) -> Result<SecretString, SecretError> {
        match self.0.get(from) {
            Some(Ok(secret)) => Ok(secret.clone()),
            Some(Err(SecretError { from, why })) => Err(SecretError { from: from.clone(), why: why.clone() }),
            None => Err(SecretError { from: from.clone(), why: "it was not looked for".to_owned() }),
        }
    }
}

/// A Prometheus or Alertmanager as its adapter wants it.
pub fn endpoint(upstream: &Upstream, vault: &Vault) -> Result<Endpoint, SecretError> {
    let secret_headers = upstream.headers.iter().map(|header| {
        let value = match &header.value {
            HeaderValue::Text(text) => SecretString::from(text.clone()),
            HeaderValue::Secret(from) => vault.get(from)?,
        };
        Ok((header.name.clone(), value))
    });
    let auth = match &upstream.auth {
        None => http::Auth::None,
        Some(Auth::Basic { user, password }) => http::Auth::Basic { user: user.clone(), password: vault.get(password)? },
        Some(Auth::Bearer(token)) => http::Auth::Bearer(vault.get(token)?),
    };
    Ok(Endpoint { headers: secret_headers.collect::<Result<_, _>>()?, auth, ..bare(upstream) })
}

/// The same endpoint without anything that says who we are.
pub fn bare(upstream: &Upstream) -> Endpoint {
    let client = upstream.client.as_ref().map(|client| (client.certificate.clone(), client.key.clone()));
    Endpoint { tls: tls::Tls { ca: upstream.ca.clone(), client }, timeout: upstream.timeout, ..Endpoint::new(&upstream.url) }
}

/// The page that tells whether an HTTP service is healthy.
pub fn health(service: &ServiceSpec) -> Endpoint {
    let scheme = if service.access.tls == Tls::Disable { "http" } else { "https" };
    let path = service.health.as_ref().map_or("/", |health| &health.path);
    let ca = match &service.access.tls {
        Tls::VerifyFull { ca } => ca.clone(),
        _ => None,
    };
    Endpoint { tls: tls::Tls { ca, client: None }, ..Endpoint::new(format!("{scheme}://{}{path}", service.access.reach)) }
}

/// The way to a database as its adapter wants it.
pub fn reach(service: &ServiceSpec) -> Result<Reach, Fault> {
    let verified = |ca: &Option<_>| TlsMode::VerifyFull(tls::Tls { ca: ca.clone(), client: None });
    let tls = match &service.access.tls {
        Tls::Disable => TlsMode::Disable,
        Tls::Require => TlsMode::Require,
        Tls::VerifyFull { ca } => verified(ca),
    };
    match &service.access.reach {
        access::Reach::Tcp { host, port } if is_direct(&service.access) => {
            Ok(Reach::Tcp { host: host.clone(), port: *port, tls })
        }
        access::Reach::Unix(path) if is_direct(&service.access) => Ok(Reach::Unix { path: path.clone() }),
        other => Err(Fault::new(FaultKind::Unreachable, format!("{other} is only reached by its tools"))),
    }
}

/// Whether a service is reached from here, without its own tools.
pub fn is_direct(access: &Access) -> bool {
    access.ssh.is_none() && matches!(access.reach, access::Reach::Tcp { .. } | access::Reach::Unix(_))
}

/// A service as its own tools reach it.
pub fn afar(service: &ServiceSpec, patience: Duration) -> Afar {
    let kind = if service.kind == ServiceKind::Redis { afar::Kind::Redis } else { afar::Kind::Postgres };
    Afar::new(tools(&service.access, &Surroundings::inherited()), kind, patience)
}

/// Who midwatch is to a database.
pub fn login(service: &ServiceSpec, vault: &Vault) -> Result<Login, SecretError> {
    let password = service.access.password.as_ref().map(|from| vault.get(from)).transpose()?;
    Ok(Login { user: service.access.user.clone(), password })
}
