//! What is alike for Prometheus and Alertmanager: who we are to them, what their faults want, what time they have.

use std::time::Duration;

use crate::adapters::http::Endpoint;
use crate::config::model::Upstream;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::time::human;
use crate::runtime::check::{Finding, Subject};
use crate::runtime::connect::{self, Vault};

/// From this difference on, ages on screen would be wrong.
const SKEW: Duration = Duration::from_secs(5);

/// An endpoint, and whether a secret of it is missing: then it is asked without, to learn at least whether it is there.
pub struct Known {
    /// What to ask.
    pub endpoint: Endpoint,
    barred: bool,
}

impl Known {
    /// With its secrets, if all were found.
    pub fn of(upstream: &Upstream, vault: &Vault) -> Self {
        match connect::endpoint(upstream, vault) {
            Ok(endpoint) => Self { endpoint, barred: false },
            Err(_) => Self { endpoint: connect::bare(upstream), barred: true },
        }
    }

    /// It failed. Without its secret that may be no fault of its own: the secret is told where it is missing.
    pub fn failing(&self, subject: &Subject, upstream: &Upstream, fault: &Fault) -> Finding {
        if self.barred && fault.kind == FaultKind::Denied {
            return subject.note(format!("{} answers, but was asked nothing more without its secret", upstream.url), "");
        }
        // What mends it has a line of its own here.
        let told = fault.clone().mended_by(None).to_string();
        subject.missing(told, fault.mend.map_or_else(|| mend(fault, upstream), str::to_owned))
    }
}

/// Whether its clock and ours tell the same time; `skew` in milliseconds, positive when its is ahead.
pub fn of_clock(subject: &Subject, skew: i64) -> Option<Finding> {
    let difference = Duration::from_millis(skew.unsigned_abs());
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let told = format!("its clock is {} {side} this host's: ages on screen would be wrong", human(difference));
    (difference >= SKEW).then(|| subject.part("clock").note(told, "timedatectl set-ntp true, on the host whose clock is wrong"))
}

/// The command or the line of configuration that mends a fault.
fn mend(fault: &Fault, upstream: &Upstream) -> String {
    let url = &upstream.url;
    match fault.kind {
        FaultKind::Unreachable | FaultKind::Broken => format!("curl -v {url}/-/ready: does it run, and may this host reach it?"),
        FaultKind::Timeout => format!("curl -v {url}/-/ready; if it is only slow: timeout = \"30s\""),
        FaultKind::Denied => "its password or token may not do this: ask whoever runs it for one that may".to_owned(),
        FaultKind::Tls => format!("curl -v {url}/-/ready; for a private authority: ca = \"/path/to/ca.pem\""),
        FaultKind::Refused | FaultKind::Garbled => {
            format!("is {url} its whole address, with the prefix it is served under? curl -v {url}/-/ready")
        }
        FaultKind::Failing | FaultKind::TooLarge => format!("curl -v {url}/-/ready, and read its log"),
    }
}
