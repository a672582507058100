//! Screen 8, Chaos: what can be broken here, the drill that runs, and what earlier drills have shown.

pub mod offers;
pub mod past;

use std::sync::Arc;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screen::{Screen, Travel};
use crate::app::screens::chaos::offers::Choice;
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::chaos::end::Found;
use crate::domain::chaos::report::Drilled;
use crate::domain::job::{JobId, State};
use crate::domain::time::Moment;

/// How often drills are asked about while one runs, and while none does.
const EVERY: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(5);
/// How often it is asked whether the selected drill would be refused, and how long it must have been selected first: whoever moves
/// through the list asks nothing.
const PLANS: Duration = Duration::from_secs(20);
const RESTED: Duration = Duration::from_millis(400);

/// What stands behind the screen's tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What can be broken.
    #[default]
    Scenarios,
    /// The drill that runs, or the last one.
    Drill,
    /// Those that have ended.
    Past,
}

impl Tab {
    /// In their order on screen.
    pub const ALL: [Self; 3] = [Self::Scenarios, Self::Drill, Self::Past];

    /// Its name on screen and, in small letters, in the palette.
    pub fn title(self) -> &'static str {
        match self {
            Self::Scenarios => "Scenarios",
            Self::Drill => "Drill",
            Self::Past => "Past",
        }
    }

    /// The one beside it; after the last comes the first.
    #[must_use]
    pub fn beside(self, forward: bool) -> Self {
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// The state of the Chaos screen.
#[derive(Clone, Debug, Default)]
pub struct Chaos {
    /// Which tab is shown.
    pub tab: Tab,
    /// What is typed to narrow the list of scenarios, or of drills.
    pub filter: String,
    /// Which scenario, on which service, is selected.
    pub choice: Selection<Choice>,
    /// Which drill of the past is selected.
    pub past: Selection<JobId>,
    /// The drill of the past that is open.
    pub open: Option<JobId>,
    /// How many lines of the drill that is shown are scrolled past.
    pub scroll: usize,
    /// The drill that runs.
    live: Option<JobId>,
    /// What has been selected, since then.
    rests: Option<(Choice, Moment)>,
}

/// The drills of this host's ledger, of every environment, the newest first.
pub fn known(shared: &Shared) -> &[Arc<Drilled>] {
    match shared.store.data(&Source::Drills) {
        Some(Data::Drills(drills)) => drills,
        _ => &[],
    }
}

/// A drill by its job.
pub fn find(shared: &Shared, job: JobId) -> Option<&Drilled> {
    known(shared).iter().find(|drill| drill.job == job).map(|drill| &**drill)
}

/// Whom a drill hits: with its environment where that is not the one that is open.
pub fn target(shared: &Shared, drill: &Drilled) -> String {
    let target = &drill.report.target;
    if drill.environment == shared.environment().name { target.clone() } else { format!("{}: {target}", drill.environment) }
}

/// The drill that has not ended.
pub fn live(shared: &Shared) -> Option<&Drilled> {
    known(shared).iter().find(|drill| !matches!(drill.state, State::Ended(_))).map(|drill| &**drill)
}

/// The faults whose end is still to be performed.
pub fn faults(shared: &Shared) -> &[Found] {
    match shared.store.data(&Source::Faults) {
        Some(Data::Faults(open)) => open,
        _ => &[],
    }
}

impl Chaos {
    /// Shows another tab by its name, or the one beside; says whether there is one.
    pub fn go(&mut self, word: &str) -> bool {
        let tab = match word {
            "next" => Some(self.tab.beside(true)),
            "previous" => Some(self.tab.beside(false)),
            name => Tab::ALL.into_iter().find(|tab| tab.title().eq_ignore_ascii_case(name)),
        };
        tab.inspect(|tab| self.show(*tab)).is_some()
    }

    /// Shows a tab.
    pub fn show(&mut self, tab: Tab) {
        (self.tab, self.open, self.scroll) = (tab, None, 0);
    }

    /// Opens what a drill has shown; says whether it is known.
    pub fn report(&mut self, shared: &Shared, job: JobId) -> bool {
        if find(shared, job).is_none() {
            return false;
        }
        self.show(Tab::Past);
        self.past.select(job, 0);
        self.open = Some(job);
        true
    }

    /// The drill that is shown: the open one, or the one that runs, or the last.
    pub fn shown<'a>(&self, shared: &'a Shared) -> Option<&'a Drilled> {
        match (self.tab, self.open) {
            (Tab::Past, Some(job)) => find(shared, job),
            (Tab::Drill, _) => live(shared).or_else(|| known(shared).first().map(|drill| &**drill)),
            _ => None,
        }
    }

    /// What is asked to know whether the selected drill would be refused.
    pub fn trial(&self, shared: &Shared) -> Option<Source> {
        Some(Source::Plan(self.choice.id(&offers::ids(shared, &self.filter))?.call()?))
    }

    fn has_rested(&self, shared: &Shared) -> bool {
        self.rests.as_ref().is_some_and(|(_, since)| shared.now.since(*since) >= RESTED)
    }

    fn is_page(&self) -> bool {
        self.tab == Tab::Drill || self.open.is_some()
    }
}

impl Screen for Chaos {
    fn contexts(&self) -> &'static [&'static str] {
        match (self.tab, self.open.is_some(), self.live.is_some()) {
            (Tab::Scenarios, _, false) => &["scenarios", "tabs", "list"],
            (Tab::Scenarios, _, true) => &["drill", "scenarios", "tabs", "list"],
            (_, true, _) => &["list"],
            (_, false, false) => &["tabs", "list"],
            (_, false, true) => &["drill", "tabs", "list"],
        }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let is_live = self.live.is_some() || !faults(shared).is_empty();
        let mut needs = vec![(Source::Drills, if is_live { EVERY } else { SELDOM }), (Source::Faults, EVERY)];
        if self.tab == Tab::Scenarios {
            needs.extend(offers::playing(shared).into_iter().map(|name| (Source::Probe(name.clone()), SELDOM)));
        }
        let trial = (self.tab == Tab::Scenarios && self.has_rested(shared)).then(|| self.trial(shared));
        needs.extend(trial.flatten().map(|source| (source, PLANS)));
        needs
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.live = live(shared).map(|drill| drill.job);
        let ids = offers::ids(shared, &self.filter);
        self.choice.hold(&ids);
        self.past.hold(&past::ids(shared, &self.filter));
        let chosen = self.choice.id(&ids);
        if self.rests.as_ref().map(|(choice, _)| choice) != chosen.as_ref() {
            self.rests = chosen.map(|choice| (choice, shared.now));
        }
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        match self.tab {
            _ if self.is_page() => self.scroll = layout::scrolled(self.scroll, travel, page),
            Tab::Scenarios => self.choice.travel(&offers::ids(shared, &self.filter), travel, page / 2),
            Tab::Past | Tab::Drill => self.past.travel(&past::ids(shared, &self.filter), travel, page / 2),
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        match (self.tab, spot) {
            (Tab::Scenarios, Spot::Choice(choice)) => self.choice.point(&offers::ids(shared, &self.filter), choice),
            (Tab::Past, Spot::Job(job)) if self.open.is_none() => self.past.point(&past::ids(shared, &self.filter), job),
            _ => false,
        }
    }

    fn focus(&mut self, _: &Shared, forward: bool) {
        if self.open.is_none() {
            self.show(self.tab.beside(forward));
        }
    }

    /// A scenario opens its plan, a drill of the past its report, and what is shown the job behind it.
    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if let Some(drill) = self.shown(shared) {
            return Some(Call::with("job", &drill.job.0.to_string()));
        }
        match self.tab {
            Tab::Scenarios => {
                let words = self.choice.id(&offers::ids(shared, &self.filter))?.words();
                Some(Call::with("drill", &words))
            }
            Tab::Past => Some(Call::with("report", &self.past.id(&past::ids(shared, &self.filter))?.0.to_string())),
            Tab::Drill => None,
        }
    }

    fn back(&mut self) -> bool {
        self.scroll = 0;
        self.open.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.is_page() { None } else { Some(&mut self.filter) }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        if let Some(drill) = self.shown(shared) {
            return Some(format!("midwatch chaos report {}", drill.job.0));
        }
        match self.tab {
            Tab::Scenarios => {
                self.choice.id(&offers::ids(shared, &self.filter)).map(|choice| format!("midwatch drill {}", choice.words()))
            }
            Tab::Past => self.past.id(&past::ids(shared, &self.filter)).map(|job| job.to_string()),
            Tab::Drill => None,
        }
    }
}
