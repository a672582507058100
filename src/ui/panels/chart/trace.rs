//! Samples to columns of dots: the least and the greatest of each, so that no spike is lost, and the gaps between them.

use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::ui::panels::chart::Line;

/// A step this many times the usual one is a gap.
const GAP: f64 = 1.5;

/// What a line is in one column of dots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The column.
    pub x: i32,
    /// The first value in it.
    pub first: f64,
    /// The last value in it.
    pub last: f64,
    /// The least value in it.
    pub low: f64,
    /// The greatest value in it.
    pub high: f64,
    /// Where the last value stands.
    pub base: f64,
    /// Whether the line comes from the bin before without a gap.
    pub joined: bool,
}

/// The columns a line touches, in the order of time. Values that are no numbers make gaps.
pub fn trace(line: &Line, window: Window, columns: i32) -> Vec<Bin> {
    let span = window.end.0.saturating_sub(window.start.0) as f64;
    if span <= 0.0 || columns <= 0 {
        return Vec::new();
    }
    let reach = gap(line);
    let mut bins: Vec<Bin> = Vec::with_capacity(line.drawn.len().min(columns as usize));
    let mut before: Option<&Sample> = None;
    for (n, sample) in line.drawn.iter().enumerate() {
        if !sample.value.is_finite() {
            before = before.filter(|_| line.options.line.join_gaps);
            continue;
        }
        if sample.at < window.start || sample.at > window.end {
            continue;
        }
        let joined = before.is_some_and(|b| ((sample.at.0 - b.at.0) as f64) <= reach);
        before = Some(sample);
        let x = ((sample.at.0 - window.start.0) as f64 / span * f64::from(columns - 1)).round() as i32;
        let base = line.bases.get(n).copied().unwrap_or(0.0);
        let v = sample.value;
        match bins.last_mut().filter(|b| b.x == x) {
            Some(bin) => *bin = Bin { last: v, low: bin.low.min(v), high: bin.high.max(v), base, ..*bin },
            None => bins.push(Bin { x, first: v, last: v, low: v, high: v, base, joined }),
        }
    }
    bins
}

/// The longest step that is not a gap, in milliseconds.
fn gap(line: &Line) -> f64 {
    if line.options.line.join_gaps {
        return f64::INFINITY;
    }
    let usual = line.step.map(|s| s.as_millis() as f64).or_else(|| usual_step(&line.drawn));
    usual.map_or(f64::INFINITY, |step| step * GAP)
}

/// The median step; absent where there are too few samples to have one.
fn usual_step(samples: &[Sample]) -> Option<f64> {
    let mut steps: Vec<i64> = samples.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).filter(|s| *s > 0).collect();
    if steps.len() < 2 {
        return None;
    }
    let middle = (steps.len() - 1) / 2;
    Some(*steps.select_nth_unstable(middle).1 as f64)
}

/// How many columns one sample of a line has for itself.
pub fn stride(line: &Line, window: Window, columns: i32) -> i32 {
    let step = line.step.map(|s| s.as_millis() as f64).or_else(|| usual_step(&line.drawn));
    let span = window.end.0.saturating_sub(window.start.0).max(1) as f64;
    step.map_or(2, |s| (s / span * f64::from(columns - 1)).floor() as i32).clamp(1, columns.max(1))
}

/// The least and greatest finite values of lines inside the window, their feet included.
pub fn bounds<'a>(lines: impl Iterator<Item = &'a Line<'a>>, window: Window, log: bool) -> (f64, f64) {
    let mut bounds = (f64::INFINITY, f64::NEG_INFINITY);
    for line in lines {
        let inside = line.drawn.iter().enumerate().filter(|(_, s)| s.at >= window.start && s.at <= window.end);
        for (n, sample) in inside {
            let foot = line.bases.get(n).copied().unwrap_or(sample.value);
            for v in [sample.value, foot].into_iter().filter(|v| v.is_finite() && (!log || *v > 0.0)) {
                bounds = (bounds.0.min(v), bounds.1.max(v));
            }
        }
    }
    bounds
}

/// The last sample at or before an instant, unless it lies further back than a gap.
pub fn value_at(line: &Line, at: crate::domain::time::Stamp) -> Option<f64> {
    let end = line.measured.partition_point(|s| s.at <= at);
    let sample = line.measured.get(end.checked_sub(1)?)?;
    ((at.0 - sample.at.0) as f64 <= gap(line)).then_some(sample.value)
}
