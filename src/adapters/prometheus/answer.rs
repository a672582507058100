//! Decodes the answer to a query while it comes in, and keeps only what can be shown.
//!
//! Matrix, vector, scalar and string are told apart by their shape, not by `resultType`. However large the answer, what is kept
//! is bounded: in series, in samples, in text.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use serde::Deserializer;

use super::reduce::Grid;
use super::reports::Envelope;
use crate::adapters::http::{self, Decode};
use crate::domain::labels::Labels;
use crate::domain::series::{Answer, Sample, Series};
use crate::domain::time::Stamp;

/// The most series kept of one answer: no panel shows more.
const MOST_SERIES: usize = 2_000;
/// The most samples kept of one answer, 16 bytes each.
const MOST_SAMPLES: usize = 1_000_000;
/// The most label text kept of one answer, bytes.
const MOST_TEXT: usize = 4 << 20;
/// The most warnings and infos kept of one answer.
const MOST_REMARKS: usize = 20;

mod scan;
mod visitors;

use visitors::EnvelopeVisitor;

/// Decodes `/query` and `/query_range`.
pub(super) struct AnswerDecode {
    grid: Option<Grid>,
}

impl AnswerDecode {
    /// For a range query with its columns, or for an instant query.
    pub fn new(grid: Option<Grid>) -> Self {
        Self { grid }
    }
}

impl Decode for AnswerDecode {
    type Out = Envelope<Answer>;
    const LARGEST: usize = http::LARGEST;
    const KEPT: usize = MOST_SAMPLES * size_of::<Sample>() + 2 * MOST_TEXT;

    fn decode<'de, D: Deserializer<'de>>(self, from: D) -> Result<Self::Out, D::Error> {
        from.deserialize_map(EnvelopeVisitor(Gather { grid: self.grid, ..Gather::default() }))
    }

    fn stream(self, from: impl Read) -> serde_json::Result<Self::Out> {
        let mut gather = Gather { grid: self.grid, ..Gather::default() };
        let rest = scan::series(&mut gather, from);
        http::json(rest, |from| from.deserialize_map(EnvelopeVisitor(gather)))
    }
}

/// What has been kept so far.
#[derive(Default)]
struct Gather {
    grid: Option<Grid>,
    answer: Answer,
    /// Series seen, kept or not.
    seen: usize,
    samples: usize,
    text: usize,
    histograms: usize,
    /// Whether the server says that some of its storage did not answer.
    partial: bool,
    /// Names and values already kept: most of them come again in every series.
    words: HashSet<Arc<str>>,
}

impl Gather {
    fn is_full(&self) -> bool {
        self.answer.series.len() >= MOST_SERIES || self.samples >= MOST_SAMPLES || self.text >= MOST_TEXT
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return known.clone();
        }
        self.text += text.len();
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }

    fn keep(&mut self, labels: Labels, samples: Vec<Sample>) {
        self.samples += samples.len();
        self.answer.series.push(Series { labels, samples });
    }

    fn finish(mut self) -> Answer {
        let shown = self.answer.series.len();
        if shown < self.seen {
            self.answer.warnings.push(format!("showing {shown} of {} series", self.seen));
        }
        if self.partial {
            self.answer.warnings.push("the answer is partial: some of its storage did not answer".to_owned());
        }
        if self.histograms > 0 {
            self.answer.infos.push(format!("{} native histograms are not shown", self.histograms));
        }
        self.answer.step = self.grid.map(|grid| grid.step());
        self.answer
    }

    /// A scalar or, where it is no number, a string.
    fn scalar(&mut self, at: Option<Stamp>, text: &str) {
        match (at, text.parse()) {
            (Some(at), Ok(value)) => {
                self.seen += 1;
                self.keep(Labels::default(), vec![Sample { at, value }]);
            }
            _ => self.answer.infos.push(format!("the answer is a string: {text}")),
        }
    }
}

#[cfg(test)]
mod tests;
