//! From a panel to what is asked of Prometheus: ranges of its own, steps, and queries with every variable put in.

use std::time::Duration;

use super::model::{FieldMatcher, Override, Panel, PanelKind, Property, Target};
use super::step::{Room, Steps, steps};
use super::variables::{Context, Values, substitute, title};
use crate::domain::range::Window;
use crate::domain::time::Stamp;

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
    // One sample at the start of a short range would be no answer: there is one at its end, too.
    let step = steps.step.min(window.span()).max(Duration::from_millis(1));
    let window = if target.instant { window } else { on_grid(window, step, panel.kind.is_over_time()) };
    Some(Ask { expr, window, step, instant: target.instant })
}

/// The range moved so that its samples are the wanted ones. A graph's stand at multiples of the step, or else peaks would come
/// and go with every poll; other panels show one value and want it from now, so theirs are counted back from the end.
fn on_grid(window: Window, step: Duration, graph: bool) -> Window {
    let step = step.as_millis() as i64;
    let down = |at: Stamp| Stamp(at.0 - at.0.rem_euclid(step));
    if graph {
        return Window { start: down(window.start), end: down(window.end) };
    }
    let over = (window.end.0.saturating_sub(window.start.0)).rem_euclid(step);
    Window { start: Stamp(window.start.0 + over), end: window.end }
}

/// The panel as it is drawn: every variable put into its titles, legends and names.
pub fn shown(panel: &Panel, values: &Values, view: &View<'_>) -> Panel {
    let (values, cx) = (&values.within(panel), &view.context());
    let fill = |text: &mut String| *text = title(text, values, cx);
    let mut panel = panel.clone();
    fill(&mut panel.title);
    fill(&mut panel.description);
    if let PanelKind::Text(words) = &mut panel.kind {
        fill(words);
    }
    panel.targets.iter_mut().for_each(|target| fill(&mut target.legend));
    panel.field.display_name.iter_mut().for_each(fill);
    for Override { on, set } in &mut panel.overrides {
        if let FieldMatcher::Name(name) | FieldMatcher::Regex(name) = on {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::grafana::read;

    const VIEW: View<'static> = View {
        window: Window { start: Stamp(7_000), end: Stamp(3_607_000) },
        points: 100,
        scrape: Duration::from_secs(15),
        dashboard: "Shop",
        user: "ada",
    };

    fn panel(fields: &str) -> Panel {
        read(&format!(r#"{{"panels": [{{{fields}}}]}}"#)).unwrap().panels.remove(0)
    }

    fn asked(fields: &str) -> (Ask, Window) {
        let panel = panel(fields);
        (ask(&panel, &panel.targets[0], &Values::default(), &VIEW).unwrap(), window(&panel, VIEW.window))
    }

    #[test]
    fn graphs_are_sampled_at_multiples_of_their_step_and_values_now() {
        let (graph, _) = asked(r#""type": "timeseries", "targets": [{"expr": "rate(x[$__rate_interval])"}]"#);
        let grid = Window { start: Stamp(0), end: Stamp(3_600_000) };
        assert_eq!((graph.step.as_secs(), graph.window, graph.expr.as_str()), (30, grid, "rate(x[1m])"));
        let (stat, _) = asked(r#""type": "stat", "interval": "7m", "targets": [{"expr": "x"}]"#);
        assert_eq!((stat.step.as_secs(), stat.window.end), (420, VIEW.window.end));
        assert!(stat.window.span().as_secs().is_multiple_of(420));
    }

    #[test]
    fn a_range_of_its_own_ends_where_it_is_shifted_to() {
        let (ask, window) = asked(r#""type": "stat", "timeFrom": "10s", "timeShift": "1m", "targets": [{"expr": "x"}]"#);
        assert_eq!(window, Window { start: Stamp(3_537_000), end: Stamp(3_547_000) });
        assert_eq!((ask.window, ask.step.as_secs()), (window, 10));
    }

    #[test]
    fn other_sources_are_not_asked() {
        let panel = panel(r#""type": "stat", "datasource": {"type": "loki"}, "targets": [{"expr": "x"}]"#);
        assert_eq!(ask(&panel, &panel.targets[0], &Values::default(), &VIEW), None);
    }

    #[test]
    fn what_is_drawn_has_its_variables_and_keeps_the_names_of_series() {
        let json = r#"{"templating": {"list": [{"name": "db", "type": "custom", "query": "a,b"}]}, "panels": [
            {"type": "stat", "title": "$db of $__dashboard", "targets": [{"expr": "x", "legendFormat": "[[db]] {{x}}"}],
             "fieldConfig": {"defaults": {"displayName": "${__field.labels.x} $db"}, "overrides": [
                {"matcher": {"id": "byName", "options": "$db"}, "properties": [{"id": "displayName", "value": "the $db"}]}]}}]}"#;
        let dashboard = read(json).unwrap();
        let mut values = Values::open(&dashboard);
        values.choose("db", "b");
        let told = shown(&dashboard.panels[0], &values, &VIEW);
        assert_eq!((told.title.as_str(), told.targets[0].legend.as_str()), ("b of Shop", "b {{x}}"));
        assert_eq!(told.field.display_name.as_deref(), Some("${__field.labels.x} b"));
        let want = Override { on: FieldMatcher::Name("b".into()), set: vec![Property::DisplayName("the b".into())] };
        assert_eq!(told.overrides, [want]);
        assert_eq!(told.targets[0].expr, "x");
    }
}
