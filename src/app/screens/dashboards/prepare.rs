//! What follows from a dashboard and its choices: panels with their variables put in, their places, the queries they ask.
//! Worked out once for each change, not for each frame.

mod queries;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::app::layout;
use crate::app::layout::grid::{self, Place};
use crate::app::model::Shared;
use crate::app::need::{Data, RangeQuery, Source};
use crate::app::screens::dashboards::board::Board;
use crate::domain::range::{TimeRange, Window};
use crate::grafana::model::{Dashboard, Panel, PanelKind};
use crate::grafana::variables::Values;
use crate::grafana::{self, View};

pub use variables::Offer;

/// Samples a column: more than can be drawn, so that a spike is not likely to fall between two of them.
const SAMPLES: u16 = 6;
/// No panel is asked with fewer samples than this.
const FEWEST: u16 = 100;
/// As many samples as Grafana would ask for on a wide screen.
const MOST: u16 = 1_500;
/// How often Prometheus scrapes, while its targets have not told.
const SCRAPE: Duration = Duration::from_secs(15);

/// What follows from a dashboard and its choices.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The panels in the order of reading.
    pub shown: Vec<Shown>,
    /// What is asked for the values of variables.
    pub questions: Vec<Source>,
    /// The variables that can be chosen.
    pub offers: Vec<Offer>,
    /// What of the answers for them could not be used, one line each.
    pub notes: Vec<String>,
    from: Option<Inputs>,
}

/// A panel as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// With its variables put in.
    pub panel: Panel,
    /// Where it stands on the page.
    pub place: Place,
    /// What each of its targets asks; none for what Prometheus cannot be asked.
    pub sources: Vec<Option<Source>>,
    /// What each asked before the panel filled the screen: that is shown until the finer answer is there. Empty elsewhere.
    pub coarse: Vec<Option<Source>>,
    /// Which part of time it shows.
    pub range: TimeRange,
    /// For a row: whether its panels are put away.
    pub closed: bool,
}

/// All that the preparation depends on. Bulk is compared by its address: an answer that is another has another.
#[derive(Clone, Debug, PartialEq)]
struct Inputs {
    chosen: BTreeMap<String, String>,
    turned: BTreeSet<u32>,
    zoomed: Option<usize>,
    range: TimeRange,
    size: (u16, u16),
    scrape: Duration,
    answers: Vec<usize>,
}

impl Prepared {
    /// Whether nothing was prepared yet.
    pub fn is_new(&self) -> bool {
        self.from.is_none()
    }
}

impl Shown {
    /// What each target asks, with what it asked before.
    pub fn asked(&self) -> impl Iterator<Item = (Option<&Source>, Option<&Source>)> {
        let coarse = self.coarse.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        self.sources.iter().map(Option::as_ref).zip(coarse)
    }

    /// The part of time it shows now.
    pub fn window(&self, shared: &Shared) -> Window {
        self.graph().map_or_else(|| self.plain(shared), |query| query.window(shared.server_now()))
    }

    /// What has been of that, up to the newest sample that there can be.
    pub fn sampled(&self, shared: &Shared) -> Window {
        self.graph().map_or_else(|| self.plain(shared), |query| query.sampled(shared.server_now()))
    }

    fn plain(&self, shared: &Shared) -> Window {
        self.range.window(shared.server_now().before(self.panel.times.shift.unwrap_or_default()))
    }

    /// The first query that is drawn over time.
    fn graph(&self) -> Option<&RangeQuery> {
        self.sources.iter().flatten().find_map(|source| match source {
            Source::Range(query) if query.aligned => Some(query),
            _ => None,
        })
    }
}

/// Prepares the board anew where anything it depends on has changed.
pub fn settle(board: &mut Board, shared: &Shared) {
    let inputs = inputs(board, shared);
    if board.prepared.from.as_ref() == Some(&inputs) {
        return;
    }
    let scrape = inputs.scrape;
    let solved = variables::solve(board, shared, &view(&board.dashboard, shared, scrape, shared.size.0).context());
    let panels = grafana::unroll(&grafana::expand(&board.dashboard, &solved.values), |row| !is_closed(row, &board.turned));
    let body = layout::body(shared.size);
    let places = grid::places(&panels, body.width, body.height);
    let zoomed = board.zoomed.then_some(board.focus);
    let shown = panels.iter().zip(places).enumerate().map(|(n, (panel, place))| {
        let width = if zoomed == Some(n) { body.width } else { place.width };
        let view = view(&board.dashboard, shared, scrape, width);
        show(panel, place, width, board, shared, (&solved.values, &view))
    });
    let shown = shown.collect();
    board.prepared = Prepared { shown, questions: solved.questions, offers: solved.offers, notes: solved.notes, from: None };
    board.prepared.from = Some(self::inputs(board, shared));
}

fn show(panel: &Panel, place: Place, width: u16, board: &Board, shared: &Shared, fill: (&Values, &View<'_>)) -> Shown {
    let (values, view) = fill;
    let range = panel.times.from.map_or(shared.range, TimeRange::Last);
    let sources = |columns| {
        let view = View { points: points(columns), ..*view };
        panel.targets.iter().map(|target| queries::source(panel, target, range, columns, values, &view)).collect()
    };
    let coarse = if width == place.width { vec![] } else { sources(place.width) };
    let closed = is_closed(panel, &board.turned);
    Shown { panel: grafana::shown(panel, values, view), place, sources: sources(width), coarse, range, closed }
}

/// Whether this is a row whose panels are put away: as the file says, unless it was turned.
fn is_closed(panel: &Panel, turned: &BTreeSet<u32>) -> bool {
    matches!(&panel.kind, PanelKind::Row { collapsed, .. } if *collapsed != turned.contains(&panel.id))
}

/// How the dashboard is looked at through a panel so many columns wide.
fn view<'a>(dashboard: &'a Dashboard, shared: &Shared, scrape: Duration, width: u16) -> View<'a> {
    View {
        window: shared.range.window(shared.server_now()),
        points: points(width),
        scrape,
        dashboard: &dashboard.title,
        user: "midwatch",
    }
}

fn points(width: u16) -> u16 {
    width.saturating_mul(SAMPLES).clamp(FEWEST, MOST)
}

fn inputs(board: &Board, shared: &Shared) -> Inputs {
    let address = |source: &Source| {
        let data = shared.store.get(source).and_then(|k| k.data.as_ref());
        data.map_or(0, |data| Arc::as_ptr(data).addr())
    };
    Inputs {
        chosen: board.chosen.clone(),
        turned: board.turned.clone(),
        zoomed: board.zoomed.then_some(board.focus),
        range: shared.range,
        size: shared.size,
        scrape: scrape(shared),
        answers: board.prepared.questions.iter().map(address).collect(),
    }
}

/// How often Prometheus scrapes: the interval that most of its targets have.
fn scrape(shared: &Shared) -> Duration {
    let Some(Data::Targets(targets)) = shared.store.data(&Source::Targets) else { return SCRAPE };
    let mut counts: BTreeMap<Duration, usize> = BTreeMap::new();
    for target in targets {
        *counts.entry(target.interval).or_default() += 1;
    }
    let most = counts.into_iter().filter(|(interval, _)| !interval.is_zero()).max_by_key(|(_, count)| *count);
    most.map_or(SCRAPE, |(interval, _)| interval)
}
