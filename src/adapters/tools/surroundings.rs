//! What of midwatch's own surroundings its programs get: where programs are, and how Docker and `ssh` find their way. Nothing
//! like `PGHOST` or `LD_PRELOAD`.

use std::ffi::{OsStr, OsString};

/// What every program gets.
const ALL: &[&str] = &["PATH", "HOME"];
/// What those get that carry others far away.
const CARRIERS: &[&str] = &[
    "USER",
    "LOGNAME",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
];

/// Variables, by their names.
#[derive(Clone, Debug, Default)]
pub struct Surroundings(Vec<(&'static str, OsString)>);

impl Surroundings {
    /// Those of this process.
    pub fn inherited() -> Self {
        Self(ALL.iter().chain(CARRIERS).filter_map(|name| Some((*name, std::env::var_os(name)?))).collect())
    }

    /// Just these, as a test wants them.
    #[cfg(test)]
    pub(in crate::adapters) fn of(pairs: &[(&str, &str)]) -> Self {
        let known = |name: &str| ALL.iter().chain(CARRIERS).copied().find(|known| *known == name);
        Self(pairs.iter().filter_map(|(name, value)| Some((known(name)?, (*value).into()))).collect())
    }

    /// The same with another Docker than the one that is found by itself.
    #[must_use]
    pub fn with_docker(mut self, host: impl Into<OsString>) -> Self {
        self.0.retain(|(name, _)| *name != "DOCKER_HOST" && *name != "DOCKER_CONTEXT");
        self.0.push(("DOCKER_HOST", host.into()));
        self
    }

    /// The same with another `PATH`.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<OsString>) -> Self {
        self.0.retain(|(name, _)| *name != "PATH");
        self.0.push(("PATH", path.into()));
        self
    }

    /// One of them, where it is set and not empty.
    pub(in crate::adapters) fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_os_str());
        found.filter(|value| !value.is_empty())
    }

    /// Where programs are.
    pub(super) fn path(&self) -> &OsStr {
        self.0.iter().find(|(name, _)| *name == "PATH").map_or(OsStr::new(""), |(_, path)| path)
    }

    /// What every program gets.
    pub(super) fn for_all(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.for_carriers().filter(|(name, _)| ALL.contains(name))
    }

    /// What `docker` and `ssh` get.
    pub fn for_carriers(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}
