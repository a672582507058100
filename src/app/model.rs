//! The whole state of the console.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::alarm::Alarm;
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::lookout::Lookout;
use crate::app::need::{Epoch, Need, Source};
use crate::app::popup::Popup;
use crate::app::rows::Row;
use crate::app::screen::{Screen, ScreenId};
use crate::app::screens::Screens;
use crate::app::setup::{Environment, Setup};
use crate::app::store::{Freshness, Store};
use crate::domain::chaos::report::Missed;
use crate::domain::name::Name;
use crate::domain::range::TimeRange;
use crate::domain::time::{Moment, Stamp};

/// What every screen may read, and none may write.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What the console was started with.
    pub setup: Arc<Setup>,
    /// Which environment is open, as an index.
    pub environment: usize,
    /// How many environments were visited before.
    pub epoch: Epoch,
    /// The time of the newest message.
    pub now: Moment,
    /// The terminal, in columns and rows.
    pub size: (u16, u16),
    /// What is known.
    pub store: Store,
    /// What became of the alerts.
    pub lookout: Lookout,
    /// The rows of the alert list: what follows from the store and the lookout.
    pub rows: Arc<[Row]>,
    /// The part of time that panels and graphs show.
    pub range: TimeRange,
    /// Prometheus's clock minus ours, milliseconds, where it differs by more than can be a request's time.
    pub skew: Option<i64>,
    /// Until when strict environments are unlocked for this operator.
    pub unlocked: BTreeMap<Name, Stamp>,
}

impl Shared {
    /// The environment that is open.
    pub fn environment(&self) -> &Environment {
        &self.setup.environments[self.environment]
    }

    /// Until when an environment is unlocked, while it is.
    pub fn unlocked(&self, environment: &Name) -> Option<Stamp> {
        self.unlocked.get(environment).copied().filter(|until| *until > self.now.wall)
    }

    /// How current a source is.
    pub fn freshness(&self, source: &Source) -> Freshness {
        self.store.freshness(source, self.now)
    }

    /// The present on Prometheus's clock: what samples' ages are told by.
    pub fn server_now(&self) -> Stamp {
        Stamp(self.now.wall.0 + self.skew.unwrap_or_default())
    }

    /// What the heartbeats are: the sources that every screen keeps asking for.
    fn heartbeats(&self) -> Vec<Source> {
        let env = self.environment();
        let (prometheus, alertmanager) = (env.prometheus.is_some(), env.alertmanagers > 0);
        let rules = prometheus.then_some(Source::Rules);
        let alerts = alertmanager.then_some(Source::Alerts);
        // Rule 3: an alert has ended only where Prometheus would have sent it.
        let receiving = (prometheus && alertmanager).then_some(Source::Receiving);
        [rules, alerts, receiving, Some(Source::Jobs), Some(Source::Faults)].into_iter().flatten().collect()
    }
}

/// The whole state of the console.
#[derive(Clone, Debug)]
pub struct Model {
    /// What every screen may read.
    pub shared: Shared,
    /// Which screen is shown.
    pub screen: ScreenId,
    /// Every screen's own state.
    pub screens: Screens,
    /// What lies over the screen.
    pub popup: Option<Popup>,
    /// Keys of a sequence that is not finished.
    pub pending: Vec<Key>,
    /// Words for the person, until the next key.
    pub notice: Option<Notice>,
    /// The jobs that ended or were lost while the operator was away.
    pub away: Vec<Missed>,
    /// Which alerts rang.
    pub alarm: Alarm,
}

/// Words for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether something went wrong.
    pub bad: bool,
    /// One line; may hold text from outside.
    pub text: String,
}

impl Model {
    /// A console that has heard nothing yet.
    pub fn new(setup: Setup, environment: usize, size: (u16, u16), now: Moment) -> Self {
        let shared = Shared {
            setup: Arc::new(setup),
            environment,
            epoch: Epoch(0),
            now,
            size,
            store: Store::default(),
            lookout: Lookout::default(),
            rows: Arc::default(),
            range: TimeRange::Last(Duration::from_secs(3600)),
            skew: None,
            unlocked: BTreeMap::new(),
        };
        let (screen, screens) = (ScreenId::Overview, Screens::default());
        Self { shared, screen, screens, popup: None, pending: vec![], notice: None, away: vec![], alarm: Alarm::default() }
    }

    /// The screen that is shown.
    pub fn screen(&self) -> &dyn Screen {
        self.screens.get(self.screen)
    }

    /// The screen that is shown, to be changed, with what it may read.
    pub fn screen_mut(&mut self) -> (&mut dyn Screen, &Shared) {
        (self.screens.get_mut(self.screen), &self.shared)
    }

    /// Says something in the key line.
    pub fn say(&mut self, text: impl Into<String>) -> Vec<Effect> {
        self.notice = Some(Notice { bad: false, text: text.into() });
        vec![]
    }

    /// Says that something went wrong.
    pub fn complain(&mut self, text: impl Into<String>) -> Vec<Effect> {
        self.notice = Some(Notice { bad: true, text: text.into() });
        vec![]
    }

    /// Moves to another environment: nothing of the old one is kept, and answers still on their way will be dropped.
    pub fn enter(&mut self, environment: usize) {
        self.shared.environment = environment;
        self.shared.epoch = Epoch(self.shared.epoch.0 + 1);
        self.shared.store = Store::default();
        self.shared.lookout = Lookout::default();
        self.shared.rows = Arc::default();
        self.shared.skew = None;
        self.screens = Screens::default();
        self.popup = None;
        self.alarm = Alarm::default();
    }
}

/// What the model wants to know now, and how often. Two wishes for one source become one, at the shorter interval.
pub fn needs(model: &Model) -> Vec<Need> {
    let shared = &model.shared;
    let refresh = shared.environment().refresh;
    let mut wishes: Vec<(Source, Duration)> = shared.heartbeats().into_iter().map(|s| (s, refresh)).collect();
    wishes.extend(model.screen().needs(shared));
    let mut needs: Vec<Need> = Vec::with_capacity(wishes.len());
    for (source, every) in wishes {
        match needs.iter_mut().find(|n| n.source == source) {
            Some(need) => need.every = need.every.min(every),
            None => needs.push(Need { env: shared.epoch, source, every }),
        }
    }
    needs
}
