//! The last weeks of a shelf, day by day: what the best backup of each is worth.

use crate::app::model::Shared;
use crate::app::screens::backups::shelf::{Lying, Shelf, lying};
use crate::app::screens::jobs;
use crate::domain::backup::catalogue::Standing;
use crate::domain::job::{Job, Outcome, State};
use crate::domain::time::Stamp;

const DAY: i64 = 86_400_000;

/// The best that a day has, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A backup that was restored and checked.
    Proved,
    /// One that was written whole and never restored.
    ChecksumOnly,
    /// Only ones that failed: their proof, their seal, or the job that should have made them.
    Failed,
    /// Only what a backup that did not end left behind.
    Orphan,
    /// Nothing.
    Nothing,
}

/// One week.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Its Monday's midnight, UTC.
    pub monday: Stamp,
    /// From Monday to Sunday; none for a day that has not come.
    pub days: [Option<Mark>; 7],
}

/// The last so many weeks of a shelf, the present one last.
pub fn weeks(shared: &Shared, shelf: &Shelf, count: usize) -> Vec<Week> {
    let today = day(shared.now.wall);
    // The first of January 1970 was a Thursday.
    let monday = today - (today + 3).rem_euclid(7);
    let marks = marks(shared, shelf);
    let best = |day: i64| marks.iter().filter(|(d, _)| *d == day).map(|(_, mark)| *mark).min().unwrap_or(Mark::Nothing);
    let week = |back: usize| {
        let first = monday - 7 * back as i64;
        let days = std::array::from_fn(|n| first + n as i64).map(|day| (day <= today).then(|| best(day)));
        Week { monday: Stamp(first * DAY), days }
    };
    (0..count).rev().map(week).collect()
}

fn day(at: Stamp) -> i64 {
    at.0.div_euclid(DAY)
}

fn marks(shared: &Shared, shelf: &Shelf) -> Vec<(i64, Mark)> {
    let lying = lying(shared, shelf);
    let lying = lying.iter().filter_map(|one| Some((day(one.taken()?), mark(*one))));
    let failed = jobs::known(shared).iter().filter(|job| failed(job, shelf));
    lying.chain(failed.map(|job| (day(job.submitted), Mark::Failed))).collect()
}

fn mark(one: Lying<'_>) -> Mark {
    match one.backup().map(crate::domain::backup::catalogue::Entry::standing) {
        Some(Standing::Proved) => Mark::Proved,
        Some(Standing::ChecksumOnly) => Mark::ChecksumOnly,
        Some(Standing::Failed | Standing::Forged) => Mark::Failed,
        None => Mark::Orphan,
    }
}

/// A job that should have put a backup here.
fn failed(job: &Job, shelf: &Shelf) -> bool {
    let [routine, service, ..] = job.plan.call.as_slice() else { return false };
    let ended_badly = matches!(job.state, State::Ended(Outcome::Failed | Outcome::Stuck));
    ended_badly && routine == "backup" && service == shelf.service.as_str() && job.plan.environment == shelf.environment
}
