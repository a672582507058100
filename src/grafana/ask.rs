//! From a panel to what is asked of Prometheus: ranges of its own, steps, and queries with every variable put in.

use std::time::Duration;

use super::model::{Override, Panel, Property, Target};
use super::step::{Room, Steps, steps};
use super::variables::{Context, Values, substitute, title};
use crate::domain::range::Window;

/// How a dashboard is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The part of time that is shown.
    pub window: Window,
    /// How many samples a panel has room for.
    pub points: u16,
    /// How often Prometheus scrapes; 15 s unless it is known better.
    pub scrape: Duration,
    /// The dashboard's title.
    pub dashboard: &'a str,
    /// Who looks at it.
    pub user: &'a str,
}

impl<'a> View<'a> {
    /// Where text is put in that belongs to no query: a title, or a variable's question.
    pub fn context(&self) -> Context<'a> {
        let step = super::step::rounded(self.window.span() / u32::from(self.points.max(1))).max(self.scrape);
        self.with(self.window, Steps { step, rate: (step + self.scrape).max(self.scrape * 4) })
    }

    fn with(&self, window: Window, steps: Steps) -> Context<'a> {
        Context { window, interval: steps.step, rate: steps.rate, dashboard: self.dashboard, user: self.user }
    }
}

/// One query, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// `PromQL`.
    pub expr: String,
    /// Its range; for an instant query its end is the instant.
    pub window: Window,
    /// Between two samples.
    pub step: Duration,
    /// Whether only the end of the range is wanted.
    pub instant: bool,
}

/// The range a panel shows: the dashboard's, or one of its own, maybe in the past.
pub fn window(panel: &Panel, of: Window) -> Window {
    let shift = panel.times.shift.unwrap_or_default();
    let start = panel.times.from.map_or(of.start, |from| of.end.before(from));
    Window { start: start.before(shift), end: of.end.before(shift) }
}

/// What is asked for one target of a panel; `None` for one that is not Prometheus's.
pub fn ask(panel: &Panel, target: &Target, values: &Values, view: &View<'_>) -> Option<Ask> {
    if target.foreign.is_some() {
        return None;
    }
    let values = &values.within(panel);
    let window = window(panel, view.window);
    let room = Room { span: window.span(), points: view.points, scrape: view.scrape };
    let steps = steps(panel, target, room, values, &view.context());
    let expr = substitute(&target.expr, values, &view.with(window, steps));
    Some(Ask { expr, window, step: steps.step, instant: target.instant })
}

/// The panel as it is drawn: every variable put into its titles, legends and names.
pub fn shown(panel: &Panel, values: &Values, view: &View<'_>) -> Panel {
    let (values, cx) = (&values.within(panel), &view.context());
    let fill = |text: &mut String| *text = title(text, values, cx);
    let mut panel = panel.clone();
    fill(&mut panel.title);
    fill(&mut panel.description);
    panel.targets.iter_mut().for_each(|target| fill(&mut target.legend));
    panel.field.display_name.iter_mut().for_each(fill);
    for Override { on, set } in &mut panel.overrides {
        if let super::model::FieldMatcher::Name(name) | super::model::FieldMatcher::Regex(name) = on {
            fill(name);
        }
        for property in set {
            if let Property::DisplayName(name) = property {
                fill(name);
            }
        }
    }
    panel
}
