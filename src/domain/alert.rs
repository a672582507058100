//! Alertmanager's words: alert, silence, matcher, receiver, fingerprint.
//! Source of the shapes: Alertmanager's `api/v2/openapi.yaml`.

use std::fmt;
use std::sync::Arc;

use crate::domain::fault::Fault;
use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// Identifies an alert by its labels, in Alertmanager's own hash.
pub type Fingerprint = Arc<str>;

/// Whether Alertmanager notifies of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// It notifies.
    Active,
    /// Silenced or inhibited.
    Suppressed,
    /// It has not decided yet.
    Unprocessed,
}

/// One alert, merged over every Alertmanager that knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What names it; `alertname` and `severity` among them by custom.
    pub labels: Labels,
    /// `summary`, `description`, `runbook_url` by custom.
    pub annotations: Labels,
    /// Whether it is notified of: active when any member that knows it says so.
    pub state: AlertState,
    /// Ids of silences that hide it.
    pub silenced_by: Vec<String>,
    /// Fingerprints of alerts that inhibit it.
    pub inhibited_by: Vec<Fingerprint>,
    /// Who is notified.
    pub receivers: Vec<String>,
    /// When it began to fire.
    pub starts_at: Stamp,
    /// When Alertmanager last heard of it.
    pub updated_at: Stamp,
    /// Prometheus's page of its expression.
    pub generator_url: String,
    /// Which members know it, as indices into [`AlertSet::members`].
    pub members: Vec<usize>,
    /// Which of them report another state than [`Alert::state`]; the split shows here first.
    pub dissent: Vec<usize>,
}

/// One Alertmanager and what it last said of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its address, as configured, without credentials.
    pub url: String,
    /// Its version and peers, or why it could not be asked.
    pub state: Result<MemberStatus, Fault>,
}

/// What a reachable Alertmanager says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberStatus {
    /// `0.25.0`.
    pub version: String,
    /// `ready`, `settling` or `disabled`.
    pub cluster: String,
    /// How many peers it sees, itself included.
    pub peers: usize,
}

/// The alerts of every member that answered: a union by fingerprint.
/// When no member answered there is no set but a fault: silence is not "no alerts".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertSet {
    /// The union.
    pub alerts: Vec<Alert>,
    /// Every configured member, reachable or not.
    pub members: Vec<Member>,
}

impl AlertSet {
    /// How many members answered.
    pub fn answered(&self) -> usize {
        self.members.iter().filter(|m| m.state.is_ok()).count()
    }
}

/// What the members that answered know together, beside every member: a list that one of them could not add to is told as such.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Union<T> {
    /// What any of them knows.
    pub known: Vec<T>,
    /// Every configured member, reachable or not.
    pub members: Vec<Member>,
}

/// Alerts that Alertmanager notifies of together.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertGroup {
    /// The labels they were grouped by.
    pub labels: Labels,
    /// Who is notified.
    pub receiver: String,
    /// The alerts in it, over every member that knows the group.
    pub alerts: Vec<Fingerprint>,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored RE2
    Regex,
    /// `!~`, anchored RE2
    NotRegex,
}

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// How it is compared.
    pub op: MatchOp,
    /// What it is compared with.
    pub value: String,
}

/// `name="value"`, as PromQL and amtool write it; raw bytes, so never drawn without `Clean`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        write!(f, "{}{op}{:?}", self.name, self.value)
    }
}

/// A silence as one or more members know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Its id, the same on every member.
    pub id: String,
    /// `active`, `pending` or `expired`.
    pub state: String,
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// When it begins to hide.
    pub starts_at: Stamp,
    /// When it ends by itself.
    pub ends_at: Stamp,
    /// When it was last changed.
    pub updated_at: Stamp,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Which members know it, as indices into [`Union::members`]: it hides nothing on the others.
    pub members: Vec<usize>,
    /// Which of them report another state than [`Silence::state`].
    pub dissent: Vec<usize>,
}

/// How urgent an alert is, from its `severity` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// `p0`, `emergency`, `disaster`.
    Emergency,
    /// `p1`, `critical`, `page`.
    Critical,
    /// `warning`, `error`, `high`, `p2`.
    Warning,
    /// `info`, `none`, `p3` and below.
    Info,
    /// No label, or a word of the team's own: shown as serious until known otherwise.
    Unknown,
}

impl Severity {
    /// Every severity by its word, the most urgent first.
    pub const WORDS: [(&str, Self); 5] = [
        ("p0", Self::Emergency),
        ("critical", Self::Critical),
        ("warning", Self::Warning),
        ("info", Self::Info),
        ("unknown", Self::Unknown),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize].0
    }

    /// Both words people have for it.
    pub fn rung(self) -> &'static str {
        match self {
            Self::Emergency => "P0",
            Self::Critical => "P1 critical",
            Self::Warning => "P2 warning",
            Self::Info => "P3 info",
            Self::Unknown => "other",
        }
    }

    /// Read from the customary words, whatever their case.
    pub fn of(labels: &Labels) -> Self {
        match labels.get("severity").unwrap_or_default().to_ascii_lowercase().as_str() {
            "p0" | "emergency" | "disaster" => Self::Emergency,
            "p1" | "critical" | "crit" | "page" => Self::Critical,
            "warning" | "warn" | "error" | "high" | "major" | "p2" => Self::Warning,
            "info" | "information" | "none" | "low" | "minor" | "p3" | "p4" => Self::Info,
            _ => Self::Unknown,
        }
    }
}
