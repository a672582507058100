//! Alertmanager: each answers, lets us in, and sees the others.

use std::time::Instant;

use crate::adapters::alertmanager::Alertmanagers;
use crate::adapters::http::Budget;
use crate::config::model::{Environment, Upstream};
use crate::domain::alert::MemberStatus;
use crate::domain::fault::Fault;
use crate::runtime::check::endpoint::{Known, of_clock};
use crate::runtime::check::{Finding, Subject};
use crate::runtime::connect::Vault;

/// One Alertmanager.
pub async fn check(
    subject: Subject,
    environment: &Environment,
    upstream: &Upstream,
    vault: &Vault,
    budget: &Budget,
) -> Vec<Finding> {
    let endpoint = Known::of(upstream, vault);
    let started = Instant::now();
    let asked = async {
        let client = Alertmanagers::new(std::slice::from_ref(&endpoint.endpoint), budget)?;
        let member = client.status().await.pop().map_or_else(|| Ok(MemberStatus::default()), |member| member.state)?;
        Ok::<_, Fault>((member, client.skews().pop().flatten()))
    };
    match asked.await {
        Err(fault) => vec![endpoint.failing(&subject, upstream, &fault)],
        Ok((status, skew)) => {
            let took = started.elapsed().as_millis();
            let cluster = if is_alone(&status) { "alone".to_owned() } else { format!("cluster of {}", status.peers) };
            let told = format!("{}  {}, {cluster}, {took} ms", upstream.url, status.version);
            let clock = skew.and_then(|skew| of_clock(&subject, skew));
            let cluster = of_cluster(&subject, environment, &status);
            std::iter::once(subject.good(told)).chain(clock).chain(cluster).collect()
        }
    }
}

fn is_alone(status: &MemberStatus) -> bool {
    status.cluster == "disabled"
}

/// A member that sees fewer than are configured is split off: a silence made there stays there.
fn of_cluster(subject: &Subject, environment: &Environment, status: &MemberStatus) -> Option<Finding> {
    let configured = environment.alertmanagers.len();
    let told = if is_alone(status) {
        format!("it is not clustered, and {configured} members are configured")
    } else {
        format!("it sees {} of {configured} configured members, its cluster is {}", status.peers, status.cluster)
    };
    let split = configured > 1 && status.peers < configured;
    split.then(|| subject.part("cluster").note(told, "--cluster.peer on each member, and TCP and UDP 9094 open between them"))
}
