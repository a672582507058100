//! The legend of a chart: below it or to its right, as fits; what doesn't fit is counted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::ui::panels::chart::{Chart, Line, trace};
use crate::ui::panels::number::show;
use crate::ui::panels::reduce::{reduce, word};
use crate::ui::panels::words::put;
use crate::ui::theme::{Look, Role};

/// One entry: the line's place among the lines, its name and its values.
struct Entry {
    line: usize,
    values: Vec<String>,
}

/// A legend with its place.
pub struct Legend {
    area: Rect,
    rows: Rows,
    entries: Vec<Entry>,
    /// The columns' words, for a table.
    heads: Vec<&'static str>,
    /// How many series are not named.
    left_out: usize,
}

enum Rows {
    /// One after the other, as many in a row as fit.
    Flowing(Vec<Vec<usize>>),
    /// One in a row.
    Listed { name: usize, columns: Vec<usize> },
}

/// Splits an area into the place of the graph and the legend.
pub fn plan(chart: &Chart, look: &Look, area: Rect) -> (Rect, Option<Legend>) {
    let Some(calcs) = chart.legend.as_ref().filter(|_| area.height >= 5 && area.width >= 12 && !chart.lines.is_empty()) else {
        return (area, None);
    };
    let wide = area.width >= 90 && chart.lines.len() > 3;
    let table = !calcs.is_empty() && chart.crosshair.is_none() && area.width >= 36;
    let rows = usize::from(if wide { area.height } else { (area.height / 4).clamp(1, 8) });
    let entries = |calcs: &[_]| chart.lines.iter().enumerate().map(|(n, l)| entry(chart, l, n, calcs, look)).collect::<Vec<_>>();
    let as_list = wide || (table && chart.lines.len() < rows);
    if !as_list {
        let all = entries(&[]);
        return below(chart, look, area, all, rows);
    }
    let heads = if table { calcs.iter().map(|c| word(*c)).collect() } else { Vec::new() };
    let all = entries(if table { calcs } else { &[] });
    Some(listed(chart, area, all, heads, rows, wide)).map_or((area, None), |(plot, legend)| (plot, Some(legend)))
}

fn entry(chart: &Chart, line: &Line, n: usize, calcs: &[crate::grafana::model::Calc], look: &Look) -> Entry {
    let now = match chart.crosshair {
        Some(at) => trace::value_at(line, at),
        None => line.measured.last().map(|s| s.value),
    };
    let values = if calcs.is_empty() { vec![now] } else { calcs.iter().map(|c| reduce(*c, line.measured)).collect() };
    let text = |v: Option<f64>| {
        v.map_or_else(
            || look.pick("–", "-").into(),
            |v| look.spell(&show(&line.options, Some(v), look).text.to_string()).into_owned(),
        )
    };
    Entry { line: n, values: values.into_iter().map(text).collect() }
}

/// The entries with the greatest last values, in the order of the lines: one that went by the values would be another with every
/// answer, and nobody finds a series in it again.
fn greatest(chart: &Chart, mut entries: Vec<Entry>, most: usize) -> Vec<Entry> {
    let last = |e: &Entry| chart.lines.get(e.line).and_then(|l| l.measured.last()).map_or(f64::NEG_INFINITY, |s| s.value);
    entries.sort_by(|a, b| {
        let (a, b) = (last(a), last(b));
        a.is_nan().cmp(&b.is_nan()).then(b.total_cmp(&a))
    });
    entries.truncate(most);
    entries.sort_by_key(|e| e.line);
    entries
}

/// Flowing below the graph.
fn below(chart: &Chart, look: &Look, area: Rect, entries: Vec<Entry>, rows: usize) -> (Rect, Option<Legend>) {
    let width = usize::from(area.width);
    let longest = (width / 2).max(12).min(width);
    let size = |e: &Entry| entry_width(chart, e, look).min(longest.max(width.min(entry_width_cap(width, chart.lines.len()))));
    let all = chart.of.max(entries.len());
    let whole = flowing(&entries, width, rows, 0, size);
    let (entries, flow) = match count(&whole) {
        named if named == all => (entries, whole),
        _ => as_many_as_fit(chart, entries, |entries| flowing(entries, width, rows, 9, size)),
    };
    let height = flow.len().max(1) as u16;
    let plot = Rect { height: area.height - height, ..area };
    let (area, left_out) = (Rect { y: plot.bottom(), height, ..area }, all - entries.len());
    (plot, Some(Legend { area, rows: Rows::Flowing(flow), left_out, entries, heads: Vec::new() }))
}

/// The greatest of the entries, as many as flow into the place that there is.
fn as_many_as_fit(
    chart: &Chart,
    entries: Vec<Entry>,
    flow: impl Fn(&[Entry]) -> Vec<Vec<usize>>,
) -> (Vec<Entry>, Vec<Vec<usize>>) {
    let rows = flow(&entries);
    match count(&rows) {
        named if named < entries.len() => as_many_as_fit(chart, greatest(chart, entries, named), flow),
        _ => (entries, rows),
    }
}

fn count(flow: &[Vec<usize>]) -> usize {
    flow.iter().map(Vec::len).sum()
}

/// A lone line may have the whole row for its name.
fn entry_width_cap(width: usize, lines: usize) -> usize {
    if lines <= 2 { width } else { width / 2 }
}

/// Rows of entries; the last row keeps `reserve` columns free.
fn flowing(entries: &[Entry], width: usize, rows: usize, reserve: usize, size: impl Fn(&Entry) -> usize) -> Vec<Vec<usize>> {
    let mut flow: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = 0;
    for (n, entry) in entries.iter().enumerate() {
        let wanted = size(entry);
        let room = width.saturating_sub(if flow.len() == rows { reserve } else { 0 });
        let gap = if used == 0 { 0 } else { 2 };
        if used + gap + wanted <= room || n == 0 {
            used += gap + wanted;
        } else if flow.len() < rows {
            flow.push(Vec::new());
            used = wanted;
        } else {
            break;
        }
        if let Some(row) = flow.last_mut() {
            row.push(n);
        }
    }
    flow
}

fn entry_width(chart: &Chart, entry: &Entry, look: &Look) -> usize {
    let name = chart.lines.get(entry.line).map_or(0, |l| look.spell(&l.name).width());
    2 + name + 1 + entry.values.first().map_or(0, |v| v.width())
}

/// One in a row, with a column for each calculation: to the right of the graph, or below it.
fn listed(
    chart: &Chart,
    area: Rect,
    mut entries: Vec<Entry>,
    heads: Vec<&'static str>,
    rows: usize,
    right: bool,
) -> (Rect, Legend) {
    let head = usize::from(!heads.is_empty());
    let unnamed = chart.of - chart.lines.len().min(chart.of);
    let mut most = rows.saturating_sub(head).max(1);
    if entries.len() > most || unnamed > 0 {
        most = most.saturating_sub(1).max(1);
        entries = greatest(chart, entries, most);
    }
    let count = entries.first().map_or(0, |e| e.values.len());
    let widest = |n: usize| entries.iter().filter_map(|e| e.values.get(n)).map(|v| v.width()).max().unwrap_or(0);
    let columns: Vec<usize> = (0..count).map(|n| widest(n).max(heads.get(n).map_or(0, |h| h.len()))).collect();
    let values: usize = columns.iter().map(|c| c + 1).sum();
    let longest = entries.iter().filter_map(|e| chart.lines.get(e.line)).map(|l| l.name.width()).max().unwrap_or(0);
    let left_out = chart.of.max(chart.lines.len()) - entries.len();
    let (plot, place) = if right {
        let width = ((2 + longest + values) as u16).clamp(14, area.width * 2 / 5);
        let plot = Rect { width: area.width - width - 2, ..area };
        (plot, Rect { x: plot.right() + 2, width, ..area })
    } else {
        let height = ((entries.len() + head + usize::from(left_out > 0)) as u16).min(area.height);
        let plot = Rect { height: area.height - height, ..area };
        (plot, Rect { y: plot.bottom(), height, ..area })
    };
    let name = usize::from(place.width).saturating_sub(2 + values).min(if right { usize::MAX } else { longest });
    (plot, Legend { area: place, rows: Rows::Listed { name, columns }, entries, heads, left_out })
}

impl Legend {
    /// Draws it; `key` gives each line's mark with its style.
    pub fn draw(&self, chart: &Chart, look: &Look, key: impl Fn(usize) -> (char, Style), buf: &mut Buffer) {
        match &self.rows {
            Rows::Flowing(flow) => self.draw_flowing(chart, look, flow, key, buf),
            Rows::Listed { name, columns } => self.draw_listed(chart, look, *name, columns, key, buf),
        }
    }

    fn draw_flowing(
        &self,
        chart: &Chart,
        look: &Look,
        flow: &[Vec<usize>],
        key: impl Fn(usize) -> (char, Style),
        buf: &mut Buffer,
    ) {
        for (y, row) in (self.area.y..self.area.bottom()).zip(flow) {
            let last = y + 1 == self.area.bottom() && self.left_out > 0;
            let room = usize::from(self.area.width).saturating_sub(if last { 9 } else { 0 });
            let share = if row.len() == 1 { room } else { usize::from(self.area.width) / 2 };
            let mut x = self.area.x;
            for entry in row.iter().filter_map(|n| self.entries.get(*n)) {
                let value = entry.values.first().map_or("", String::as_str);
                let full =
                    entry_width(chart, entry, look).min(share.max(12)).min(usize::from(self.area.right().saturating_sub(x)));
                let name = full.saturating_sub(3 + value.width());
                x = named(chart, look, entry.line, name, key(entry.line), (x, y), self.area.right(), buf);
                x = until(buf, (x + 1, y), self.area.right(), value, look.style(Role::Text)) + 2;
            }
            if last {
                until(buf, (x, y), self.area.right(), &format!("+{} more", self.left_out), look.style(Role::Dim));
            }
        }
    }

    fn draw_listed(
        &self,
        chart: &Chart,
        look: &Look,
        name: usize,
        columns: &[usize],
        key: impl Fn(usize) -> (char, Style),
        buf: &mut Buffer,
    ) {
        let right = self.area.right();
        let start = self.area.x + 2 + name as u16;
        let mut rows = self.area.y..self.area.bottom();
        let cells = |y: u16, texts: &[&str], style: Style, buf: &mut Buffer| {
            let mut x = start;
            for (text, width) in texts.iter().zip(columns) {
                until(buf, (x + 1, y), right, &format!("{}{text}", " ".repeat(width.saturating_sub(text.width()))), style);
                x += 1 + *width as u16;
            }
        };
        if let Some(y) = rows.next_if(!self.heads.is_empty()) {
            cells(y, &self.heads, look.style(Role::Dim), buf);
        }
        for (entry, y) in self.entries.iter().zip(rows.by_ref()) {
            named(chart, look, entry.line, name, key(entry.line), (self.area.x, y), right, buf);
            let texts: Vec<&str> = entry.values.iter().map(String::as_str).collect();
            cells(y, &texts, look.style(Role::Text), buf);
        }
        if let Some(y) = rows.next().filter(|_| self.left_out > 0) {
            until(buf, (self.area.x + 2, y), right, &format!("+{} more", self.left_out), look.style(Role::Dim));
        }
    }
}

/// An iterator that gives its next only if asked to.
trait NextIf: Iterator {
    fn next_if(&mut self, wanted: bool) -> Option<Self::Item> {
        if wanted { self.next() } else { None }
    }
}

impl<I: Iterator> NextIf for I {}

/// A mark and a name; returns the column after them.
#[expect(clippy::too_many_arguments, reason = "where and how one entry is written")]
fn named(
    chart: &Chart,
    look: &Look,
    line: usize,
    width: usize,
    (mark, style): (char, Style),
    (x, y): (u16, u16),
    right: u16,
    buf: &mut Buffer,
) -> u16 {
    let Some(line) = chart.lines.get(line) else { return x };
    let focused = chart.focused == Some(line.name.as_str());
    let emphasis = if focused { Modifier::BOLD | Modifier::UNDERLINED } else { Modifier::empty() };
    until(buf, (x, y), right, mark.encode_utf8(&mut [0; 4]), style);
    until(buf, (x + 2, y), right, &look.fit(&line.name, width), look.style(Role::Dim).add_modifier(emphasis))
}

/// Text that ends before `right`; returns the column after it.
fn until(buf: &mut Buffer, (x, y): (u16, u16), right: u16, text: &str, style: Style) -> u16 {
    put(buf, x.min(right), y, text, usize::from(right.saturating_sub(x)), style)
}
