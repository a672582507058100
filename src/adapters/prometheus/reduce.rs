//! Samples reduced to columns while they come in: no spike is lost, gaps stay gaps, time stays in order.
//!
//! Of each column its first, lowest, highest and last sample are kept (known as M4), which draws the same lines as all of them.

use std::time::Duration;

use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;

/// The columns of a range query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    start: i64,
    span: i64,
    columns: i64,
    step: Duration,
}

impl Grid {
    /// `points` columns over `window`, or one for each step where that is fewer.
    pub fn new(window: Window, step: Duration, points: u16) -> Self {
        let span = (window.end.0 - window.start.0).max(1);
        let steps = (span / (step.as_millis() as i64).max(1)).saturating_add(1);
        let columns = if steps <= 2 * i64::from(points) { steps } else { i64::from(points.max(1)) };
        let width = Duration::from_millis((span / columns) as u64 + 1);
        // With a column for each step none is wider than a step, but for the rounding.
        let step = if columns == steps { step } else { step.max(width) };
        Self { start: window.start.0, span, columns, step }
    }

    /// Neighbours further apart than this have a gap between them.
    pub fn step(&self) -> Duration {
        self.step
    }

    fn column(&self, at: Stamp) -> i64 {
        let offset = at.0.saturating_sub(self.start).clamp(0, self.span);
        let wide = || (i128::from(offset) * i128::from(self.columns) / i128::from(self.span)) as i64;
        offset.checked_mul(self.columns).map_or_else(wide, |product| product / self.span)
    }
}

/// One series on its way in.
#[derive(Debug)]
pub(super) struct Reducer {
    grid: Grid,
    out: Vec<Sample>,
    open: Option<Column>,
}

#[derive(Debug)]
struct Column {
    index: i64,
    first: Sample,
    lowest: Sample,
    highest: Sample,
    last: Sample,
}

impl Reducer {
    pub fn new(grid: Grid) -> Self {
        Self { grid, out: Vec::new(), open: None }
    }

    /// Takes the next sample; one that is not later than the one before is dropped.
    pub fn push(&mut self, sample: Sample) {
        let index = self.grid.column(sample.at);
        match &mut self.open {
            Some(column) if sample.at <= column.last.at => {}
            Some(column) if column.index == index => column.add(sample),
            open => {
                if let Some(closed) = open.replace(Column::new(index, sample)) {
                    closed.keep(&mut self.out);
                }
            }
        }
    }

    /// The samples kept, in the order of time.
    pub fn finish(mut self) -> Vec<Sample> {
        if let Some(closed) = self.open {
            closed.keep(&mut self.out);
        }
        self.out.shrink_to_fit();
        self.out
    }
}

impl Column {
    fn new(index: i64, sample: Sample) -> Self {
        Self { index, first: sample, lowest: sample, highest: sample, last: sample }
    }

    /// NaN is neither low nor high, but it does not hide a number either.
    fn add(&mut self, sample: Sample) {
        if sample.value < self.lowest.value || self.lowest.value.is_nan() {
            self.lowest = sample;
        }
        if sample.value > self.highest.value || self.highest.value.is_nan() {
            self.highest = sample;
        }
        self.last = sample;
    }

    /// Behind what was kept of the columns before, each sample once.
    fn keep(&self, out: &mut Vec<Sample>) {
        let (one, other) =
            if self.lowest.at < self.highest.at { (self.lowest, self.highest) } else { (self.highest, self.lowest) };
        for sample in [self.first, one, other, self.last] {
            if out.last().is_none_or(|last| last.at < sample.at) {
                out.push(sample);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reduced(grid: Grid, samples: &[Sample]) -> Vec<Sample> {
        let mut reducer = Reducer::new(grid);
        for sample in samples {
            reducer.push(*sample);
        }
        reducer.finish()
    }

    const STEP: i64 = 15_000;

    /// Samples on a grid of steps, some missing, some not a number.
    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        let value = prop_oneof![8 => -1e6..1e6, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        prop::collection::vec(prop::option::weighted(0.9, value), 1..600).prop_map(|values| {
            let kept = values.into_iter().enumerate();
            kept.filter_map(|(n, v)| v.map(|value| Sample { at: Stamp(n as i64 * STEP), value })).collect()
        })
    }

    fn grid(points: u16) -> Grid {
        let window = Window { start: Stamp(0), end: Stamp(600 * STEP) };
        Grid::new(window, Duration::from_millis(STEP as u64), points)
    }

    fn extremes(grid: Grid, samples: &[Sample]) -> Vec<(i64, f64, f64)> {
        let mut all: Vec<(i64, f64, f64)> = Vec::new();
        for s in samples.iter().filter(|s| !s.value.is_nan()) {
            let column = grid.column(s.at);
            match all.last_mut() {
                Some((c, low, high)) if *c == column => (*low, *high) = (low.min(s.value), high.max(s.value)),
                _ => all.push((column, s.value, s.value)),
            }
        }
        all
    }

    fn gaps(samples: &[Sample], wider_than: Duration) -> Vec<(Stamp, Stamp)> {
        let pairs = samples.windows(2).map(|pair| (pair[0].at, pair[1].at));
        pairs.filter(|(a, b)| b.since(*a) > wider_than).collect()
    }

    proptest! {
        #[test]
        fn no_spike_is_lost(samples in samples(), points in 1u16..700) {
            let grid = grid(points);
            prop_assert_eq!(extremes(grid, &reduced(grid, &samples)), extremes(grid, &samples));
        }

        #[test]
        fn gaps_stay_and_none_appear(samples in samples(), points in 1u16..700) {
            let grid = grid(points);
            prop_assert_eq!(gaps(&reduced(grid, &samples), grid.step()), gaps(&samples, grid.step()));
        }

        #[test]
        fn what_is_kept_was_there_in_order_and_fits(samples in samples(), points in 1u16..700) {
            let kept = reduced(grid(points), &samples);
            prop_assert!(kept.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(kept.iter().all(|s| samples.contains(s)));
            prop_assert!(kept.len() <= 4 * (usize::from(points) + 1));
            prop_assert_eq!(kept.first(), samples.first());
            prop_assert_eq!(kept.last(), samples.last());
        }

        #[test]
        fn stamps_from_anywhere_in_any_order_stay_bounded(stamps in prop::collection::vec(any::<i64>(), 0..2_000)) {
            let samples: Vec<_> = stamps.into_iter().map(|at| Sample { at: Stamp(at), value: 1.0 }).collect();
            let kept = reduced(grid(10), &samples);
            prop_assert!(kept.len() <= 44 && kept.windows(2).all(|pair| pair[0].at < pair[1].at));
        }
    }

    #[test]
    fn what_fits_is_not_reduced() {
        let all: Vec<_> = (0..=600).map(|n| Sample { at: Stamp(n * STEP), value: n as f64 }).collect();
        let grid = grid(301);
        assert_eq!(reduced(grid, &all), all);
        assert_eq!(grid.step(), Duration::from_millis(STEP as u64));
    }
}
