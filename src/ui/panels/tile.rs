//! Series as single values: what stats, gauges and bars are made of, and how many of them share a panel.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::grafana::model::{FieldOptions, Reduce};
use crate::ui::panels::Input;
use crate::ui::panels::field::{Field, fields};
use crate::ui::panels::number::{Shown, show};
use crate::ui::panels::pattern::Pattern;
use crate::ui::panels::reduce::reduce;

/// More values than this are counted, not drawn.
const MOST: usize = 100;
/// How old a lone sample may be before its age is shown.
const FRESH: Duration = Duration::from_secs(120);

/// One value.
#[derive(Clone, Debug)]
pub struct Tile<'a> {
    /// What it is called; clean.
    pub name: String,
    /// The number; absent where there was none to make it of.
    pub value: Option<f64>,
    /// As it is written.
    pub shown: Shown,
    /// The samples it was made of.
    pub samples: &'a [Sample],
    /// Its options.
    pub options: Cow<'a, FieldOptions>,
    /// How old its newest sample is, where that is older than it should be.
    pub age: Option<Duration>,
}

/// The values of a panel.
pub fn tiles<'a>(input: &Input<'a>, how: &Reduce) -> Vec<Tile<'a>> {
    let wanted = (!how.fields.is_empty()).then(|| Pattern::new(&how.fields));
    let all = fields(input, MOST).shown.into_iter();
    let some = all.filter(|f| wanted.as_ref().is_none_or(|w| f.name == how.fields || w.is_match(&f.name)));
    let tile = |field: Field<'a>, samples: &'a [Sample]| {
        let value = reduce(how.calc, samples);
        let age = age(&field, samples, input.window);
        Tile { shown: show(&field.options, value, input.look), name: field.name, value, samples, options: field.options, age }
    };
    if how.all_values {
        return some.flat_map(|f| f.samples.chunks(1).map(move |one| (f.clone(), one))).map(|(f, one)| tile(f, one)).collect();
    }
    let whole = |field: Field<'a>| {
        let samples = field.samples;
        tile(field, samples)
    };
    some.map(whole).collect()
}

/// A series that ended is older than its last answer.
fn age(field: &Field, samples: &[Sample], window: Window) -> Option<Duration> {
    let last = samples.last()?.at;
    let newest = field.sampled_at.map_or(last, |at| at.min(last));
    let step = field.step.or_else(|| step(samples)).map_or(FRESH, |s| (s * 5) / 2);
    let age = window.end.since(newest);
    (age > step.max(Duration::from_secs(1))).then_some(age)
}

fn step(samples: &[Sample]) -> Option<Duration> {
    let [.., before, last] = samples else { return None };
    Some(last.at.since(before.at))
}

/// Areas for `count` tiles, all of one size, and how many of them there is room for.
pub fn grid(area: Rect, count: usize, least: (u16, u16)) -> Vec<Rect> {
    if area.is_empty() || count == 0 {
        return Vec::new();
    }
    let most = usize::from((area.width / least.0).max(1));
    let shape = |columns: usize| {
        let rows = count.div_ceil(columns).min(usize::from((area.height / least.1).max(1)));
        (columns.min(count), rows, area.width / columns as u16, area.height / rows as u16)
    };
    let fitness = |&(columns, rows, width, height): &(usize, usize, u16, u16)| {
        // What fits comes first, then tiles about four times as wide as high in cells.
        ((columns * rows).min(count), width.min(height.saturating_mul(4)), height)
    };
    let Some((columns, rows, width, height)) = (1..=most.min(count)).map(shape).max_by_key(fitness) else { return Vec::new() };
    let place = |n: usize| Rect {
        x: area.x + (n % columns) as u16 * width,
        y: area.y + (n / columns) as u16 * height,
        width: if columns > 1 { width.saturating_sub(if width > 16 { 2 } else { 1 }).max(1) } else { width },
        height,
    };
    (0..count.min(columns * rows)).map(place).collect()
}

/// The greatest sample of each of `columns` parts of a window; absent where there is none.
pub fn columns(samples: &[Sample], window: Window, columns: u16) -> Vec<Option<f64>> {
    let mut out: Vec<Option<f64>> = vec![None; usize::from(columns)];
    let span = window.end.0.saturating_sub(window.start.0);
    if span <= 0 || columns == 0 {
        return out;
    }
    let inside = |at: Stamp| at >= window.start && at <= window.end;
    for sample in samples.iter().filter(|s| s.value.is_finite() && inside(s.at)) {
        let share = (sample.at.0 - window.start.0) as f64 / span as f64;
        if let Some(slot) = out.get_mut((share * f64::from(columns - 1)).round() as usize) {
            *slot = Some(slot.map_or(sample.value, |v| v.max(sample.value)));
        }
    }
    bridged(out, samples, span)
}

/// Where samples are rarer than columns, each holds until the next is due.
fn bridged(mut out: Vec<Option<f64>>, samples: &[Sample], span: i64) -> Vec<Option<f64>> {
    let Some(step) = samples.len().checked_sub(1).filter(|n| *n > 0).map(|n| span as f64 / n as f64) else { return out };
    let reach = (step / span as f64 * out.len() as f64 * 1.5).ceil() as usize;
    let mut held: Option<(usize, f64)> = None;
    for (n, slot) in out.iter_mut().enumerate() {
        match (*slot, held) {
            (Some(v), _) => held = Some((n, v)),
            (None, Some((from, v))) if n - from < reach => *slot = Some(v),
            (None, _) => {}
        }
    }
    out
}
