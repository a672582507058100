//! What can be broken in an environment, as far as its configuration tells: scenarios, and the services that each fits. Whether one is
//! refused today only its plan says.

use std::time::Duration;

use crate::domain::name::Name;
use crate::domain::service::{Facts, Role};

/// The part that a server plays in a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It takes writes.
    Leads,
    /// It follows another.
    Follows,
}

impl Part {
    /// Why a server that tells this of itself does not play it; none where it does.
    pub fn against(self, facts: &Facts) -> Option<&'static str> {
        let (role, follower) = match facts {
            Facts::Postgres(facts) => (&facts.role, "a standby: this is done to a primary"),
            Facts::Redis(facts) => (&facts.role, "a replica: this is done to a primary"),
            Facts::Http(_) => return None,
        };
        match (self, role) {
            (Self::Leads, Role::Replica { .. }) => Some(follower),
            (Self::Follows, Role::Primary { .. }) => Some("a primary: this is done to who follows one"),
            _ => None,
        }
    }
}

/// A scenario, as an environment offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The scenario's name.
    pub scenario: &'static str,
    /// What happens then, one line.
    pub help: &'static str,
    /// What it can be done to: `postgres`, `redis or http`.
    pub whom: String,
    /// The alerts that should fire.
    pub expects: &'static [&'static str],
    /// The longest it may stay.
    pub longest: Duration,
    /// How its end is armed, for people.
    pub end: &'static str,
    /// Whether data can be lost by it.
    pub loses: bool,
    /// Whether it may hit the only one there is.
    pub sole: bool,
    /// The part that its target must play.
    pub part: Option<Part>,
    /// The services that it can be done to.
    pub hits: Vec<Hit>,
    /// The services of its kind that it cannot be done to.
    pub misses: Vec<Miss>,
}

impl Offer {
    /// The same once it is known what services tell of themselves: those that play another part are missed.
    #[must_use]
    pub fn knowing<'a>(&self, facts: impl Fn(&Name) -> Option<&'a Facts>) -> Self {
        let mut known = self.clone();
        let Some(part) = self.part else { return known };
        let why = |hit: &Hit| facts(&hit.target).and_then(|facts| part.against(facts));
        let misses = self.hits.iter().filter_map(|hit| why(hit).map(|why| Miss { target: hit.target.clone(), why }));
        known.misses.extend(misses);
        known.hits.retain(|hit| why(hit).is_none());
        known
    }

    /// What it would hit, or why nothing.
    pub fn here(&self) -> String {
        if !self.hits.is_empty() {
            let names: Vec<&str> = self.hits.iter().map(|hit| hit.target.as_str()).collect();
            return format!("hits {}", names.join(", "));
        }
        let misses = || self.misses.chunk_by(|one, other| one.why == other.why).map(Miss::words).collect::<Vec<_>>();
        let why = if self.misses.is_empty() { format!("no {}", self.whom) } else { misses().join("; ") };
        format!("hits nothing here: {why}")
    }
}

/// A service that a scenario cannot be done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// It.
    pub target: Name,
    /// Why not: `no control`.
    pub why: &'static str,
}

impl Miss {
    /// `cache, sessions (no control)`, of those that are missed for the same reason.
    fn words(alike: &[Self]) -> String {
        let names: Vec<&str> = alike.iter().map(|miss| miss.target.as_str()).collect();
        format!("{} ({})", names.join(", "), alike.first().map_or("", |miss| miss.why))
    }
}

/// A service that a scenario can be done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// It.
    pub target: Name,
    /// Those who need it, by way of others too: they may suffer.
    pub radius: Vec<Name>,
}
