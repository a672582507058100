//! One dashboard, open: what is chosen, what is looked at, what is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::layout;
use crate::app::layout::grid::Place;
use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screen::Travel;
use crate::app::screens::dashboards::prepare::{self, Prepared, Shown};
use crate::app::screens::dashboards::trust::{self, Trust};
use crate::domain::range::Window;
use crate::grafana::model::{Dashboard, PanelKind};

/// How often a variable's values are asked for.
const VARIABLES: Duration = Duration::from_secs(60);
/// How often it is asked which jobs a metric comes from.
const ORIGINS: Duration = Duration::from_secs(60);

/// One dashboard, open.
#[derive(Clone, Debug)]
pub struct Board {
    /// The file: its identity.
    pub path: String,
    /// As it was read when it was opened.
    pub dashboard: Arc<Dashboard>,
    /// The values chosen, by variable; what is not among them has the dashboard's own.
    pub chosen: BTreeMap<String, String>,
    /// The rows that are opened or closed against what the file says, by their panel's id.
    pub turned: BTreeSet<u32>,
    /// The panel that is looked at, by its place in the order of reading.
    pub focus: usize,
    /// Whether that panel fills the screen.
    pub zoomed: bool,
    /// Where the crosshair stands, in thousandths of what has been of the time range, from its left.
    pub crosshair: Option<u16>,
    /// How far the zoomed table is scrolled.
    pub scroll: usize,
    /// What follows from all this.
    pub prepared: Prepared,
}

impl Board {
    /// Just opened.
    pub fn new(path: String, dashboard: Arc<Dashboard>) -> Self {
        Self {
            path,
            dashboard,
            chosen: BTreeMap::new(),
            turned: BTreeSet::new(),
            focus: 0,
            zoomed: false,
            crosshair: None,
            scroll: 0,
            prepared: Prepared::default(),
        }
    }

    /// Works out anew what follows from the choices, where any of them changed.
    pub fn settle(&mut self, shared: &mut Shared) {
        if self.prepared.is_new()
            && let Some(range) = self.dashboard.time
        {
            shared.range = range;
        }
        prepare::settle(self, shared);
        let last = self.prepared.shown.len().saturating_sub(1);
        self.focus = self.focus.min(last);
    }

    /// The panel that is looked at.
    pub fn focused(&self) -> Option<&Shown> {
        self.prepared.shown.get(self.focus)
    }

    /// The part of the screen that panels are drawn on: all but the first line.
    pub fn area(size: (u16, u16)) -> Rect {
        let body = layout::body(size);
        Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body }
    }

    /// The first line of the page that is seen: as little scrolling as shows the focused panel.
    pub fn first_line(&self, height: u16) -> u32 {
        let Some(focus) = self.focused().map(|s| s.place) else { return 0 };
        let page = self.prepared.shown.iter().map(|s| s.place.bottom()).max().unwrap_or(0);
        let middle = focus.y + u32::from(focus.height) / 2;
        let wished = middle.saturating_sub(u32::from(height) / 2);
        wished.min(focus.y).min(page.saturating_sub(u32::from(height)))
    }

    /// The panels that are seen, with their place on the screen cut to what is seen of it.
    pub fn seen(&self, size: (u16, u16)) -> Vec<(usize, Rect)> {
        let area = Self::area(size);
        if self.zoomed {
            return self.focused().map(|_| (self.focus, area)).into_iter().collect();
        }
        let first = self.first_line(area.height);
        let on_screen = |(n, shown): (usize, &Shown)| visible(shown.place, first, area).map(|rect| (n, rect));
        self.prepared.shown.iter().enumerate().filter_map(on_screen).collect()
    }

    /// What it wants to know: its variables, and what the panels that are seen ask.
    pub fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let refresh = shared.environment().refresh;
        let variables = self.prepared.questions.iter().map(|source| (source.clone(), VARIABLES));
        let mut needs: Vec<_> = variables.chain([(Source::Targets, refresh)]).collect();
        for (n, _) in self.seen(shared.size) {
            let shown = &self.prepared.shown[n];
            needs.extend(shown.sources.iter().flatten().map(|source| (source.clone(), refresh)));
            needs.extend(trust::origins(shared, shown).map(|source| (source, ORIGINS)));
        }
        needs
    }

    /// What the panels that are seen and ask anything show; none where the age of one is told, or the crosshair goes with the time.
    pub fn windows(&self, shared: &Shared) -> Option<Vec<Window>> {
        let asks = |shown: &&Shown| shown.sources.iter().any(Option::is_some);
        let window = |shown: &Shown| (trust::trust(shared, shown) == Trust::Fresh).then(|| shown.window(shared));
        let seen = self.seen(shared.size).into_iter().map(|(n, _)| &self.prepared.shown[n]);
        if self.crosshair.is_none() { seen.filter(asks).map(window).collect() } else { None }
    }

    /// Moves the focus from panel to panel, or the zoomed table's rows.
    pub fn travel(&mut self, shared: &Shared, travel: Travel) {
        if self.zoomed && !matches!(travel, Travel::Columns(_)) {
            self.scroll = layout::scrolled(self.scroll, travel, usize::from(Self::area(shared.size).height));
            return;
        }
        match travel {
            Travel::Columns(n) => self.step(shared, n),
            Travel::Rows(n) => self.vertical(n),
            Travel::Pages(n) => {
                let lines = i64::from(Self::area(shared.size).height) * n as i64;
                self.by_lines(lines);
            }
            Travel::Ends(last) => self.focus = if last { self.prepared.shown.len().saturating_sub(1) } else { 0 },
        }
    }

    /// To the next or the previous panel in the order of reading.
    pub fn step(&mut self, _: &Shared, by: isize) {
        let last = self.prepared.shown.len().saturating_sub(1);
        self.focus = self.focus.saturating_add_signed(by).min(last);
        self.scroll = 0;
    }

    /// To a panel by its place in the order of reading; says whether there is one.
    pub fn look_at(&mut self, at: usize) -> bool {
        let there = at < self.prepared.shown.len();
        if there && at != self.focus {
            (self.focus, self.scroll) = (at, 0);
        }
        there
    }

    /// To the panel above or below, the nearest by its left edge.
    fn vertical(&mut self, by: isize) {
        let Some(here) = self.focused().map(|s| s.place) else { return };
        let beyond = |p: Place| if by > 0 { p.y >= here.bottom() } else { p.bottom() <= here.y };
        let distance = |p: Place| {
            let rows = if by > 0 { p.y - here.bottom() } else { here.y - p.bottom() };
            (rows, p.x.abs_diff(here.x))
        };
        let places = self.prepared.shown.iter().map(|s| s.place).enumerate().filter(|(_, p)| beyond(*p));
        if let Some((n, _)) = places.min_by_key(|(_, p)| distance(*p)) {
            self.focus = n;
        }
    }

    fn by_lines(&mut self, lines: i64) {
        let Some(here) = self.focused().map(|s| s.place) else { return };
        let wished = (i64::from(here.y) + lines).max(0);
        let near = |s: &Shown| ((i64::from(s.place.y) - wished).abs(), s.place.x.abs_diff(here.x));
        let nearest = self.prepared.shown.iter().enumerate().min_by_key(|(_, s)| near(s));
        self.focus = nearest.map_or(0, |(n, _)| n);
    }

    /// Opens or closes a row; lets any other panel fill the screen.
    pub fn open(&mut self) {
        let Some(shown) = self.focused() else { return };
        if matches!(shown.panel.kind, PanelKind::Row { .. }) {
            let id = shown.panel.id;
            if !self.turned.remove(&id) {
                self.turned.insert(id);
            }
            return;
        }
        self.zoomed = !self.zoomed;
        self.scroll = 0;
    }

    /// Takes the crosshair away, then the zoom; says whether there was anything to close.
    pub fn back(&mut self) -> bool {
        self.crosshair.take().is_some() || std::mem::take(&mut self.zoomed)
    }

    /// Moves the crosshair; it begins at the right end, where the newest samples are.
    pub fn move_crosshair(&mut self, by: i16) {
        let from = self.crosshair.unwrap_or(1000);
        self.crosshair = Some(from.saturating_add_signed(by).min(1000));
    }

    /// The queries of the focused panel, as they are sent.
    pub fn copy(&self) -> Option<String> {
        let queries: Vec<&str> = self.focused()?.sources.iter().flatten().filter_map(Source::expr).collect();
        (!queries.is_empty()).then(|| queries.join("\n"))
    }
}

fn visible(place: Place, first: u32, area: Rect) -> Option<Rect> {
    let last = first + u32::from(area.height);
    if place.bottom() <= first || place.y >= last {
        return None;
    }
    let top = place.y.max(first);
    let bottom = place.bottom().min(last);
    Some(Rect { x: area.x + place.x, y: area.y + (top - first) as u16, width: place.width, height: (bottom - top) as u16 })
}
