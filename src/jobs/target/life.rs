//! The lives of instances: one that was restarted leads another.

use crate::domain::control::Instance;

/// What tells one life of an instance from its next: its name, how often it was restarted, and since when it is up.
pub type Life = (String, Option<u64>, Option<i64>);

/// The life that an instance leads.
pub fn life(instance: &Instance) -> Life {
    (instance.name.clone(), instance.restarts, instance.since.map(|since| since.0))
}
