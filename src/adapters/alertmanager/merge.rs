//! One view of what several members know.

use std::collections::BTreeMap;

use super::wire;
use crate::domain::alert::{Alert, AlertGroup, AlertState, Fingerprint, Silence};

/// What one member knows, with that member's number.
type Known<T> = Vec<(usize, T)>;

/// The union by fingerprint, in the order of fingerprints.
pub(super) fn alerts(all: Known<wire::Alert>) -> Vec<Alert> {
    let mut by_fingerprint: BTreeMap<Fingerprint, Vec<Alert>> = BTreeMap::new();
    for alert in all.into_iter().map(|(member, alert)| alert.into_domain(member)) {
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
pub(super) fn groups(all: Known<wire::Group>) -> Vec<AlertGroup> {
    let mut by_key: BTreeMap<_, Vec<Fingerprint>> = BTreeMap::new();
    for (_, group) in all {
        let key = (group.receiver.name, group.labels.into_labels());
        by_key.entry(key).or_default().extend(group.alerts.into_iter().map(|a| a.fingerprint));
    }
    let group = |((receiver, labels), alerts): (_, Vec<_>)| AlertGroup { labels, receiver, alerts: union(alerts.into_iter()) };
    by_key.into_iter().map(group).collect()
}

/// The union by id, in the order of ids.
pub(super) fn silences(all: Known<wire::Silence>) -> Vec<Silence> {
    let mut by_id: BTreeMap<String, Vec<Silence>> = BTreeMap::new();
    for silence in all.into_iter().map(|(member, silence)| silence.into_domain(member)) {
        by_id.entry(silence.id.clone()).or_default().push(silence);
    }
    by_id.into_values().filter_map(|views| newest(&views)).collect()
}

/// The newest version, as Alertmanagers settle it among themselves, and who knows it otherwise.
fn newest(views: &[Silence]) -> Option<Silence> {
    let newest = views.iter().rev().max_by_key(|view| view.updated_at)?.clone();
    let members = views.iter().flat_map(|view| view.members.clone()).collect();
    let dissent = views.iter().filter(|view| view.state != newest.state).flat_map(|view| view.members.clone()).collect();
    Some(Silence { members, dissent, ..newest })
}

#[cfg(test)]
mod tests;
