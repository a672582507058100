//! What may run unattended: a word that no routine is called by lets nothing run, and nobody would notice before the night.

use crate::config::model::Environment;
use crate::domain::problem;
use crate::jobs::routines;
use crate::runtime::check::{Finding, Subject};

/// Only what is wrong with the list.
pub fn check(environment: &Environment) -> Vec<Finding> {
    let subject = Subject::of(environment, "unattended");
    let first = |entry: &'_ str| entry.split_whitespace().next().unwrap_or_default().to_owned();
    let unknown = environment.unattended.iter().map(|entry| first(entry)).filter(|word| routines::find(word).is_none());
    unknown.map(|word| subject.missing(format!("no routine is called {word:?}: nothing runs by it"), mend(&word))).collect()
}

fn mend(word: &str) -> String {
    let names = routines::ALL.iter().map(|routine| routine.name);
    match problem::nearest(word, names.clone()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    }
}
