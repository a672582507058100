//! `heatmap`: how many were where, over time. Rows are the buckets of a histogram or parts of the values' range, from the least at
//! the bottom; the darker a cell, the more there were.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::series::Series;
use crate::ui::panels::Input;
use crate::ui::panels::axis::instants;
use crate::ui::panels::number::written;
use crate::ui::panels::tile::columns;
use crate::ui::panels::words::put;
use crate::ui::theme::Role;

/// Parts of the values' range, where there are no buckets.
const PARTS: usize = 12;
/// Columns that the names of rows take.
const LABEL: u16 = 8;

/// One row: all that was at most `upper`, and more than the row below.
#[derive(Clone, Debug, PartialEq)]
struct Band {
    /// May be infinite.
    upper: f64,
    /// How many in each column; absent where nothing was told.
    counts: Vec<Option<f64>>,
}

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let times = u16::from(area.height >= 4 && area.width >= 16);
    let series: Vec<&Series> = input.results.iter().filter_map(|o| o.answer).flat_map(|a| &a.series).collect();
    let height = area.height - times;
    let labels = if area.width >= 2 * LABEL { LABEL } else { 0 };
    let inner = Rect { x: area.x + labels, width: area.width - labels, height, ..area };
    let bands = gathered(&bands(&series, input, inner.width), usize::from(height).max(1));
    let peak = bands.iter().flat_map(|band| band.counts.iter().flatten()).copied().fold(0.0, f64::max);
    let tall = (height / (bands.len() as u16).max(1)).max(1);
    for (n, band) in (0u16..).zip(&bands) {
        let top = inner.bottom().saturating_sub((n + 1) * tall);
        let text = label(input, band.upper);
        let room = usize::from(labels.saturating_sub(1));
        put(buf, area.x, top, &format!("{:>room$}", input.look.fit(&text, room)), room, input.look.style(Role::Dim));
        let line: String = band.counts.iter().map(|count| shade(input, *count, peak)).collect();
        for y in top..top + tall {
            put(buf, inner.x, y, &line, inner.width.into(), input.look.style(Role::Accent));
        }
    }
    if times > 0 {
        clocks(input, Rect { y: inner.bottom(), height: 1, ..inner }, buf);
    }
}

/// The upper end of a band, as its unit writes it.
fn label(input: &Input, upper: f64) -> String {
    if upper.is_infinite() {
        return input.look.pick("∞", "Inf").to_owned();
    }
    let options = &input.panel.field;
    input.look.spell(&written(options.unit.as_ref(), upper, options.decimals).to_string()).into_owned()
}

/// Few are seen, too: shades go by the square root, as Grafana's do.
fn shade(input: &Input, count: Option<f64>, peak: f64) -> char {
    let shades = input.look.pick([' ', '░', '▒', '▓', '█'], [' ', '.', ':', '*', '#']);
    let share = count.filter(|count| *count > 0.0 && peak > 0.0).map_or(0.0, |count| (count / peak).sqrt());
    shades[((share * 4.0).ceil() as usize).min(4)]
}

fn clocks(input: &Input, line: Rect, buf: &mut Buffer) {
    let span = (input.window.end.0 - input.window.start.0).max(1) as f64;
    let mut free = line.x;
    for (at, label) in instants(input.window, line.width) {
        let share = (at.0 - input.window.start.0) as f64 / span;
        let middle = line.x + (share.clamp(0.0, 1.0) * f64::from(line.width.saturating_sub(1))) as u16;
        let x = middle.saturating_sub(label.len() as u16 / 2);
        if x >= free && x + label.len() as u16 <= line.right() {
            free = put(buf, x, line.y, &label, label.len(), input.look.style(Role::Dim)) + 1;
        }
    }
}

/// The rows of a drawing so many columns wide, the least first.
fn bands(series: &[&Series], input: &Input, width: u16) -> Vec<Band> {
    let mut buckets: Vec<Band> = Vec::new();
    for (upper, counts) in series.iter().filter_map(|s| Some((bound(s)?, columns(&s.samples, input.window, width)))) {
        match buckets.iter_mut().find(|band| band.upper.total_cmp(&upper).is_eq()) {
            Some(band) => band.counts = added(&band.counts, &counts),
            None => buckets.push(Band { upper, counts }),
        }
    }
    if buckets.is_empty() {
        return parts(series, input, width);
    }
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    let below: Vec<Vec<Option<f64>>> = buckets.iter().map(|band| band.counts.clone()).collect();
    for (band, below) in buckets.iter_mut().skip(1).zip(&below) {
        let own = |(all, below): (&Option<f64>, &Option<f64>)| Some((all.as_ref()? - below.unwrap_or(0.0)).max(0.0));
        band.counts = band.counts.iter().zip(below).map(own).collect();
    }
    buckets
}

/// The upper end of a histogram's bucket.
fn bound(series: &Series) -> Option<f64> {
    series.labels.get("le")?.parse().ok().filter(|bound: &f64| !bound.is_nan())
}

/// Series that are no buckets: how many of them stand in each part of the range of them all.
fn parts(series: &[&Series], input: &Input, width: u16) -> Vec<Band> {
    let lines: Vec<Vec<Option<f64>>> = series.iter().map(|s| columns(&s.samples, input.window, width)).collect();
    let values = || lines.iter().flatten().flatten().copied();
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Vec::new();
    }
    let step = if high > low { (high - low) / PARTS as f64 } else { 1.0 };
    let place = |value: f64| (((value - low) / step) as usize).min(PARTS - 1);
    let mut bands: Vec<Band> =
        (1..=PARTS).map(|n| Band { upper: low + step * n as f64, counts: vec![None; width.into()] }).collect();
    for (column, value) in lines.iter().flat_map(|line| line.iter().enumerate()).filter_map(|(n, value)| Some((n, (*value)?))) {
        if let Some(count) = bands[place(value)].counts.get_mut(column) {
            *count = Some(count.unwrap_or(0.0) + 1.0);
        }
    }
    bands
}

fn added(a: &[Option<f64>], b: &[Option<f64>]) -> Vec<Option<f64>> {
    let sum = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(*b),
    };
    a.iter().zip(b).map(sum).collect()
}

/// Neighbours together, where there are more bands than rows.
fn gathered(bands: &[Band], rows: usize) -> Vec<Band> {
    let together = bands.len().div_ceil(rows).max(1);
    let one = |some: &[Band]| {
        let counts = some.iter().map(|band| band.counts.clone()).reduce(|a, b| added(&a, &b)).unwrap_or_default();
        Band { upper: some.last().map_or(f64::NAN, |band| band.upper), counts }
    };
    bands.chunks(together).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grafana::model::PanelKind;
    use crate::ui::panels::tests::stage::{Stage, text, wave};

    fn histogram() -> Stage {
        let mut stage = Stage::new(PanelKind::Heatmap);
        stage.panel.field.unit = Some(crate::domain::unit::Unit("s".into()));
        for (le, count) in [("+Inf", 14.0), ("0.1", 4.0), ("1", 13.0)] {
            stage.series(&[("le", le)], wave(61, |_| count));
        }
        stage
    }

    #[test]
    fn buckets_hold_what_those_below_do_not() {
        let counts = histogram().with(|input| {
            let series: Vec<&Series> = input.results.iter().filter_map(|o| o.answer).flat_map(|a| &a.series).collect();
            bands(&series, input, 2).into_iter().map(|band| (band.upper, band.counts)).collect::<Vec<_>>()
        });
        let twice = |count: f64| vec![Some(count); 2];
        assert_eq!(counts, [(0.1, twice(4.0)), (1.0, twice(9.0)), (f64::INFINITY, twice(1.0))]);
    }

    #[test]
    fn a_histogram_is_shaded_from_the_bottom() {
        insta::assert_snapshot!(text(&histogram().buffer(44, 9)));
    }

    #[test]
    fn series_without_buckets_are_counted_where_they_stand() {
        let mut stage = Stage::new(PanelKind::Heatmap);
        for (instance, value) in [("a", 1.0), ("b", 1.0), ("c", 9.0)] {
            stage.series(&[("instance", instance)], wave(61, |_| value));
        }
        let drawn = text(&stage.buffer(40, 10));
        assert!(drawn.contains("████") && drawn.contains("▓▓▓▓"), "{drawn}");
    }
}
