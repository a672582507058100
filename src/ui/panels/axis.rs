//! Scales: from values to heights and from instants to columns, with few and round marks. Pure numbers.

use jiff::Timestamp;

use crate::domain::range::Window;
use crate::domain::time::Stamp;
use crate::domain::unit::{Formatted, Unit};
use crate::ui::panels::number::written;

/// What an axis is asked to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// How its values are written.
    pub unit: Option<Unit>,
    /// Digits after the point.
    pub decimals: Option<u8>,
    /// A least value that does not give way.
    pub min: Option<f64>,
    /// A greatest value that does not give way.
    pub max: Option<f64>,
    /// Base of a logarithm.
    pub log: Option<f64>,
    /// Whether zero must be on it: bars and areas stand on zero.
    pub zero: bool,
}

/// Greater numbers leave no room to reckon with.
const MOST: f64 = 1e300;

/// A value axis over its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// At the bottom.
    pub low: f64,
    /// At the top; more than `low`.
    pub high: f64,
    /// Whether heights go by logarithm.
    pub log: bool,
    /// Values to mark, ascending, with their labels.
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// Over data from `low` to `high` (not finite when there is none) with room for `room` labels.
    pub fn new(axis: &Axis, low: f64, high: f64, room: usize) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() && low <= high { (low, high) } else { (0.0, 1.0) };
        if let Some(base) = axis.log.filter(|b| *b > 1.0) {
            return Self::logarithmic(axis, base, low, high, room);
        }
        let (low, high) = widened(axis, low.clamp(-MOST, MOST), high.clamp(-MOST, MOST));
        let (low, high, marks) = rounded(axis, low, high, room.max(1));
        Self { low, high, log: false, ticks: labelled(axis, marks) }
    }

    fn logarithmic(axis: &Axis, base: f64, low: f64, high: f64, room: usize) -> Self {
        let high = axis.max.filter(|m| *m > 0.0).unwrap_or(if high > 0.0 { high } else { 1.0 });
        let low = axis.min.filter(|m| *m > 0.0 && *m < high).unwrap_or(if low > 0.0 { low } else { high / base.powi(3) });
        let (from, to) = ((low.log(base) + 1e-9).floor(), (high.log(base) - 1e-9).ceil());
        let to = if to > from { to } else { from + 1.0 };
        let stride = ((to - from) / (room.max(2) - 1) as f64).ceil().max(1.0);
        let mut marks = Vec::new();
        let mut power = from;
        while power <= to && marks.len() < room.max(2) {
            marks.push(base.powf(power));
            power += stride;
        }
        Self { low: base.powf(from), high: base.powf(to), log: true, ticks: labelled(axis, marks) }
    }

    /// Without a unit of several letters that all labels share.
    pub fn without_common_unit(mut self) -> Self {
        let unit = |label: &str| label.rsplit_once(' ').map(|(_, unit)| unit.to_owned());
        let first = self.ticks.first().and_then(|(_, label)| unit(label)).filter(|u| u.chars().count() > 3);
        if let Some(shared) = first.filter(|u| self.ticks.iter().all(|(_, label)| unit(label).as_ref() == Some(u))) {
            for (_, label) in &mut self.ticks {
                label.truncate(label.len() - shared.len() - 1);
            }
        }
        self
    }

    /// How high a value stands, 0 at the bottom and 1 at the top; absent where it cannot stand at all.
    pub fn height(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        let height = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        height.is_finite().then_some(height)
    }
}

/// Bounds with room: never of no height, zero in view where it is near.
fn widened(axis: &Axis, low: f64, high: f64) -> (f64, f64) {
    let near_zero = axis.zero || (low > 0.0 && low <= 2.0 * (high - low)) || (high < 0.0 && -high <= 2.0 * (high - low));
    let (mut low, mut high) = if near_zero { (low.min(0.0), high.max(0.0)) } else { (low, high) };
    if (high - low) <= high.abs().max(low.abs()) * 1e-9 {
        (low, high) = match high {
            0.0 => (0.0, 1.0),
            v if v > 0.0 => (0.0, v * 1.2),
            v => (v * 1.2, 0.0),
        };
    }
    let low = axis.min.filter(|m| m.abs() < MOST).unwrap_or(low);
    let high = axis.max.filter(|m| m.abs() < MOST).unwrap_or(high);
    if high > low { (low, high) } else { (low, low + low.abs().max(1.0)) }
}

/// Bounds moved out to round marks, and the marks: the least waste among the steps that fit.
fn rounded(axis: &Axis, low: f64, high: f64, room: usize) -> (f64, f64, Vec<f64>) {
    let span = high - low;
    let mut best: Option<(f64, f64, f64, f64)> = None;
    for step in steps(axis.unit.as_ref(), span / room as f64) {
        let bottom = if axis.min.is_some() { low } else { (low / step + 1e-6).floor() * step };
        let top = if axis.max.is_some() { high } else { (high / step - 1e-6).ceil() * step };
        let (first, last) = ((bottom / step - 1e-6).ceil(), (top / step + 1e-6).floor());
        let count = ((last - first).max(0.0) as usize).saturating_add(1);
        if count > room.max(2) {
            continue;
        }
        let few = if count < 2 { 1.0 } else { 0.6 / count as f64 };
        // Given bounds don't move to the marks: then marks that reach them are better.
        let unmarked = ((top - last * step) + (first * step - bottom)) / span;
        let waste = (top - bottom - span) / span + few + unmarked;
        if best.is_none_or(|b| waste < b.0) {
            best = Some((waste, bottom, top, step));
        }
    }
    let Some((_, bottom, top, step)) = best else { return (low, high, vec![low, high]) };
    let (first, last) = ((bottom / step - 1e-6).ceil() as i64, (top / step + 1e-6).floor() as i64);
    let marks = (first..=last).take(room.max(2)).map(|n| n as f64 * step).collect();
    (bottom, top, marks)
}

/// Round steps from `least` up: powers of two for bytes, clock steps for seconds, decimal ones else.
fn steps(unit: Option<&Unit>, least: f64) -> Vec<f64> {
    const DECIMAL: [f64; 9] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
    const CLOCK: [f64; 18] = [
        60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0, 10_800.0, 14_400.0, 21_600.0, 28_800.0,
        43_200.0, 86_400.0, 172_800.0, 345_600.0,
    ];
    let id = unit.map_or("", |u| u.0.as_str());
    if matches!(id, "bytes" | "kbytes" | "mbytes" | "gbytes" | "bits" | "binBps" | "binbps") && least > 0.5 {
        let from = least.log2().floor() as i32;
        return (from..from + 7).flat_map(|p| [2f64.powi(p), 1.5 * 2f64.powi(p)]).collect();
    }
    if matches!(id, "s" | "dtdurations" | "clocks") && least > 20.0 && least < 150_000.0 {
        return CLOCK.into_iter().filter(|s| *s >= least * 0.9).collect();
    }
    let from = least.log10().floor() as i32;
    (from..from + 3).flat_map(|p| DECIMAL.map(|m| m * 10f64.powi(p))).filter(|s| *s >= least * 0.9).collect()
}

/// Marks with labels, each of as few digits as tell it exactly.
fn labelled(axis: &Axis, marks: Vec<f64>) -> Vec<(f64, String)> {
    let unit = axis.unit.as_ref();
    let label = |mark: f64| {
        let exact = |d: &u8| {
            let (rough, fine) = (number(&written(unit, mark, Some(*d))), number(&written(unit, mark, Some(*d + 2))));
            (rough - fine).abs() <= fine.abs() * 1e-3
        };
        written(unit, mark, axis.decimals.or_else(|| (0..3).find(exact)).or(Some(3))).to_string()
    };
    marks.into_iter().map(|m| (m, label(m))).collect()
}

fn number(written: &Formatted) -> f64 {
    written.text.parse().unwrap_or(0.0)
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Steps of a time axis.
const TIMES: [i64; 23] = [
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    364 * DAY,
];

/// Round instants of a window with their UTC labels, for an axis `columns` wide.
pub fn instants(window: Window, columns: u16) -> Vec<(Stamp, String)> {
    let span = window.end.0.saturating_sub(window.start.0);
    if span <= 0 || columns == 0 {
        return Vec::new();
    }
    let fits = |step: &&i64| {
        let label = if **step < MINUTE { 8 } else { 6 };
        span / **step <= i64::from(columns) / (label + 4)
    };
    let step = *TIMES.iter().find(fits).unwrap_or(&TIMES[TIMES.len() - 1]);
    let first = window.start.0.div_euclid(step) * step;
    (0..=i64::from(columns))
        .map(|n| first.saturating_add(n * step))
        .skip_while(|t| *t < window.start.0)
        .take_while(|t| *t <= window.end.0)
        .map(|t| (Stamp(t), time_label(t, step)))
        .collect()
}

fn time_label(at: i64, step: i64) -> String {
    let format = match step {
        _ if at % DAY == 0 && step >= HOUR => "%b %d",
        DAY.. => "%b %d",
        MINUTE.. => "%H:%M",
        _ => "%H:%M:%S",
    };
    Timestamp::from_millisecond(at).map_or_else(|_| "?".into(), |t| t.strftime(format).to_string())
}

#[cfg(test)]
mod tests;
