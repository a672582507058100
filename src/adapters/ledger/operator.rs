//! Who is at the keyboard: the login that this session began with, whatever it has become by `sudo` or `su` since.

use std::fs;
use std::process::Command;

/// The kernel's word for a process that nobody logged in for: a timer's, say.
const NOBODY: u32 = u32::MAX;

/// What is known of a process's login.
struct Signs {
    /// What the kernel noted at login, and nobody can change after: `/proc/self/loginuid`.
    login: Option<u32>,
    /// The user that the process runs as.
    user: u32,
    /// `SUDO_USER`.
    sudo: Option<String>,
}

/// The login of whoever runs this process.
pub fn name() -> String {
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    let user = rustix::process::getuid().as_raw();
    let signs = Signs { login: login.filter(|id| *id != NOBODY), user, sudo: std::env::var("SUDO_USER").ok() };
    judge(&signs, login_of)
}

/// The name of this host.
pub fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

/// `SUDO_USER` counts for root alone: anybody else could have set it.
fn judge(signs: &Signs, login_of: impl Fn(u32) -> String) -> String {
    match (signs.login, &signs.sudo) {
        (Some(id), _) => login_of(id),
        (None, Some(name)) if signs.user == 0 && !name.is_empty() => name.clone(),
        (None, _) => login_of(signs.user),
    }
}

/// The name of a user id: of this host, or of the directory that this host asks; else the number.
fn login_of(id: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = users.lines().find_map(|line| named(line, id)).map(str::to_owned);
    let asked = || {
        let output = Command::new("getent").args(["passwd", &id.to_string()]).output().ok()?;
        named(&String::from_utf8_lossy(&output.stdout), id).map(str::to_owned)
    };
    found.or_else(asked).unwrap_or_else(|| format!("uid {id}"))
}

fn named(line: &str, id: u32) -> Option<&str> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    (fields.nth(1)?.parse() == Ok(id)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(login: Option<u32>, user: u32, sudo: Option<&str>) -> String {
        judge(&Signs { login, user, sudo: sudo.map(str::to_owned) }, |id| format!("user-{id}"))
    }

    #[test]
    fn rule_22_who_logged_in_is_who_did_it() {
        assert_eq!(login(Some(1001), 0, Some("eve")), "user-1001", "the kernel's word is above a variable's");
        assert_eq!(login(None, 0, Some("anna")), "anna");
        assert_eq!(login(None, 1002, Some("anna")), "user-1002", "a variable that anybody can set says nothing");
        assert_eq!(login(None, 0, None), "user-0");
    }

    #[test]
    fn a_user_id_is_told_by_its_name() {
        let line = "anna:x:1001:1001:Anna,,,:/home:/bin/sh";
        assert_eq!((named(line, 1001), named(line, 100), named(line, 10)), (Some("anna"), None, None));
        assert_eq!(login_of(0), "root");
        assert_eq!(login_of(4_000_000_000), "uid 4000000000");
    }
}
