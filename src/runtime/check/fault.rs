//! What to do about a fault, by its kind.

use crate::config::model::Upstream;
use crate::domain::fault::{Fault, FaultKind};

/// The command or the line of configuration that mends an endpoint's fault. `probe` is a path that a healthy one answers.
pub fn mend(fault: &Fault, upstream: &Upstream, probe: &str) -> String {
    let url = &upstream.url;
    match fault.kind {
        FaultKind::Unreachable | FaultKind::Broken => format!("curl -v {url}{probe}: does it run, and may this host reach it?"),
        FaultKind::Timeout => format!("curl -v {url}{probe}; if it is only slow: timeout = \"30s\""),
        FaultKind::Denied if upstream.auth.is_none() => {
            "set basic = { user = \"…\", password = \"file:…\" } or bearer = \"file:…\"".to_owned()
        }
        FaultKind::Denied => "its password or token is not the right one: renew what the reference names".to_owned(),
        FaultKind::Tls => format!("curl -v {url}{probe}; for a private authority: ca = \"/path/to/ca.pem\""),
        FaultKind::Refused | FaultKind::Garbled => {
            format!("is {url} its whole address, with the prefix it is served under? curl -v {url}{probe}")
        }
        FaultKind::Failing | FaultKind::TooLarge => format!("curl -v {url}{probe}, and read its log"),
    }
}
