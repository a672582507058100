//! A cut: what a packet filter does to a service's packets for a while, as data. Frozen into plans and into what undoes them.

use core::net::IpAddr;
use core::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::domain::job::JobId;
use crate::domain::time::Stamp;

/// The source ports that midwatch's own proxies come from: beyond those that Linux chooses by itself (32768 to 60999).
pub const OWN_PORTS: RangeInclusive<u16> = 61000..=65535;
/// What every mark begins with.
const PREFIX: &str = "midwatch:drill";

/// Where packets are filtered: one network namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A host's own.
    Host {
        /// The host as `ssh` knows it; none for this one.
        ssh: Option<String>,
    },
    /// A container's. It ends with the container's run, and all rules in it.
    Container {
        /// The host as `ssh` knows it; none for this one.
        ssh: Option<String>,
        /// The container's whole id.
        id: String,
        /// Its name, for people.
        name: String,
    },
}

impl Place {
    /// The host as `ssh` knows it; none for this one.
    pub fn ssh(&self) -> Option<&str> {
        match self {
            Self::Host { ssh } | Self::Container { ssh, .. } => ssh.as_deref(),
        }
    }

    /// For people, after "the packet filter of".
    pub fn words(&self) -> String {
        let host = self.ssh().map_or_else(String::new, |host| format!(" on {host}"));
        match self {
            Self::Host { ssh: Some(host) } => host.clone(),
            Self::Host { ssh: None } => "this host".to_owned(),
            Self::Container { name, .. } => format!("the container {name}{host}"),
        }
    }
}

/// Where the connections of a service come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// In which namespace.
    pub place: Place,
    /// At which port.
    pub port: u16,
    /// At which addresses it listens there; the unspecified one stands for all of its family, and that of IPv6 for both.
    pub at: Vec<IpAddr>,
}

/// The two protocols, each with a packet filter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Gate {
    /// What is matched: each family with the address packets go to, or with any.
    pub fn targets(&self) -> Vec<(Family, Option<IpAddr>)> {
        let mut targets: Vec<(Family, Option<IpAddr>)> = Vec::new();
        for at in &self.at {
            match at {
                IpAddr::V4(own) if own.is_unspecified() => targets.push((Family::V4, None)),
                // Such a socket takes IPv4's connections, too.
                IpAddr::V6(own) if own.is_unspecified() => targets.extend([(Family::V4, None), (Family::V6, None)]),
                IpAddr::V4(_) => targets.push((Family::V4, Some(*at))),
                IpAddr::V6(_) => targets.push((Family::V6, Some(*at))),
            }
        }
        targets.sort_unstable();
        targets.dedup();
        // What stands for all leaves nothing to the others.
        let all: Vec<Family> = targets.iter().filter(|(_, to)| to.is_none()).map(|(family, _)| *family).collect();
        targets.retain(|(family, to)| to.is_none() || !all.contains(family));
        targets
    }
}

/// What becomes of the packets that are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// They vanish.
    Lost,
    /// Their connection is reset, or refused where there is none yet.
    Reset,
    /// Their connection goes to another port of this host, where a proxy stands that comes from [`OWN_PORTS`]; those there are, are
    /// reset. Of connections from this host only.
    Diverted {
        /// Where the proxy listens.
        to: u16,
    },
}

/// What is done to the packets that come to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toll {
    /// What becomes of those that are hit.
    pub fate: Fate,
    /// One in so many is hit, at random; 1 for all. A power of two is what the kernel can say without rounding.
    pub one_in: u32,
}

/// Packets that are kept from a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// Where they would come in.
    pub gate: Gate,
    /// What is done to them.
    pub toll: Toll,
    /// What its rules are known by.
    pub mark: String,
    /// When the kernel lets it lapse by itself, on the wall clock; to be after whoever ends it should have.
    pub until: Stamp,
}

impl Cut {
    /// What its rules match: each family with the address packets go to, or with any.
    pub fn targets(&self) -> Vec<(Family, Option<IpAddr>)> {
        let mut targets = self.gate.targets();
        if matches!(self.toll.fate, Fate::Diverted { .. }) {
            // A proxy listens on the loopback of IPv4 alone.
            targets.retain(|(family, _)| *family == Family::V4);
        }
        targets
    }

    /// The families whose filters it needs.
    pub fn families(&self) -> Vec<Family> {
        let mut families: Vec<Family> = self.targets().into_iter().map(|(family, _)| family).collect();
        families.dedup();
        families
    }
}

/// What the rules of a drill are known by: its job, and when it was planned, for another ledger has a job of the same number.
pub fn mark(job: JobId, planned: Stamp) -> String {
    format!("{PREFIX}-{}:{}", job.0, planned.0)
}

/// A rule of some drill that stands in this host's own packet filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// What it is known by.
    pub mark: String,
    /// The drill's job, in whatever ledger planned it.
    pub job: JobId,
    /// Whose filter it is in.
    pub family: Family,
    /// Until when the kernel heeds it; for good where it does not say.
    pub until: Option<Stamp>,
    /// What its filter is told to remove it.
    pub removal: Vec<String>,
}

impl Stray {
    /// What a person types to remove it.
    pub fn command(&self) -> String {
        let program = if self.family == Family::V4 { "iptables" } else { "ip6tables" };
        format!("{program} {}", self.removal.join(" "))
    }
}

/// The job that a mark names; none where it is no drill's.
pub fn marked(mark: &str) -> Option<JobId> {
    let (job, planned) = mark.strip_prefix(PREFIX)?.strip_prefix('-')?.split_once(':')?;
    planned.parse::<i64>().ok()?;
    job.parse().ok().map(JobId)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gate(at: &[&str]) -> Gate {
        Gate { place: Place::Host { ssh: None }, port: 5432, at: at.iter().map(|at| at.parse().unwrap()).collect() }
    }

    #[test]
    fn a_gate_is_cut_where_it_listens_and_nowhere_else() {
        assert_eq!(gate(&["127.0.0.1"]).targets(), [(Family::V4, Some("127.0.0.1".parse().unwrap()))]);
        let both = [(Family::V4, None), (Family::V6, None)];
        assert_eq!(gate(&["::"]).targets(), both);
        assert_eq!(gate(&["10.0.0.1", "0.0.0.0", "::1", "::", "::1"]).targets(), both, "what stands for all");
        let cut = |fate| {
            let (gate, toll) = (gate(&["::1", "127.0.0.1"]), Toll { fate, one_in: 1 });
            Cut { gate, toll, mark: String::new(), until: Stamp(0) }.families()
        };
        assert_eq!(cut(Fate::Lost), [Family::V4, Family::V6]);
        assert_eq!(cut(Fate::Diverted { to: 7000 }), [Family::V4]);
    }

    #[test]
    fn marks_of_two_ledgers_differ() {
        assert_eq!(mark(JobId(7), Stamp(12)), "midwatch:drill-7:12");
        assert_ne!(mark(JobId(7), Stamp(12)), mark(JobId(7), Stamp(13)));
        assert_eq!(marked("midwatch:drill-7:12"), Some(JobId(7)));
        for other in ["midwatch:drill-7", "midwatch:drill-7:x", "midwatch:drill:7:12", "mine", ""] {
            assert_eq!(marked(other), None, "{other}");
        }
    }
}
