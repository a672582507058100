//! What retention leaves. It goes by the catalogue's order alone: a clock that jumped or a file that was touched changes nothing
//! but which day a backup is counted to.
//!
//! Each method of a service is judged by itself: a dump does not take the place of a base backup.
//!
//! - One that was edited, or whose newest proof failed, takes nobody's place. It stays, as evidence, until as many sound ones are
//!   newer as [`Keep::last`] says.
//! - One of another host, whose seal this host cannot judge, is not touched before this host has proved it: then it is like any
//!   other.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::backup::Method;
use crate::domain::backup::catalogue::{Attestation, Catalogue, Entry, Standing};
use crate::domain::name::Name;
use crate::domain::repository::Keep;
use crate::domain::time::Stamp;

/// A backup and why it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement<'a> {
    /// The backup.
    pub entry: &'a Entry,
    /// Every reason to leave it; none where it goes.
    pub stays: Vec<Reason>,
}

impl Judgement<'_> {
    /// Whether it goes.
    pub fn goes(&self) -> bool {
        self.stays.is_empty()
    }
}

/// Why a backup stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is the newest.
    Newest,
    /// It is among the newest that are kept.
    Last,
    /// It is the newest of its day.
    Daily,
    /// It is the newest of its week.
    Weekly,
    /// It is the newest of its month.
    Monthly,
    /// It is among the proved ones that are always kept.
    Proved,
    /// It is of another host, and was not proved here.
    Unattested,
    /// It is bad, and recent: somebody may want to know why.
    Evidence,
}

impl Reason {
    /// The words of plans.
    pub fn words(self) -> &'static str {
        match self {
            Self::Newest => "the newest",
            Self::Last => "among the newest",
            Self::Daily => "newest of its day",
            Self::Weekly => "newest of its week",
            Self::Monthly => "newest of its month",
            Self::Proved => "proved: the floor",
            Self::Unattested => "of another host, not proved here",
            Self::Evidence => "bad, and recent: evidence",
        }
    }
}

/// Judges every backup that lies in a repository.
pub fn every(catalogue: &Catalogue, keep: Keep) -> Vec<Judgement<'_>> {
    let sources = catalogue.entries.iter().map(|entry| (&entry.manifest.source.environment, &entry.manifest.source.service));
    let services: BTreeSet<_> = sources.collect();
    services.into_iter().flat_map(|(environment, service)| plan(catalogue, keep, environment, service)).collect()
}

/// Judges every backup of a service, the newest first within each method.
pub fn plan<'a>(catalogue: &'a Catalogue, keep: Keep, environment: &'a Name, service: &'a Name) -> Vec<Judgement<'a>> {
    let mut entries: Vec<_> = catalogue.of(environment, service).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.manifest.sequence, &entry.manifest.id)));
    let of = |method| entries.iter().copied().filter(move |entry: &&Entry| entry.manifest.method == method);
    Method::ALL.into_iter().flat_map(|method| judge(of(method), keep)).collect()
}

/// The backups of one service by one method, the newest first.
fn judge<'a>(entries: impl Iterator<Item = &'a Entry>, keep: Keep) -> Vec<Judgement<'a>> {
    let mut places = Places::new(keep);
    let mut judged = entries.map(|entry| Judgement { entry, stays: places.take(entry) }).collect::<Vec<_>>();
    if let Some(newest) = judged.first_mut() {
        newest.stays.insert(0, Reason::Newest);
    }
    judged
}

/// The places that are still free, while older and older backups ask for one.
struct Places {
    last: u32,
    proved: u32,
    daily: Calendar,
    weekly: Calendar,
    monthly: Calendar,
}

impl Places {
    fn new(keep: Keep) -> Self {
        let calendar = |free| Calendar { free, taken: BTreeSet::new() };
        Self {
            last: keep.last.max(1),
            proved: keep.proved.max(1),
            daily: calendar(keep.daily),
            weekly: calendar(keep.weekly),
            monthly: calendar(keep.monthly),
        }
    }

    fn take(&mut self, entry: &Entry) -> Vec<Reason> {
        let standing = entry.standing();
        if standing != Standing::Proved && matches!(entry.attestation, Attestation::Unattested(_)) {
            return vec![Reason::Unattested];
        }
        if matches!(standing, Standing::Failed | Standing::Forged) {
            return if self.last > 0 { vec![Reason::Evidence] } else { Vec::new() };
        }
        let [day, week, month] = periods(entry.manifest.times.consistent);
        let asked = [
            (Reason::Last, count(&mut self.last)),
            (Reason::Daily, self.daily.take(day)),
            (Reason::Weekly, self.weekly.take(week)),
            (Reason::Monthly, self.monthly.take(month)),
            (Reason::Proved, standing == Standing::Proved && count(&mut self.proved)),
        ];
        asked.into_iter().filter(|(_, stays)| *stays).map(|(reason, _)| reason).collect()
    }
}

/// Takes one of what is free.
fn count(free: &mut u32) -> bool {
    let is_free = *free > 0;
    *free = free.saturating_sub(1);
    is_free
}

/// Days, weeks or months: the first of each, which is its newest, takes a place.
struct Calendar {
    free: u32,
    taken: BTreeSet<i64>,
}

impl Calendar {
    fn take(&mut self, period: i64) -> bool {
        !self.taken.contains(&period) && count(&mut self.free) && self.taken.insert(period)
    }
}

/// The day, the ISO week and the month of an instant, UTC, each as a number of its own. An instant of no calendar is of none of
/// its days.
fn periods(at: Stamp) -> [i64; 3] {
    let day = at.0.div_euclid(86_400_000);
    let date = Timestamp::from_millisecond(at.0).ok().map(|at| at.to_zoned(TimeZone::UTC).date());
    let month = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
    // 1970 began on a Thursday.
    [day, (day + 3).div_euclid(7), date.map_or(i64::MIN, month)]
}

#[cfg(test)]
pub(crate) mod tests;
