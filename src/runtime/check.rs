//! What `midwatch check` finds out: whether everything the configuration needs is there and lets midwatch in.
//!
//! One file a kind of check; every check has its own deadline and none waits for another. What one finds out is a list of
//! [`Finding`]s: all that is missing, not the first.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;

use crate::adapters::http::Budget;
use crate::config::model::{Config, Environment};
use crate::domain::name::Name;
use crate::runtime::connect::Vault;

mod alertmanager;
mod control;
mod endpoint;
mod files;
mod methods;
mod prometheus;
mod repository;
mod secrets;
mod service;
pub mod terminal;
mod unattended;

/// How many checks run at once.
const AT_ONCE: usize = 16;
/// The longest a check may take, whatever its own deadlines are.
const LIMIT: Duration = Duration::from_secs(30);

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and yet somebody should look at it.
    Note,
    /// It is missing, or does not let midwatch in.
    Missing,
}

/// One thing that was looked at. Its words may come from outside: drawn only through `Clean`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The environment it belongs to, if to one.
    pub environment: Option<Name>,
    /// What was looked at, as the configuration calls it: `services.orders-db.password`.
    pub subject: String,
    /// How it was found.
    pub verdict: Verdict,
    /// Where it was looked for and what was found there, one line.
    pub detail: String,
    /// The command, or the line of configuration, that mends it.
    pub mend: Option<String>,
}

/// What is looked at: the beginning of every finding about it.
#[derive(Clone, Debug)]
struct Subject {
    environment: Option<Name>,
    name: String,
}

impl Subject {
    fn of(environment: &Environment, name: impl Into<String>) -> Self {
        Self { environment: Some(environment.name.clone()), name: name.into() }
    }

    /// A part of it: `prometheus.rules`.
    fn part(&self, name: &str) -> Self {
        Self { environment: self.environment.clone(), name: format!("{}.{name}", self.name) }
    }

    fn good(&self, detail: impl Into<String>) -> Finding {
        self.finding(Verdict::Good, detail.into(), None)
    }

    fn note(&self, detail: impl Into<String>, mend: impl Into<String>) -> Finding {
        self.finding(Verdict::Note, detail.into(), Some(mend.into()))
    }

    fn missing(&self, detail: impl Into<String>, mend: impl Into<String>) -> Finding {
        self.finding(Verdict::Missing, detail.into(), Some(mend.into()))
    }

    fn finding(&self, verdict: Verdict, detail: String, mend: Option<String>) -> Finding {
        let mend = mend.filter(|mend| !mend.is_empty());
        Finding { environment: self.environment.clone(), subject: self.name.clone(), verdict, detail, mend }
    }
}

/// Checks everything that a configuration needs. Findings come in the configuration's order.
pub async fn run(config: &Config) -> Vec<Finding> {
    let vault = Vault::open(&config.environments).await;
    let budget = Budget::default();
    let checks = config.environments.iter().flat_map(|environment| checks(environment, &vault, &budget));
    stream::iter(checks).buffered(AT_ONCE).concat().await
}

type Check<'a> = BoxFuture<'a, Vec<Finding>>;

fn checks<'a>(environment: &'a Environment, vault: &'a Vault, budget: &'a Budget) -> Vec<Check<'a>> {
    let mut all: Vec<Check<'a>> = vec![Box::pin(async move { secrets::check(environment, vault) })];
    all.extend(files::checks(environment));
    if let Some(upstream) = &environment.prometheus {
        let subject = Subject::of(environment, "prometheus");
        all.push(within(subject.clone(), prometheus::check(subject, environment, upstream, vault, budget)));
    }
    for (n, upstream) in environment.alertmanagers.iter().enumerate() {
        let subject = Subject::of(environment, format!("alertmanagers[{n}]"));
        all.push(within(subject.clone(), alertmanager::check(subject, environment, upstream, vault, budget)));
    }
    for service in &environment.services {
        let subject = Subject::of(environment, format!("services.{}", service.name));
        let control = service.control.as_ref().map(|spec| (subject.part("control"), spec));
        all.push(within(subject.clone(), service::check(subject, service, vault, budget)));
        all.extend(control.map(|(subject, spec)| within(subject.clone(), control::check(subject, spec))));
    }
    for spec in &environment.repositories {
        let subject = Subject::of(environment, format!("repositories.{}", spec.name));
        all.push(within(subject.clone(), repository::check(subject, spec, vault)));
    }
    all.push(Box::pin(async move { unattended::check(environment) }));
    all
}

fn within<'a>(subject: Subject, check: impl Future<Output = Vec<Finding>> + Send + 'a) -> Check<'a> {
    Box::pin(async move {
        let late = |_| vec![subject.missing(format!("it was not done within {} s", LIMIT.as_secs()), "")];
        tokio::time::timeout(LIMIT, check).await.unwrap_or_else(late)
    })
}

/// Whether a host's name or address is this host itself.
fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']);
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// One word as a shell reads it.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
