//! Repositories: each is there and lets us in, what lies in it can be opened again, and nothing goes to it in the clear.

use std::time::{Duration, Instant};

use crate::adapters::repository::{Patience, open_patiently};
use crate::domain::failure::Failure;
use crate::domain::repository::{RepositoryPlace, RepositorySpec};
use crate::runtime::check::{Finding, Subject, is_here};
use crate::runtime::connect::Vault;

/// A job tries for minutes; here one is asked once.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    small: Duration::from_secs(10),
    large: Duration::from_secs(10),
    retries: 1,
    retry: Duration::from_secs(10),
};

/// One repository.
pub async fn check(subject: Subject, spec: &RepositorySpec, vault: &Vault) -> Vec<Finding> {
    let mut found = vec![of_place(&subject, spec, vault).await];
    found.extend(of_transport(&subject, spec));
    found.extend(of_identity(&subject, spec));
    found
}

async fn of_place(subject: &Subject, spec: &RepositorySpec, vault: &Vault) -> Finding {
    let place = &spec.place;
    // What is missing is told where the secret is told.
    let barred = spec.secrets().iter().any(|(name, from)| name.starts_with("s3.") && vault.get(from).is_err());
    if barred {
        return subject.note(format!("{place} was not asked without its keys"), "");
    }
    let started = Instant::now();
    match held(spec).await {
        Ok(held) => subject.good(format!("{place}  {held}, {} ms", started.elapsed().as_millis())),
        Err(Failure { what, mend, .. }) => subject.missing(what, mend.unwrap_or_default()),
    }
}

async fn held(spec: &RepositorySpec) -> Result<String, Failure> {
    let catalogue = open_patiently(spec, None, PATIENCE).await?.catalogue().await?;
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    Ok(format!("{}, {}", count(catalogue.entries.len(), "backup"), count(catalogue.orphans.len(), "orphan")))
}

/// The keys are not sent, only what they sign; the data is.
fn of_transport(subject: &Subject, spec: &RepositorySpec) -> Option<Finding> {
    let RepositoryPlace::S3 { endpoint: Some(endpoint), .. } = &spec.place else { return None };
    let url = reqwest::Url::parse(endpoint).ok()?;
    let bare = url.scheme() == "http" && !is_here(url.host_str().unwrap_or_default());
    let what = if spec.encrypt.is_empty() { "backups go" } else { "manifests and the names of backups go" };
    let told = format!("{endpoint}: {what} over the network without encryption");
    bare.then(|| subject.part("s3.endpoint").note(told, "endpoint = \"https://…\""))
}

/// The host that backs up need not have the identity, but another one must.
fn of_identity(subject: &Subject, spec: &RepositorySpec) -> Option<Finding> {
    let sealed = !spec.encrypt.is_empty() && spec.identity.is_none();
    let told = "its backups are encrypted, and nothing here opens them again: they can be neither proved nor restored";
    sealed.then(|| subject.part("identity").note(told, "identity = \"file:/etc/midwatch/age.key\""))
}
