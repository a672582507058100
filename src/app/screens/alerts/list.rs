//! The alerts: grouped and filtered, and one alert's detail.

use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::rows::{self, Row, Standing};
use crate::app::screen::{Screen, Travel};
use crate::app::screens::alerts::graph::Graph;
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::alert::Fingerprint;

/// The labels by which people group.
const CUSTOMARY: [&str; 5] = ["alertname", "severity", "job", "instance", "service"];

/// The state of the list of alerts.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Which alert is selected.
    pub selected: Selection<Fingerprint>,
    /// By which label the list is grouped.
    pub group: Option<String>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// Whether silenced and inhibited alerts are left out.
    pub hide_suppressed: bool,
    /// The alert that is open.
    pub detail: Option<Detail>,
}

/// One alert, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// As it was last seen: an alert that ends while one reads does not vanish from under the eyes.
    pub row: Row,
    /// How far its text is scrolled, in lines.
    pub scroll: usize,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A group's value and how many alerts it has.
    Group(String, usize),
    /// An alert.
    Alert(Row),
}

impl List {
    /// The lines of the list: groups in the order of their most pressing alert.
    pub fn lines(&self, shared: &Shared) -> Vec<Line> {
        let shown = rows::rows(shared).iter().filter(|row| self.shows(row)).cloned();
        let Some(label) = &self.group else { return shown.map(Line::Alert).collect() };
        let mut groups: Vec<(String, Vec<Row>)> = Vec::new();
        for row in shown {
            let value = row.labels.get(label).unwrap_or("(none)").to_owned();
            match groups.iter_mut().find(|(v, _)| *v == value) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((value, vec![row])),
            }
        }
        let lines = |(value, rows): (String, Vec<Row>)| {
            std::iter::once(Line::Group(value, rows.len())).chain(rows.into_iter().map(Line::Alert))
        };
        groups.into_iter().flat_map(lines).collect()
    }

    fn shows(&self, row: &Row) -> bool {
        !(self.hide_suppressed && row.standing == Standing::Suppressed) && rows::passes(row, &self.filter)
    }

    fn ids(&self, shared: &Shared) -> Vec<Fingerprint> {
        let id = |line| match line {
            Line::Alert(row) => Some(row.id),
            Line::Group(..) => None,
        };
        self.lines(shared).into_iter().filter_map(id).collect()
    }

    /// The selected alert's identity.
    pub fn selected(&self, shared: &Shared) -> Option<Fingerprint> {
        self.selected.id(&self.ids(shared))
    }

    /// Opens an alert by its fingerprint, and says whether there is one.
    pub fn show(&mut self, shared: &Shared, fingerprint: &str) -> bool {
        let row = rows::rows(shared).iter().find(|r| *r.id == *fingerprint).cloned();
        let found = row.is_some();
        if let Some(row) = row {
            self.selected.select(row.id.clone(), 0);
            self.detail = Some(Detail { row, scroll: 0 });
        }
        found
    }

    /// Groups by the next of the customary labels, and by none after the last.
    pub fn group_next(&mut self) {
        let at = self.group.as_ref().map(|label| CUSTOMARY.iter().position(|c| c == label));
        self.group = match at {
            None => Some(CUSTOMARY[0].to_owned()),
            Some(at) => at.and_then(|at| CUSTOMARY.get(at + 1)).map(ToString::to_string),
        };
    }
}

impl Detail {
    /// The alert as it is now, or as it was last seen with `false`.
    pub fn current(&self, shared: &Shared) -> (Row, bool) {
        let now = rows::rows(shared).iter().find(|r| r.id == self.row.id).cloned();
        now.map_or_else(|| (self.row.clone(), false), |row| (row, true))
    }

    /// The graph of the alert's expression; none where its rule is not known.
    pub fn graph(&self, shared: &Shared) -> Option<Graph> {
        rows::rule(shared, &self.row.labels).map(|rule| Graph::of(shared, rule))
    }
}

impl Screen for List {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["alert", "list"] } else { &["alerts", "tabs", "list"] }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let refresh = shared.environment().refresh;
        let Some(detail) = &self.detail else { return vec![] };
        let silences = (!detail.row.hidden_by.is_empty()).then_some(Source::Silences);
        let graph = detail.graph(shared).map(|graph| graph.source());
        silences.into_iter().chain(graph).map(|source| (source, refresh)).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        let ids = self.ids(shared);
        self.selected.hold(&ids);
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let Spot::Alert(id) = spot else { return false };
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
        if self.detail.is_none()
            && let Some(id) = self.selected(shared)
        {
            self.show(shared, &id);
        }
        None
    }

    fn back(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.detail.is_some() { None } else { Some(&mut self.filter) }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        if let Some(detail) = &self.detail {
            return Some(detail.row.labels.to_string());
        }
        let id = self.selected(shared)?;
        rows::rows(shared).iter().find(|r| r.id == id).map(|r| r.labels.to_string())
    }
}
