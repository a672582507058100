//! What a panel's targets ask, as needs: relative to the clock, so that a need is the same from one poll to the next.

use crate::app::need::{RangeQuery, Source};
use crate::domain::range::TimeRange;
use crate::grafana::model::{Panel, PanelKind, Target};
use crate::grafana::variables::Values;
use crate::grafana::{self, Ask, View};

/// Dots of a braille cell, side by side.
const DOTS: u16 = 2;

/// What one target asks on a panel so many columns wide; none for what Prometheus cannot be asked.
///
/// Single values are asked for as a range too: the newest sample then has its own time, and a target that went dark leaves its
/// last value with an age instead of nothing. Only tables are asked for now alone, as they say.
pub fn source(
    panel: &Panel,
    target: &Target,
    range: TimeRange,
    columns: u16,
    values: &Values,
    view: &View<'_>,
) -> Option<Source> {
    if target.expr.trim().is_empty() || matches!(panel.kind, PanelKind::Text(_) | PanelKind::Other(_)) {
        return None;
    }
    let Ask { expr, step, instant, .. } = grafana::ask(panel, target, values, view)?;
    if instant && matches!(panel.kind, PanelKind::Table(_)) {
        return Some(Source::Instant(expr));
    }
    let shift = panel.times.shift.unwrap_or_default();
    let aligned = panel.kind.is_over_time();
    Some(Source::Range(RangeQuery { expr, range, shift, step, aligned, columns: columns.saturating_mul(DOTS).max(1) }))
}
