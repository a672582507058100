//! What a screen is to the rest of the console.

use std::time::Duration;

use crate::app::command::Call;
use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::spot::Spot;
use crate::domain::range::Window;

/// Which screen is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenId {
    /// What fires, golden signals, services.
    Overview,
    /// Grafana dashboards.
    Dashboards,
    /// Alerts and one alert's detail.
    Alerts,
    /// Jobs and one job's steps and log.
    Jobs,
    /// Repositories, backups and their proofs.
    Backups,
    /// What can be broken, the drill that runs, and earlier ones.
    Chaos,
    /// Services, one service's instances, log and sessions.
    Services,
}

/// A movement within a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// By so many rows, up or down.
    Rows(isize),
    /// Sideways, for grids.
    Columns(isize),
    /// By so many pages.
    Pages(isize),
    /// To the first or the last.
    Ends(bool),
}

/// A screen: its state, its needs and what it does on movements. Commands of its own stand in `commands/`.
pub trait Screen {
    /// The contexts whose keys work here, the most specific first; `global` is implied.
    fn contexts(&self) -> &'static [&'static str];

    /// What it wants to know and how often.
    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)>;

    /// The parts of time that its graphs show, where nothing else on it changes by time alone; none where it counts seconds.
    fn windows(&self, _shared: &Shared) -> Option<Vec<Window>> {
        None
    }

    /// Works out what follows from what it knows, after every message that is taken in.
    fn settle(&mut self, _shared: &mut Shared) {}

    /// Moves the selection or the view.
    fn travel(&mut self, shared: &Shared, travel: Travel);

    /// Selects what is pointed at, and says whether that is here.
    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool;

    /// Moves the focus to its next part.
    fn focus(&mut self, _shared: &Shared, _forward: bool) {}

    /// Opens what is selected: here, or by calling what another screen offers.
    fn open(&mut self, shared: &Shared) -> Option<Call>;

    /// Closes its innermost part, and says whether there was one.
    fn back(&mut self) -> bool;

    /// Its filter, where it has one.
    fn filter(&mut self) -> Option<&mut String> {
        None
    }

    /// What `y` copies.
    fn copy(&self, shared: &Shared) -> Option<String>;
}
