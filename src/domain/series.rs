//! Series of samples, and what a query answers.

use std::time::Duration;

use crate::domain::labels::Labels;
use crate::domain::time::Stamp;

/// One value at one instant. Compared by bits, so that NaN equals itself and messages can be compared.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When Prometheus says the value held.
    pub at: Stamp,
    /// May be NaN or infinite.
    pub value: f64,
}

impl PartialEq for Sample {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && self.value.to_bits() == other.value.to_bits()
    }
}

/// One labelled line of samples in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What names it.
    pub labels: Labels,
    /// In the order of time; neighbours further apart than [`Answer::step`] have a gap between them.
    pub samples: Vec<Sample>,
}

impl Series {
    /// The newest sample.
    pub fn last(&self) -> Option<Sample> {
        self.samples.last().copied()
    }
}

/// The answer to a query: a matrix (many samples a series) or a vector or scalar (one sample a series).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Every series, in the server's order.
    pub series: Vec<Series>,
    /// What the server warned of: the answer may be partial.
    pub warnings: Vec<String>,
    /// What the server remarked.
    pub infos: Vec<String>,
    /// For a range query: neighbouring samples further apart than this have a gap between them. The step that was asked for, or
    /// the width of a column where samples were reduced.
    pub step: Option<Duration>,
    /// For an instant query: the time of the oldest of the samples it was computed from, where that could be told.
    /// The samples' own stamps say *now* whatever their age.
    pub sampled_at: Option<Stamp>,
}

impl Answer {
    /// The newest sample's time over all series.
    pub fn newest(&self) -> Option<Stamp> {
        self.series.iter().filter_map(Series::last).map(|s| s.at).max()
    }
}
