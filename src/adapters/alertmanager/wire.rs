//! API v2 on the wire.

use serde::Deserialize;

use crate::adapters::wire::{LabelMap, instant, without_credentials};
use crate::domain::alert::{self, AlertState, Fingerprint, MatchOp, Matcher, MemberStatus};
use crate::domain::time::Stamp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    pub fingerprint: Fingerprint,
    #[serde(default)]
    labels: LabelMap,
    #[serde(default)]
    annotations: LabelMap,
    status: AlertStatus,
    #[serde(default)]
    receivers: Vec<Receiver>,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    updated_at: String,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertStatus {
    state: String,
    #[serde(default)]
    silenced_by: Option<Vec<String>>,
    #[serde(default)]
    inhibited_by: Option<Vec<Fingerprint>>,
}

impl Alert {
    /// As the member with this index knows it.
    pub fn into_domain(self, member: usize) -> alert::Alert {
        alert::Alert {
            fingerprint: self.fingerprint,
            labels: self.labels.into_labels(),
            annotations: self.annotations.into_labels(),
            state: match self.status.state.as_str() {
                "active" => AlertState::Active,
                "suppressed" => AlertState::Suppressed,
                _ => AlertState::Unprocessed,
            },
            silenced_by: self.status.silenced_by.unwrap_or_default(),
            inhibited_by: self.status.inhibited_by.unwrap_or_default(),
            receivers: self.receivers.into_iter().map(|r| r.name).collect(),
            starts_at: stamp(&self.starts_at),
            updated_at: stamp(&self.updated_at),
            generator_url: without_credentials(self.generator_url),
            members: vec![member],
            dissent: Vec::new(),
        }
    }
}

fn stamp(text: &str) -> Stamp {
    instant(text).unwrap_or_default()
}

#[derive(Debug, Deserialize)]
pub(super) struct Receiver {
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    #[serde(default)]
    pub labels: LabelMap,
    pub receiver: Receiver,
    #[serde(default)]
    pub alerts: Vec<GroupAlert>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GroupAlert {
    pub fingerprint: Fingerprint,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Silence {
    id: String,
    status: SilenceStatus,
    #[serde(default)]
    matchers: Vec<SilenceMatcher>,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default)]
    updated_at: String,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Debug, Deserialize)]
struct SilenceStatus {
    state: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SilenceMatcher {
    name: String,
    value: String,
    is_regex: bool,
    /// Absent before Alertmanager 0.22, which knew no negative matchers.
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl Silence {
    /// As the member with this index knows it.
    pub fn into_domain(self, member: usize) -> alert::Silence {
        alert::Silence {
            id: self.id,
            state: self.status.state,
            matchers: self.matchers.into_iter().map(SilenceMatcher::into_domain).collect(),
            starts_at: stamp(&self.starts_at),
            ends_at: stamp(&self.ends_at),
            updated_at: stamp(&self.updated_at),
            created_by: self.created_by,
            comment: self.comment,
            members: vec![member],
            dissent: Vec::new(),
        }
    }
}

impl SilenceMatcher {
    fn into_domain(self) -> Matcher {
        let op = match (self.is_regex, self.is_equal) {
            (false, true) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (true, false) => MatchOp::NotRegex,
        };
        Matcher { name: self.name, op, value: self.value }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    cluster: Cluster,
    version_info: Version,
}

#[derive(Debug, Deserialize)]
struct Cluster {
    status: String,
    #[serde(default)]
    peers: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
}

impl Status {
    pub fn into_domain(self) -> MemberStatus {
        let peers = self.cluster.peers.map_or(0, |peers| peers.len());
        MemberStatus { version: self.version_info.version, cluster: self.cluster.status, peers }
    }
}
