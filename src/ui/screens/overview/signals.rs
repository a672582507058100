//! The golden signals: name, value, sparkline, and whether that is well.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::model::Shared;
use crate::app::screens::overview::{SIGNAL_COLUMNS, signal_source};
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::series::Answer;
use crate::domain::signal::Signal;
use crate::domain::unit::Unit;
use crate::ui::panels;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::theme::Role;

/// Longer names are not waited for by the others.
const LONGEST_NAME: usize = 18;
/// What the bounds of a signal take, as a rule.
const BOUNDS: u16 = 22;

/// Draws them under their heading.
pub fn draw(shared: &Shared, area: Rect, pen: &mut Pen<'_>) {
    let signals = &shared.environment().signals;
    if signals.is_empty() || area.height == 0 {
        return;
    }
    pen.heading(area, 0, "Signals, last 15m", false);
    let name_width = signals.iter().map(|signal| Clean::new(&signal.name).width().min(LONGEST_NAME)).max().unwrap_or(0);
    for (n, signal) in signals.iter().enumerate() {
        row(shared, signal, name_width, area, n as u16 + 1, pen);
    }
}

fn row(shared: &Shared, signal: &Signal, name_width: usize, area: Rect, row: u16, pen: &mut Pen<'_>) {
    let source = signal_source(signal);
    let freshness = shared.freshness(&source);
    let answer = shared.store.answer(&source);
    let last = answer.and_then(last);
    let (role, sign) = judge(signal, last, &freshness);
    let name = pen.look.fit(Clean::new(&signal.name).as_str(), name_width).into_owned();
    let pad = name_width.saturating_sub(name.width());
    let written = last.map_or_else(|| "–".to_owned(), |v| written(signal, v));
    let mut words: Vec<Words> = vec![(role, format!(" {} ", pen.look.pick(sign.0, sign.1)))];
    words.push((Role::Text, format!("{name}{:pad$}", "")));
    words.push((role, format!(" {written:>10}  ")));
    let cells = area.width.saturating_sub(18 + BOUNDS + name_width as u16).clamp(8, SIGNAL_COLUMNS);
    let values: Vec<f64> = answer.and_then(|a| a.series.first()).iter().flat_map(|s| &s.samples).map(|s| s.value).collect();
    words.extend(spark(signal, &values, usize::from(cells), &freshness, pen));
    // Why it is old matters more than where its bounds are.
    words.extend(staleness(&freshness).map(|(role, text)| (role, format!("  {text}"))));
    words.push((Role::Dim, format!("  {}", bounds(signal))));
    pen.line(area, row, &words);
}

/// The line of the last values, each part as well or as bad as it was.
fn spark(signal: &Signal, values: &[f64], cells: usize, freshness: &Freshness, pen: &Pen<'_>) -> Vec<Words> {
    let drawn = panels::chart::sparkline(values, cells, pen.look);
    let mut words: Vec<Words> = Vec::new();
    for (cell, peak) in drawn.chars().zip(panels::chart::peaks(values, cells)) {
        let (role, _) = judge(signal, peak, freshness);
        match words.last_mut().filter(|(last, _)| *last == role) {
            Some((_, text)) => text.push(cell),
            None => words.push((role, cell.to_string())),
        }
    }
    words
}

fn last(answer: &Answer) -> Option<f64> {
    answer.series.first()?.last().map(|s| s.value)
}

fn written(signal: &Signal, value: f64) -> String {
    let written = |unit: &Unit| Clean::new(&unit.format(value, None).to_string()).into_string();
    signal.unit.as_ref().map_or_else(|| format!("{value:.2}"), written)
}

fn bounds(signal: &Signal) -> String {
    let bound = |word: &str, value: Option<f64>| value.map(|v| format!("{word} {}", written(signal, v)));
    [bound("warn", signal.warning), bound("crit", signal.critical)].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// Rule 2: what is unknown, stale or no number is never well.
fn judge(signal: &Signal, value: Option<f64>, freshness: &Freshness) -> (Role, (&'static str, &'static str)) {
    let Some(value) = value.filter(|v| !v.is_nan() && freshness.is_fresh()) else { return (Role::Unknown, ("?", "?")) };
    let falling = matches!((signal.warning, signal.critical), (Some(w), Some(c)) if c < w);
    let beyond = |bound: Option<f64>| bound.is_some_and(|b| if falling { value <= b } else { value >= b });
    if beyond(signal.critical) {
        (Role::Critical, ("✖", "X"))
    } else if beyond(signal.warning) {
        (Role::Warning, ("▲", "!"))
    } else {
        (Role::Good, ("✔", "+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_02_unknown_is_never_well() {
        let signal = Signal { name: "x".into(), query: "x".into(), unit: None, warning: Some(1.0), critical: Some(2.0) };
        let role = |value, freshness: &Freshness| judge(&signal, value, freshness).0;
        assert_eq!(role(Some(0.5), &Freshness::Fresh), Role::Good);
        assert_eq!(role(Some(2.0), &Freshness::Fresh), Role::Critical);
        assert_eq!(role(Some(f64::NAN), &Freshness::Fresh), Role::Unknown);
        assert_eq!(role(None, &Freshness::Fresh), Role::Unknown);
        assert_eq!(role(Some(0.5), &Freshness::Waiting), Role::Unknown);
        let low = Signal { warning: Some(3.0), critical: Some(1.0), ..signal };
        assert_eq!(judge(&low, Some(0.0), &Freshness::Fresh).0, Role::Critical);
    }
}
