//! The audit trail: who did what to which target, when, by which plan, each entry chained to the one before by its hash.
//!
//! An entry is written by the transaction that writes what it tells of, and so before its effect. Every hash is also appended
//! to a second file, `audit.head`: from it [`Ledger::verify_audit`] sees a trail that was cut at its end, or rebuilt as a whole
//! with all its hashes. Who can rewrite both files can hide what they did; copy `audit.head` to another host to be safe from that.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;

use rusqlite::{Connection, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::error::Trouble;
use super::home::Home;
use super::{Ledger, hex};
use crate::domain::failure::Failure;
use crate::domain::job::JobId;
use crate::domain::time::Stamp;

const MIRROR: &str = "audit.head";
/// What the first entry is chained to.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What a job's first entry begins with.
pub(super) const SUBMIT: &str = "submit";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Stamp,
    /// Who did it: a login.
    pub who: String,
    /// What: `submit backup shop-db`, `begin step 0: Dump shop`.
    pub what: String,
    /// On which target, for people.
    pub target: String,
    /// The job it belongs to, if to one.
    pub job: Option<JobId>,
    /// The SHA-256 of the job's plan; empty where there is none.
    pub plan: String,
    /// The hash of the entry before.
    pub previous: String,
    /// The SHA-256 of all the above.
    pub hash: String,
}

/// What an entry tells, before it has a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deed<'a> {
    pub who: &'a str,
    pub what: &'a str,
    pub target: &'a str,
    pub job: Option<JobId>,
    pub plan: &'a str,
}

/// How the trail was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it was written.
    Whole {
        /// How many entries there are.
        entries: i64,
        /// The hash of the last.
        head: String,
    },
    /// Somebody has changed it.
    Broken {
        /// The first entry that is not as it was written.
        seq: i64,
        /// What is wrong with it.
        why: String,
    },
}

/// The hash of an entry, for the mirror.
pub(super) struct Head {
    seq: i64,
    hash: String,
}

/// A transaction that writes.
pub(super) struct Writing<'a> {
    transaction: &'a Transaction<'a>,
    now: Stamp,
    heads: RefCell<Vec<Head>>,
}

impl std::ops::Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.transaction
    }
}

impl<'a> Writing<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, now: Stamp) -> Self {
        Self { transaction, now, heads: RefCell::default() }
    }

    /// When it is written.
    pub(super) fn now(&self) -> Stamp {
        self.now
    }

    pub(super) fn into_heads(self) -> Vec<Head> {
        self.heads.into_inner()
    }

    /// Adds to the audit trail.
    pub(super) fn audit(&self, deed: Deed<'_>) -> rusqlite::Result<()> {
        let entry = self.following(deed)?;
        self.prepare_cached("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
            entry.seq,
            entry.at.0,
            entry.who,
            entry.what,
            entry.target,
            entry.job.map(|job| job.0),
            entry.plan,
            entry.previous,
            entry.hash
        ])?;
        self.heads.borrow_mut().push(Head { seq: entry.seq, hash: entry.hash });
        Ok(())
    }

    fn following(&self, deed: Deed<'_>) -> rusqlite::Result<Entry> {
        let mut last = self.prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?;
        let last = last.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.next().transpose()?;
        let (seq, previous): (i64, String) = last.unwrap_or((0, NOTHING.to_owned()));
        let mut entry = Entry {
            seq: seq + 1,
            at: self.now,
            who: deed.who.to_owned(),
            what: deed.what.to_owned(),
            target: deed.target.to_owned(),
            job: deed.job,
            plan: deed.plan.to_owned(),
            previous,
            hash: String::new(),
        };
        entry.hash = entry.digest();
        Ok(entry)
    }
}

impl Entry {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            at: Stamp(row.get("at")?),
            who: row.get("who")?,
            what: row.get("what")?,
            target: row.get("target")?,
            job: row.get::<_, Option<i64>>("job")?.map(JobId),
            plan: row.get("plan")?,
            previous: row.get("previous")?,
            hash: row.get("hash")?,
        })
    }

    /// Each field with its length before it: no two entries read the same.
    fn digest(&self) -> String {
        let (seq, at) = (self.seq.to_string(), self.at.0.to_string());
        let job = self.job.map(|job| job.0.to_string()).unwrap_or_default();
        let mut hash = Sha256::new();
        for field in [&seq, &at, &self.who, &self.what, &self.target, &job, &self.plan, &self.previous] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hex(&hash.finalize())
    }

    /// Why it is not what follows `before`, if it is not.
    fn fault(&self, before: &str, mirrored: Option<&String>) -> Option<&'static str> {
        if self.digest() != self.hash {
            return Some("it was edited");
        }
        if self.previous != before {
            return Some("it does not follow the one before: one was put in, taken out or edited");
        }
        mirrored.is_some_and(|hash| *hash != self.hash).then_some("it was written anew: audit.head has another hash")
    }
}

impl Ledger {
    /// The last entries, the latest first.
    pub fn audit(&self, limit: u32) -> Result<Vec<Entry>, Failure> {
        self.read(|db| entries(db, "SELECT * FROM audit ORDER BY seq DESC LIMIT ?", limit))
    }

    /// Walks the whole trail, and says where it is first not as it was written: edited, reordered, shortened, rebuilt. A plan
    /// that is not the one that was confirmed breaks the trail where it was confirmed.
    pub fn verify_audit(&self) -> Result<Verdict, Failure> {
        // The mirror first: what is written meanwhile is then in the trail, not only in the mirror.
        let mirror = mirrored(&self.home);
        self.read(|db| {
            let trail = entries(db, "SELECT * FROM audit ORDER BY seq LIMIT ?", u32::MAX)?;
            let plans = plans(db)?;
            Ok(judge(&trail, &mirror, &plans))
        })
    }
}

fn entries(db: &Connection, sql: &str, limit: u32) -> Result<Vec<Entry>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let read = statement.query_map([limit], Entry::read)?;
    Ok(read.collect::<rusqlite::Result<_>>()?)
}

/// The hash of each job's plan as it lies there now.
fn plans(db: &Connection) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut statement = db.prepare("SELECT id, plan FROM jobs")?;
    let read = statement.query_map([], |row| Ok((row.get(0)?, digest(&row.get::<_, String>(1)?))))?;
    read.collect()
}

fn judge(trail: &[Entry], mirror: &BTreeMap<i64, String>, plans: &BTreeMap<i64, String>) -> Verdict {
    let mut head = NOTHING;
    for (entry, seq) in trail.iter().zip(1..) {
        let fault = if entry.seq == seq { entry.fault(head, mirror.get(&seq)) } else { Some("it is missing") };
        if let Some(why) = fault.or_else(|| changed_plan(entry, plans)) {
            return Verdict::Broken { seq, why: why.to_owned() };
        }
        head = &entry.hash;
    }
    let entries = trail.len() as i64;
    match mirror.range(entries + 1..).next() {
        Some(_) => Verdict::Broken { seq: entries + 1, why: "the trail was cut here: audit.head goes on".to_owned() },
        None => Verdict::Whole { entries, head: head.to_owned() },
    }
}

fn changed_plan(entry: &Entry, plans: &BTreeMap<i64, String>) -> Option<&'static str> {
    let job = entry.job.filter(|_| entry.what.starts_with(SUBMIT))?;
    match plans.get(&job.0) {
        None => Some("the job that it tells of is gone"),
        Some(plan) if *plan != entry.plan => Some("the job's plan is no longer the one that was confirmed"),
        Some(_) => None,
    }
}

/// The SHA-256 of a text.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Appends to the mirror. Where that fails the trail itself is still whole; only a cut behind this place would go unseen.
pub(super) fn mirror(home: &Home, heads: &[Head]) {
    let lines: Vec<String> = heads.iter().map(|head| format!("{} {}\n", head.seq, head.hash)).collect();
    if !lines.is_empty() {
        drop(home.appending(MIRROR).map(|mut file| file.write_all(lines.concat().as_bytes())));
    }
}

/// What the mirror says; lines that a full disk has cut say nothing.
fn mirrored(home: &Home) -> BTreeMap<i64, String> {
    let text = std::fs::read_to_string(home.path().join(MIRROR)).unwrap_or_default();
    let whole = |line: &str| {
        let (seq, hash) = line.split_once(' ')?;
        (hash.len() == NOTHING.len()).then_some((seq.parse().ok()?, hash.to_owned()))
    };
    text.lines().filter_map(whole).collect()
}

#[cfg(test)]
mod tests;
