//! `timeseries` and `graph`: lines over time.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::domain::unit::Unit;
use crate::grafana::model::{DrawStyle, FieldOptions, PanelKind, Stack};
use crate::ui::panels::Input;
use crate::ui::panels::axis::Axis;
use crate::ui::panels::chart::{self, Chart, Limit, Line};
use crate::ui::panels::field::{Field, Fields, colours, fields};
use crate::ui::panels::number::show;
use crate::ui::theme::Look;

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    chart::draw(&shape(input), input.look, area, buf);
}

/// What the panel shows, in numbers.
pub fn shape<'a>(input: &Input<'a>) -> Chart<'a> {
    let Fields { shown, of } = fields(input, chart::MOST);
    let colours = colours(&shown, input.look);
    let base = &input.panel.field;
    let left = axis(base, shown.iter().find(|f| !f.options.line.right_axis));
    let right = shown.iter().find(|f| f.options.line.right_axis).map(|f| axis(base, Some(f)));
    let zero = |right: bool| shown.iter().any(|f| f.options.line.right_axis == right && stands_on_zero(&f.options));
    let (left, right) = (Axis { zero: zero(false), ..left }, right.map(|axis| Axis { zero: zero(true), ..axis }));
    let left = if percent_stack(&shown) { percents() } else { left };
    let hidden = of - shown.len().min(of);
    let of = if hidden > 0 && of <= chart::MOST { shown.len() } else { of };
    Chart {
        limits: limits(base, input.look),
        lines: stacked(shown, &colours),
        of,
        window: input.window,
        left,
        right,
        marks: Vec::new(),
        grid: true,
        crosshair: input.crosshair,
        focused: input.focused_series,
        legend: legend(input),
    }
}

fn legend(input: &Input) -> Option<Vec<crate::grafana::model::Calc>> {
    match &input.panel.kind {
        PanelKind::Timeseries(options) => (options.legend || input.crosshair.is_some()).then(|| options.legend_calcs.clone()),
        _ => None,
    }
}

/// The axis of a side, by its first field: an override of the unit moves to the axis with its series.
fn axis(base: &FieldOptions, first: Option<&Field>) -> Axis {
    let options = first.map_or(base, |f| &f.options);
    Axis {
        unit: options.unit.clone(),
        decimals: options.decimals,
        min: options.min,
        max: options.max,
        log: options.line.log,
        zero: false,
    }
}

fn stands_on_zero(options: &FieldOptions) -> bool {
    options.line.style == DrawStyle::Bars || options.line.stack != Stack::None
}

fn percent_stack(fields: &[Field]) -> bool {
    fields.iter().any(|f| f.options.line.stack == Stack::Percent)
}

fn percents() -> Axis {
    Axis { unit: Some(Unit("percent".into())), min: Some(0.0), max: Some(100.0), ..Axis::default() }
}

/// The steps of the thresholds above the first, where the panel wants them drawn.
fn limits(options: &FieldOptions, look: &Look) -> Vec<Limit> {
    if !options.line.thresholds || options.thresholds.percent {
        return Vec::new();
    }
    let steps = options.thresholds.steps.iter().filter_map(|(value, name)| Some(((*value)?, look.grafana(name)?)));
    let limit = |(value, colour): (f64, Color)| {
        let plain = FieldOptions { mappings: Vec::new(), ..options.clone() };
        Limit { value, label: show(&plain, Some(value), look).text.to_string(), colour, reach: false }
    };
    steps.map(limit).collect()
}

/// Fields to lines, each on the sum of those before it where they are stacked.
fn stacked<'a>(fields: Vec<Field<'a>>, colours: &[Color]) -> Vec<Line<'a>> {
    let total = if percent_stack(&fields) { totals(&fields) } else { Heap::default() };
    // What points down is stacked apart from what points up.
    let mut heaps = [Heap::default(), Heap::default()];
    let lines = fields.into_iter().zip(colours).map(|(field, colour)| {
        let options = &field.options.line;
        let sign = if options.negative { -1.0 } else { 1.0 };
        let (drawn, bases) = match options.stack {
            Stack::None if sign > 0.0 => (Cow::Borrowed(field.samples), Vec::new()),
            Stack::None => (field.samples.iter().map(|s| Sample { value: -s.value, ..*s }).collect(), Vec::new()),
            stack => {
                let heap = &mut heaps[usize::from(options.negative)];
                let share = |at, v: f64| if stack == Stack::Percent { percent_of(v, total.at(at)) } else { v };
                heap.add(field.samples.iter().map(|s| Sample { value: sign * share(s.at, s.value), ..*s }))
            }
        };
        Line {
            name: field.name,
            colour: *colour,
            measured: field.samples,
            drawn,
            bases,
            style: options.style,
            right: options.right_axis,
            step: field.step,
            options: field.options,
        }
    });
    lines.collect()
}

fn percent_of(value: f64, total: f64) -> f64 {
    if total == 0.0 { 0.0 } else { 100.0 * value / total }
}

fn totals(fields: &[Field]) -> Heap {
    let mut total = Heap::default();
    for field in fields.iter().filter(|f| f.options.line.stack == Stack::Percent) {
        total.add(field.samples.iter().map(|s| Sample { value: s.value.abs(), ..*s }));
    }
    total
}

/// Sums by instant, in the order of time.
#[derive(Default)]
struct Heap(Vec<(Stamp, f64)>);

impl Heap {
    fn at(&self, at: Stamp) -> f64 {
        self.0.binary_search_by_key(&at, |(t, _)| *t).ok().and_then(|n| self.0.get(n)).map_or(0.0, |(_, v)| *v)
    }

    /// Puts samples on top; returns them where they stand now, and what each stands on. Both walks go forward once.
    fn add<'a>(&mut self, samples: impl Iterator<Item = Sample>) -> (Cow<'a, [Sample]>, Vec<f64>) {
        let mut old = std::mem::take(&mut self.0).into_iter().peekable();
        let (mut drawn, mut bases) = (Vec::new(), Vec::new());
        for sample in samples {
            while let Some(earlier) = old.next_if(|(t, _)| *t < sample.at) {
                self.0.push(earlier);
            }
            let base = old.next_if(|(t, _)| *t == sample.at).map_or(0.0, |(_, v)| v);
            let top = if sample.value.is_finite() { base + sample.value } else { base };
            self.0.push((sample.at, top));
            drawn.push(Sample { value: if sample.value.is_finite() { top } else { f64::NAN }, ..sample });
            bases.push(base);
        }
        self.0.extend(old);
        (Cow::Owned(drawn), bases)
    }
}

#[cfg(test)]
mod tests;
