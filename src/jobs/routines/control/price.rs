//! What is done to a service, and what that means to those who are connected to it, in words.

use crate::domain::number::subject;
use crate::domain::service::{Facts, Role};

/// What is about to be done to a service that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// It is asked to end.
    Stop,
    /// It is ended without a word.
    Kill,
    /// It holds everything, and does nothing.
    Pause,
    /// Nothing that is sent to it arrives.
    CutOff,
    /// Its connections are reset, and none is let in.
    Refuse,
    /// Some of what is sent to it is late, or lost, or breaks off.
    Disturb,
}

impl Blow {
    /// What it will be.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stop => "stopped: nothing serves until it goes on",
            Self::Kill => "killed: nothing serves until it goes on",
            Self::Pause => "paused: nothing serves until it goes on",
            Self::CutOff => "cut off: nothing serves until it is let through",
            Self::Refuse => "closed to everybody: nothing serves until it is let through",
            Self::Disturb => "disturbed: what it serves may be late, or break off",
        }
    }

    /// Whom it hits, as far as the service tells.
    pub fn hits(self, facts: &Facts) -> Vec<String> {
        let (clients, role) = match facts {
            Facts::Postgres(facts) => (facts.connections, &facts.role),
            Facts::Redis(facts) => (facts.clients, &facts.role),
            Facts::Http(_) => return Vec::new(),
        };
        let mut notes = Vec::new();
        if clients > 0 {
            notes.push(self.meets(clients, matches!(facts, Facts::Postgres(_))));
        }
        if let Role::Primary { replicas } = role
            && !replicas.is_empty()
        {
            notes.push(format!("{} it", subject(replicas.len(), "replica", "follows", "follow")));
        }
        notes.extend(self.loses(facts));
        notes
    }

    /// What becomes of its clients.
    fn meets(self, clients: u32, has_locks: bool) -> String {
        match self {
            Self::Stop | Self::Kill | Self::Refuse => {
                let end = if has_locks { ", and open transactions end undone" } else { "" };
                format!("{} disconnected{end}", subject(clients, "client", "is", "are"))
            }
            Self::Pause | Self::CutOff => {
                let locks = if has_locks { ", and what is locked stays locked" } else { "" };
                format!("{} meanwhile{locks}", subject(clients, "client", "hangs", "hang"))
            }
            Self::Disturb => format!("{} connected", subject(clients, "client", "is", "are")),
        }
    }

    /// What is gone for good.
    fn loses(self, facts: &Facts) -> Option<String> {
        let Facts::Redis(facts) = facts else { return None };
        let unsaved = facts.persistence.unsaved_changes;
        let is_lost = matches!(self, Self::Stop | Self::Kill) && !facts.persistence.aof && unsaved > 0;
        let changes = || subject(unsaved, "change", "is", "are");
        is_lost.then(|| format!("{} in no snapshot yet, and there is no append-only file", changes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::service::{Persistence, PostgresFacts, RedisFacts, Replica};

    fn primary(replicas: usize) -> Role {
        let replica = Replica { name: "r".to_owned(), state: "streaming".to_owned(), lag_bytes: None };
        Role::Primary { replicas: vec![replica; replicas] }
    }

    fn postgres(connections: u32, replicas: usize) -> Facts {
        let (version, role) = ("17.0".to_owned(), primary(replicas));
        let (max_connections, bytes, oldest_transaction, archiving) = (100, None, None, None);
        Facts::Postgres(PostgresFacts { version, role, connections, max_connections, bytes, oldest_transaction, archiving })
    }

    fn redis(clients: u32, aof: bool, unsaved_changes: u64) -> Facts {
        let persistence = Persistence { loading: false, aof, healthy: true, last_save: None, unsaved_changes };
        let (version, eviction) = ("7.0.15".to_owned(), "noeviction".to_owned());
        let (used_memory, max_memory, keys) = (0, None, 0);
        Facts::Redis(RedisFacts { version, role: primary(0), clients, used_memory, max_memory, eviction, keys, persistence })
    }

    #[test]
    fn whoever_is_paused_or_cut_off_keeps_its_clients_and_whoever_is_stopped_loses_them() {
        for blow in [Blow::Pause, Blow::CutOff] {
            assert_eq!(blow.hits(&postgres(12, 0)), ["12 clients hang meanwhile, and what is locked stays locked"]);
            assert_eq!(blow.hits(&redis(1, false, 3)), ["1 client hangs meanwhile"], "nothing is lost");
        }
        for blow in [Blow::Stop, Blow::Kill, Blow::Refuse] {
            assert_eq!(blow.hits(&postgres(1, 0)), ["1 client is disconnected, and open transactions end undone"]);
            assert_eq!(blow.hits(&redis(2, true, 3)), ["2 clients are disconnected"]);
        }
        assert_eq!(Blow::Disturb.hits(&postgres(2, 0)), ["2 clients are connected"]);
    }

    #[test]
    fn one_is_not_told_as_if_it_were_several() {
        assert_eq!(Blow::Stop.hits(&postgres(0, 1)), ["1 replica follows it"]);
        assert_eq!(Blow::Pause.hits(&postgres(0, 2)), ["2 replicas follow it"]);
        let unsaved = "1 change is in no snapshot yet, and there is no append-only file";
        assert_eq!(Blow::Kill.hits(&redis(0, false, 1)), [unsaved]);
        assert_eq!(Blow::Refuse.hits(&redis(0, false, 1)), Vec::<String>::new(), "it goes on, and saves");
    }
}
