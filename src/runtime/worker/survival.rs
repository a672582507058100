//! Whether a worker outlives the login that started it. Its own session is enough nearly everywhere; but logind may be told to end
//! all that a user left behind (`KillUserProcesses=yes`), unless that user lingers: then a worker moves under the user's own
//! service manager.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is known of this login.
#[derive(Clone, Copy, Debug)]
struct Login {
    /// systemd runs this host, and this process belongs to a login session.
    session: bool,
    /// The user's services go on without a login.
    lingers: bool,
    /// logind ends what a login leaves behind; none where that cannot be told.
    kills: Option<bool>,
    /// The user's own service manager can be reached.
    managed: bool,
}

/// What the person should know before a job starts, where it would end with their login.
pub async fn note() -> Option<String> {
    tokio::task::spawn_blocking(|| judge(login())).await.ok().flatten()
}

/// What to put before the command of a worker; nothing where its own session is enough.
pub(in crate::runtime) fn wrapping(unit: &str) -> Vec<OsString> {
    let login = login();
    // A scope, not a service: it keeps the environment, in which references to secrets may point.
    let words = ["systemd-run", "--user", "--scope", "--quiet", "--collect", &format!("--unit={unit}"), "--"];
    if login.session && login.lingers && login.managed { words.map(OsString::from).into() } else { vec![] }
}

fn judge(login: Login) -> Option<String> {
    if !login.session || login.lingers && login.managed || login.kills == Some(false) {
        return None;
    }
    let may = if login.kills == Some(true) { "ends" } else { "may end" };
    let what = format!("this host {may} a user's processes at logout: this job would end with your login");
    Some(format!("{what} (keep it open, or once: loginctl enable-linger)"))
}

fn login() -> Login {
    let user = rustix::process::getuid();
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let session = Path::new("/run/systemd/system").is_dir() && is_session(&group);
    if !session {
        return Login { session, lingers: false, kills: None, managed: false };
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR");
    Login {
        session,
        lingers: ask(&["loginctl", "show-user", &user.as_raw().to_string(), "-p", "Linger", "--value"]) == Some(true),
        // logind spares root unless it is told otherwise.
        kills: if user.is_root() { Some(false) } else { ask(&KILLS) },
        managed: runtime.is_some_and(|folder| Path::new(&folder).join("systemd/private").exists()),
    }
}

const KILLS: [&str; 6] = [
    "busctl",
    "get-property",
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
    "KillUserProcesses",
];

/// `0::/user.slice/user-1000.slice/session-3.scope`
fn is_session(group: &str) -> bool {
    group
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .any(|last| last.strip_suffix(".scope").is_some_and(|name| name.starts_with("session-")))
}

/// What a program answers to a question of yes or no.
fn ask(words: &[&str]) -> Option<bool> {
    let output = Command::new(words.first()?).args(words.get(1..)?).output().ok()?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" | "b true" => Some(true),
        "no" | "b false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_05_whoever_would_lose_a_job_with_their_login_is_told() {
        let here = Login { session: true, lingers: false, kills: Some(true), managed: true };
        let told = |login| judge(login).is_some();
        assert!(told(here));
        assert!(told(Login { kills: None, ..here }), "what cannot be told is not called safe");
        assert!(told(Login { lingers: true, managed: false, ..here }));
        assert!(!told(Login { lingers: true, ..here }));
        assert!(!told(Login { kills: Some(false), ..here }));
        assert!(!told(Login { session: false, ..here }));
    }

    #[test]
    fn a_login_session_is_known_by_its_control_group() {
        assert!(is_session("0::/user.slice/user-1000.slice/session-3.scope\n"));
        assert!(!is_session("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n"));
        assert!(!is_session("0::/\n"));
    }
}
