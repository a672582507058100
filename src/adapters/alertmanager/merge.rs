//! One view of what several members know.

use std::collections::BTreeMap;

use super::{Said, wire};
use crate::domain::alert::{Alert, AlertGroup, AlertState, Fingerprint, MemberStatus, Silence};
use crate::domain::fault::Fault;

/// What one member that answered said.
type Answer = (Vec<wire::Alert>, MemberStatus);

/// Each member's alerts, numbered by member, beside its state.
pub(super) fn split(said: Said<Answer>) -> (Vec<Alert>, Vec<Result<MemberStatus, Fault>>) {
    let mut alerts = Vec::new();
    let state = |(n, answer): (usize, Result<Answer, Fault>)| {
        let (known, status) = answer?;
        alerts.extend(known.into_iter().map(|alert| alert.into_domain(n)));
        Ok(status)
    };
    let states = said.into_iter().enumerate().map(state).collect();
    (alerts, states)
}

/// The union by fingerprint, in the order of fingerprints.
pub(super) fn alerts(all: Vec<Alert>) -> Vec<Alert> {
    let mut by_fingerprint: BTreeMap<Fingerprint, Vec<Alert>> = BTreeMap::new();
    for alert in all {
        by_fingerprint.entry(alert.fingerprint.clone()).or_default().push(alert);
    }
    by_fingerprint.into_values().filter_map(united).collect()
}

/// Annotations and times from the member that heard of it last; active when anybody says so, because then somebody is notified.
fn united(views: Vec<Alert>) -> Option<Alert> {
    let state = views.iter().map(|view| view.state).min_by_key(|state| loudness(*state))?;
    let members = views.iter().flat_map(|view| view.members.clone()).collect();
    let dissent = views.iter().filter(|view| view.state != state).flat_map(|view| view.members.clone()).collect();
    let silenced_by = union(views.iter().flat_map(|view| view.silenced_by.clone()));
    let inhibited_by = union(views.iter().flat_map(|view| view.inhibited_by.clone()));
    let receivers = union(views.iter().flat_map(|view| view.receivers.clone()));
    let newest = views.into_iter().max_by_key(|view| view.updated_at)?;
    Some(Alert { state, silenced_by, inhibited_by, receivers, members, dissent, ..newest })
}

fn loudness(state: AlertState) -> u8 {
    match state {
        AlertState::Active => 0,
        AlertState::Unprocessed => 1,
        AlertState::Suppressed => 2,
    }
}

fn union<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<_> = all.collect();
    all.sort();
    all.dedup();
    all
}

/// The union by receiver and labels, in that order.
pub(super) fn groups(all: impl Iterator<Item = wire::Group>) -> Vec<AlertGroup> {
    let mut by_key: BTreeMap<_, Vec<Fingerprint>> = BTreeMap::new();
    for group in all {
        let key = (group.receiver.name, group.labels.into_labels());
        by_key.entry(key).or_default().extend(group.alerts.into_iter().map(|a| a.fingerprint));
    }
    let group = |((receiver, labels), alerts): (_, Vec<_>)| AlertGroup { labels, receiver, alerts: union(alerts.into_iter()) };
    by_key.into_iter().map(group).collect()
}

/// The newest version of each, in the order of ids.
pub(super) fn silences(all: impl Iterator<Item = wire::Silence>) -> Vec<Silence> {
    let mut by_id: BTreeMap<String, Silence> = BTreeMap::new();
    for silence in all.map(wire::Silence::into_domain) {
        match by_id.get(&silence.id) {
            Some(known) if known.updated_at >= silence.updated_at => {}
            _ => _ = by_id.insert(silence.id.clone(), silence),
        }
    }
    by_id.into_values().collect()
}

#[cfg(test)]
mod tests;
