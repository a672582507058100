//! What a routine is: a command that changes something, as a plan of steps. The shell, the palette, keys and runbooks all ask for
//! it by the same words.

use std::collections::BTreeMap;

use crate::domain::backup::BackupId;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::Plan;
use crate::jobs::site::Site;
use crate::ports::{Promise, World};

/// A routine. One file in `routines/` and one line in `routines::ALL`.
pub struct Routine {
    /// Its name: a verb.
    pub name: &'static str,
    /// What it does, one line.
    pub help: &'static str,
    /// What it takes.
    pub params: &'static [Param],
    /// Makes its plan. Only reads: nothing is changed before the plan is confirmed.
    pub plan: for<'a> fn(&'a Ask<'a>) -> Promise<'a, Plan>,
}

/// One thing that a routine takes.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// `service`, or `--method` without its dashes.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// How it is given.
    pub form: Form,
}

/// How a parameter is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its place; the routine says itself when it cannot do without.
    Positional,
    /// `--name VALUE`; any text where there are no choices.
    Valued(&'static [&'static str]),
    /// `--name`.
    Flag,
}

/// What a routine was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given(pub BTreeMap<String, String>);

impl Given {
    /// A parameter, where it was given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A parameter that the routine cannot do without.
    pub fn need(&self, routine: &str, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::new(FailureKind::Usage, format!("{routine} needs a {name}")))
    }
}

/// What a plan is made from.
pub struct Ask<'a> {
    /// The words it was asked by: `["backup", "shop-db"]`.
    pub call: &'a [String],
    /// The same, understood.
    pub given: &'a Given,
    /// The environment.
    pub site: &'a Site,
    /// The world, to read from.
    pub world: &'a dyn World,
    /// The backups that running jobs are writing: nobody's orphans.
    pub live: &'a [BackupId],
}
