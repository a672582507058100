//! Strict environments that were unlocked, and when an operator was last here.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::Ledger;
use super::audit::Deed;
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::time::Stamp;

impl Ledger {
    /// Unlocks an environment for one operator, for so long; says until when.
    pub fn unlock(&self, environment: &Name, operator: &str, time: Duration) -> Result<Stamp, Failure> {
        self.write(|db| {
            let until = db.now().after(time);
            db.audit(Deed { who: operator, what: "unlock the environment", target: environment.as_str(), ..Deed::default() })?;
            let row = params![environment.as_str(), operator, db.now().0, until.0];
            db.execute("INSERT INTO unlocks (environment, operator, at, until) VALUES (?, ?, ?, ?)", row)?;
            Ok(until)
        })
    }

    /// Until when an operator has an environment unlocked at `now`; none where it is locked.
    pub fn unlocked(&self, environment: &Name, operator: &str, now: Stamp) -> Result<Option<Stamp>, Failure> {
        self.read(|db| {
            // One that lies in the future was made by a clock that has been set back since: it unlocks nothing.
            let sql = "SELECT max(until) FROM unlocks WHERE environment = ? AND operator = ? AND at <= ? AND until > ?";
            let until = db.query_row(sql, params![environment.as_str(), operator, now.0, now.0], |row| row.get(0))?;
            Ok(Option::<i64>::map(until, Stamp))
        })
    }

    /// Notes that an operator has a console open now; says when that was last so.
    pub fn seen(&self, operator: &str) -> Result<Option<Stamp>, Failure> {
        self.write(|db| {
            let last = db.query_row("SELECT at FROM seen WHERE operator = ?", [operator], |row| row.get(0)).optional()?;
            db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", params![operator, db.now().0])?;
            Ok(Option::<i64>::map(last, Stamp))
        })
    }
}
