//! The rules: which of them work, what they cost, what they count and what they have set off. The worst first.

use std::sync::Arc;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::filter::{self, Looked};
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows;
use crate::app::screen::{Screen, Travel};
use crate::app::screens::alerts::graph::Graph;
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::labels::Labels;
use crate::domain::rule::{Rule, RuleGroup};
use crate::domain::time::Stamp;

/// An evaluation that takes this part of its group's interval leaves little for the rules after it.
const SLOW: f64 = 0.5;

/// The state of the list of rules.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Which rule is selected.
    pub selected: Selection<RuleId>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The rule that is open.
    pub detail: Option<Detail>,
}

/// One rule, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Which.
    pub id: RuleId,
    /// Its group without its rules, as it was last seen.
    pub group: RuleGroup,
    /// As it was last seen.
    pub rule: Rule,
    /// How far its text is scrolled, in lines.
    pub scroll: usize,
}

/// What identifies a rule from poll to poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleId {
    file: Arc<str>,
    group: Arc<str>,
    name: Arc<str>,
    expr: Arc<str>,
    /// Which of several that are the same in all of this.
    nth: usize,
}

/// How things stand with a rule, the worst first: one that does not work is blind, and nobody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its last evaluation failed.
    Failing,
    /// It was not evaluated when it should have been.
    Late,
    /// It has set off alerts.
    Firing,
    /// Its expression holds, and has to hold longer.
    Pending,
    /// It was not evaluated yet.
    Unknown,
    /// It works, and takes so long that others may come late.
    Slow,
    /// It works.
    Well,
}

impl Standing {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "fails",
            Self::Late => "late",
            Self::Firing => "firing",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Slow => "slow",
            Self::Well => "ok",
        }
    }
}

/// One rule of the list.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// What identifies it.
    pub id: RuleId,
    /// Its group.
    pub group: &'a RuleGroup,
    /// The rule.
    pub rule: &'a Rule,
    /// How things stand with it.
    pub standing: Standing,
}

/// The groups that Prometheus told of.
pub fn known(shared: &Shared) -> &[RuleGroup] {
    match shared.store.data(&Source::Rules) {
        Some(Data::Rules(groups)) => groups,
        _ => &[],
    }
}

/// How many rules there are, and how many of them fail.
pub fn count(shared: &Shared) -> (usize, usize) {
    let rules = || known(shared).iter().flat_map(|group| &group.rules);
    (rules().count(), rules().filter(|rule| rule.fails()).count())
}

/// How things stand with a rule. A dead-man's alert that fires is well.
pub fn standing(shared: &Shared, group: &RuleGroup, rule: &Rule) -> Standing {
    let alerts = rule.alerting.as_ref().map_or(&[][..], |a| &a.alerts);
    let expected = rows::is_watchdog_name(&rule.name);
    match rule.evaluated_at {
        _ if rule.fails() => Standing::Failing,
        Some(at) if is_late(shared, at, group.interval) => Standing::Late,
        _ if alerts.iter().any(|alert| alert.firing) && !expected => Standing::Firing,
        _ if !alerts.is_empty() && !expected => Standing::Pending,
        None => Standing::Unknown,
        Some(_) if rule.share(group.interval).is_some_and(|share| share >= SLOW) => Standing::Slow,
        Some(_) => Standing::Well,
    }
}

/// An evaluation is late after three intervals. How old the answer itself is does not count against the rule.
fn is_late(shared: &Shared, at: Stamp, interval: Duration) -> bool {
    let told =
        shared.store.get(&Source::Rules).and_then(|known| known.good).map_or(Duration::ZERO, |good| shared.now.since(good));
    let age = shared.server_now().since(at).saturating_sub(told);
    !interval.is_zero() && age > interval * 3
}

/// Every rule in the order of the files, with its identity.
fn all(shared: &Shared) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for group in known(shared) {
        let begin = lines.len();
        for rule in &group.rules {
            let (file, of) = (group.file.clone(), group.name.clone());
            let same = |line: &&Line<'_>| line.rule.name == rule.name && line.rule.expr == rule.expr;
            let nth = lines[begin..].iter().filter(same).count();
            let id = RuleId { file, group: of, name: rule.name.clone(), expr: rule.expr.clone(), nth };
            lines.push(Line { id, group, rule, standing: standing(shared, group, rule) });
        }
    }
    lines
}

impl Rules {
    /// The rules of the list, the worst first; of pending ones the next to fire.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<Line<'a>> {
        let mut listed: Vec<Line<'a>> = all(shared).into_iter().filter(|line| passes(line, &self.filter)).collect();
        let now = shared.server_now();
        listed.sort_by_key(|line| (line.standing, line.rule.fires_in(now).unwrap_or_default()));
        listed
    }

    fn ids(&self, shared: &Shared) -> Vec<RuleId> {
        self.listed(shared).into_iter().map(|line| line.id).collect()
    }

    /// Opens the worst rule of a name, and says whether there is one.
    pub fn show(&mut self, shared: &Shared, name: &str) -> bool {
        let named = Self::default().listed(shared).into_iter().find(|line| &*line.rule.name == name);
        let found = named.is_some();
        if let Some(line) = named {
            self.enter(&line);
        }
        found
    }

    fn enter(&mut self, line: &Line<'_>) {
        self.selected.select(line.id.clone(), 0);
        let group = RuleGroup { rules: vec![], ..line.group.clone() };
        self.detail = Some(Detail { id: line.id.clone(), group, rule: line.rule.clone(), scroll: 0 });
    }
}

fn passes(line: &Line<'_>, filter: &str) -> bool {
    let none = Labels::default();
    let labels = line.rule.alerting.as_ref().map_or(&none, |a| &a.labels);
    let texts = [&*line.rule.name, &*line.group.name, &*line.rule.expr, &line.rule.last_error];
    filter::passes(filter, Looked { state: line.standing.word(), labels, texts: &texts })
}

impl Screen for Rules {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["rule", "list"] } else { &["rules", "tabs", "list"] }
    }

    /// The rules themselves are asked for everywhere.
    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let graph = self.detail.as_ref().map(|detail| Graph::of(shared, &detail.rule).source());
        graph.map(|source| (source, shared.environment().refresh)).into_iter().collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        let ids = self.ids(shared);
        self.selected.hold(&ids);
        if let Some(detail) = &mut self.detail
            && let Some(line) = all(shared).into_iter().find(|line| line.id == detail.id)
        {
            detail.rule = line.rule.clone();
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let Spot::Rule(id) = spot else { return false };
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
            let listed = self.listed(shared);
            let ids: Vec<RuleId> = listed.iter().map(|line| line.id.clone()).collect();
            if let Some(line) = self.selected.row(&ids).and_then(|row| listed.get(row)) {
                self.enter(line);
            }
        }
        None
    }

    fn back(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.detail.is_some() { None } else { Some(&mut self.filter) }
    }

    /// The expression: it is pasted where expressions are tried.
    fn copy(&self, shared: &Shared) -> Option<String> {
        let id = match &self.detail {
            Some(detail) => Some(detail.id.clone()),
            None => self.selected.id(&self.ids(shared)),
        };
        id.map(|id| id.expr.to_string())
    }
}
