//! Versions of servers and their programs, as far as they decide what works with what.

use crate::domain::failure::{Failure, FailureKind};

/// The version in what a program or server tells of itself: `15.14` of `pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`,
/// `7.0.15` of `Redis server v=7.0.15 sha=…`, `17beta1` of `postgres (PostgreSQL) 17beta1`.
pub fn told(text: &str) -> Option<&str> {
    let words = text.split_whitespace().map(|word| word.trim_start_matches("v=").trim_start_matches('v'));
    words.into_iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(|word| word.trim_end_matches([',', ';']))
}

/// PostgreSQL's major version: 15 of `15.14` or `15devel`, 9 of `9.6.24`.
pub fn major(version: &str) -> Option<u16> {
    let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version[..digits].parse().ok()
}

/// Whether one of PostgreSQL's programs can work with a server: an older one would refuse, or save less than there is.
pub fn client_suits(program: &str, client: &str, server: &str) -> Result<(), Failure> {
    let (Some(of_client), Some(of_server)) = (major(client), major(server)) else {
        let what = format!("the version of {program} ({client}) or of the server ({server}) is not to be understood");
        return Err(Failure::new(FailureKind::Tool, what));
    };
    if of_client >= of_server {
        return Ok(());
    }
    let what = format!("{program} {client} is older than the server, {server}");
    Err(Failure::new(FailureKind::Tool, what)
        .mend(format!("sudo apt-get install --no-install-recommends postgresql-client-{of_server}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_tell() {
        assert_eq!(told("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some("15.14"));
        assert_eq!(told("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"), Some("7.0.15"));
        assert_eq!(told("redis-cli 7.0.15\n"), Some("7.0.15"));
        assert_eq!(told("Docker version 28.2.2, build e6534b4"), Some("28.2.2"));
        assert_eq!(told("postgres (PostgreSQL) 17beta1"), Some("17beta1"));
        assert_eq!(told("command not found"), None);
    }

    #[test]
    fn an_older_client_is_refused_with_what_to_install() {
        assert_eq!(client_suits("pg_dump", "15.14", "15.2"), Ok(()));
        assert_eq!(client_suits("pg_dump", "17beta1", "9.6.24"), Ok(()));
        let failure = client_suits("pg_dump", "15.14", "16.1").unwrap_err();
        assert_eq!(failure.what, "pg_dump 15.14 is older than the server, 16.1");
        assert!(failure.mend.unwrap().ends_with("postgresql-client-16"));
        assert!(client_suits("pg_dump", "?", "15.2").is_err());
    }
}
