//! The targets: what Prometheus scrapes, how the last scrape went and how old it is. What is down comes first.

use std::time::Duration;

use crate::app::command::Call;
use crate::app::filter::{self, Looked};
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screen::{Screen, Travel};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::labels::Labels;
use crate::domain::target::{Target, TargetHealth};

/// A scrape that takes this part of its interval is close to its timeout.
const SLOW: f64 = 0.5;

/// The state of the list of targets.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Which target is selected.
    pub selected: Selection<TargetId>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The target that is open.
    pub detail: Option<Detail>,
}

/// One target, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// As it was last seen.
    pub target: Target,
    /// How far its text is scrolled, in lines.
    pub scroll: usize,
}

/// What identifies a target: its pool and its labels, which Prometheus keeps apart.
pub type TargetId = (String, Labels);

/// How things stand with a target, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It did not answer.
    Down,
    /// It was not scraped when it should have been.
    Late,
    /// It was not scraped yet.
    Unknown,
    /// It answers, and takes so long that it may soon be too long.
    Slow,
    /// It answers.
    Up,
}

impl Standing {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Late => "late",
            Self::Unknown => "unknown",
            Self::Slow => "slow",
            Self::Up => "up",
        }
    }
}

/// Every active target that Prometheus told of.
pub fn known(shared: &Shared) -> &[Target] {
    match shared.store.data(&Source::Targets) {
        Some(Data::Targets(targets)) => targets,
        _ => &[],
    }
}

/// What identifies a target.
pub fn id(target: &Target) -> TargetId {
    (target.pool.clone(), target.labels.clone())
}

/// How things stand with a target.
pub fn standing(shared: &Shared, target: &Target) -> Standing {
    match target.health {
        TargetHealth::Down => Standing::Down,
        _ if is_late(shared, target) => Standing::Late,
        TargetHealth::Unknown => Standing::Unknown,
        TargetHealth::Up if target.share().is_some_and(|share| share >= SLOW) => Standing::Slow,
        TargetHealth::Up => Standing::Up,
    }
}

/// How old a scrape may be before it counts as late: two intervals of Prometheus's, and two of ours in which it was told.
pub fn patience(shared: &Shared, target: &Target) -> Duration {
    (target.interval + shared.environment().refresh) * 2
}

fn is_late(shared: &Shared, target: &Target) -> bool {
    let age = target.last_scrape.map(|at| shared.server_now().since(at));
    // While the list itself is stale, no scrape is known to be late.
    let told = shared.freshness(&Source::Targets).is_fresh();
    told && !target.interval.is_zero() && age.is_some_and(|age| age > patience(shared, target))
}

impl Targets {
    /// The targets of the list, the worst first, then by pool.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<(&'a Target, Standing)> {
        let all = known(shared).iter().map(|target| (target, standing(shared, target)));
        let mut listed: Vec<_> = all.filter(|(target, standing)| passes(target, *standing, &self.filter)).collect();
        listed.sort_by(|(a, how_a), (b, how_b)| (how_a, &a.pool, &a.labels).cmp(&(how_b, &b.pool, &b.labels)));
        listed
    }

    fn ids(&self, shared: &Shared) -> Vec<TargetId> {
        self.listed(shared).into_iter().map(|(target, _)| id(target)).collect()
    }

    /// The open target, or the selected one.
    fn meant(&self, shared: &Shared) -> Option<Target> {
        if let Some(detail) = &self.detail {
            return Some(detail.target.clone());
        }
        let row = self.selected.row(&self.ids(shared))?;
        self.listed(shared).get(row).map(|(target, _)| (*target).clone())
    }
}

fn passes(target: &Target, standing: Standing, filter: &str) -> bool {
    let texts = [target.pool.as_str(), &target.url, &target.last_error];
    filter::passes(filter, Looked { state: standing.word(), labels: &target.labels, texts: &texts })
}

impl Screen for Targets {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["target", "list"] } else { &["targets", "tabs", "list"] }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let env = shared.environment();
        env.prometheus.iter().map(|_| (Source::Targets, env.refresh)).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        let ids = self.ids(shared);
        self.selected.hold(&ids);
        if let Some(detail) = &mut self.detail
            && let Some(now) = known(shared).iter().find(|target| id(target) == id(&detail.target))
        {
            detail.target = now.clone();
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let Spot::Target(id) = spot else { return false };
        let ids = self.ids(shared);
        self.detail.is_none() && self.selected.point(&ids, id)
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        if let Some(detail) = &mut self.detail {
            detail.scroll = layout::scrolled(detail.scroll, travel, page);
            return;
        }
        let ids = self.ids(shared);
        self.selected.travel(&ids, travel, page);
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if self.detail.is_none() {
            self.detail = self.meant(shared).map(|target| Detail { target, scroll: 0 });
        }
        None
    }

    fn back(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.detail.is_some() { None } else { Some(&mut self.filter) }
    }

    /// Where it is scraped: it is pasted behind `curl`.
    fn copy(&self, shared: &Shared) -> Option<String> {
        self.meant(shared).map(|target| target.shown_url())
    }
}
