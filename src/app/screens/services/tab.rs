//! What stands behind an open service's tabs, by what the service is.

use crate::domain::service::ServiceKind;

/// One tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Its processes or containers.
    Instances,
    /// What it writes down.
    Logs,
    /// PostgreSQL: everybody who is there.
    Sessions,
    /// PostgreSQL: who waits for whom, as a tree.
    Locks,
    /// PostgreSQL: what has run or held a transaction for long.
    Slow,
    /// PostgreSQL: who follows, and how far behind.
    Replication,
    /// Redis: who is connected, and what it costs.
    Clients,
    /// Redis: what was slow.
    Slowlog,
    /// Redis: what its memory goes to.
    Memory,
    /// Redis: its databases.
    Keyspace,
}

impl Tab {
    /// The names of all of them in the palette.
    pub const WORDS: [&str; 10] =
        ["instances", "logs", "sessions", "locks", "slow", "replication", "clients", "slowlog", "memory", "keyspace"];

    /// Those that a kind of service has, in their order on screen.
    pub fn of(kind: ServiceKind) -> &'static [Self] {
        match kind {
            ServiceKind::Postgres => &[Self::Instances, Self::Logs, Self::Sessions, Self::Locks, Self::Slow, Self::Replication],
            ServiceKind::Redis => &[Self::Instances, Self::Logs, Self::Clients, Self::Slowlog, Self::Memory, Self::Keyspace],
            ServiceKind::Http => &[Self::Instances, Self::Logs],
        }
    }

    /// Its name on screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Instances => "Instances",
            Self::Logs => "Logs",
            Self::Sessions => "Sessions",
            Self::Locks => "Locks",
            Self::Slow => "Slow & idle",
            Self::Replication => "Replication",
            Self::Clients => "Clients",
            Self::Slowlog => "Slowlog",
            Self::Memory => "Memory",
            Self::Keyspace => "Keyspace",
        }
    }

    /// Its name in the palette.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// Whether it is a list in which something is selected.
    pub fn is_list(self) -> bool {
        !matches!(self, Self::Logs | Self::Replication | Self::Memory | Self::Keyspace)
    }

    /// The one beside it; after the last comes the first.
    #[must_use]
    pub fn beside(self, kind: ServiceKind, forward: bool) -> Self {
        let all = Self::of(kind);
        let at = all.iter().position(|tab| *tab == self).unwrap_or(0);
        all[(at + if forward { 1 } else { all.len() - 1 }) % all.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tab_is_found_by_its_own_word() {
        for kind in [ServiceKind::Postgres, ServiceKind::Redis, ServiceKind::Http] {
            for tab in Tab::of(kind) {
                assert!(tab.title().to_lowercase().starts_with(tab.word()), "{tab:?}");
                assert_eq!(tab.beside(kind, true).beside(kind, false), *tab);
            }
        }
    }
}
