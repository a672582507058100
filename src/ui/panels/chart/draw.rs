//! A chart to cells: axes, grid, limits, lines, legend, in the order in which they cover each other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::range::Window;
use crate::domain::time::Stamp;
use crate::grafana::model::DrawStyle;
use crate::ui::panels::axis::{Axis, Scale, instants};
use crate::ui::panels::canvas::{Canvas, Ink, Weight};
use crate::ui::panels::chart::trace::{Bin, bounds, stride, trace};
use crate::ui::panels::chart::{Chart, Line, Mark, legend};
use crate::ui::panels::words::put;
use crate::ui::theme::{Charset, Depth, Look, Role};

/// Marks of lines where characters must tell them apart.
const ASCII_MARKS: &[char] = &['*', '+', '.', 'x', 'o', '#', '@', '%', '=', '&'];
/// The same where there is more than ASCII but little colour.
const MARKS: &[char] = &['●', '▲', '■', '◆', '○', '△', '□', '◇', '★', '▼'];

const GRID: Ink = 0;
/// The first ink of the limits; the lines' inks follow.
const LIMITS: Ink = 1;

/// The drawing's inside and its scales.
struct Plot {
    inner: Rect,
    left: Scale,
    right: Option<Scale>,
}

/// Draws a chart, and says where between its axes the lines stand.
pub fn draw(chart: &Chart, look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let (area, legend) = legend::plan(chart, look, area);
    let area = say_what_is_left_out(chart, look, area, buf);
    let plot = lay_out(chart, look, area, buf);
    draw_plot(chart, look, &plot, buf);
    if let Some(legend) = legend {
        legend.draw(chart, look, |n| key(chart, look, n), buf);
    }
    plot.inner
}

/// A sentence on top, where series were left out.
fn say_what_is_left_out(chart: &Chart, look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    if chart.of <= chart.lines.len() || area.height < 4 {
        return area;
    }
    let text = format!("showing {} of {} series", chart.lines.len(), chart.of);
    put(buf, area.x, area.y, &look.fit(&text, area.width.into()), area.width.into(), look.style(Role::Warning));
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Measures the axes, writes their labels, and returns what is left between them.
fn lay_out(chart: &Chart, look: &Look, area: Rect, buf: &mut Buffer) -> Plot {
    let times = u16::from(area.height >= 4 && area.width >= 16);
    let rows = area.height - times;
    let room = label_room(rows);
    let left = scale(chart, &chart.left, false, room, area.width);
    let right = chart.right.as_ref().map(|axis| scale(chart, axis, true, room, area.width));
    let left_width = label_width(&left, look, area);
    let right_width = right.as_ref().filter(|_| area.width >= 40).map_or(0, |s| label_width(s, look, area));
    let inner =
        Rect { x: area.x + left_width, width: area.width.saturating_sub(left_width + right_width).max(1), height: rows, ..area };
    let labels = |scale: &Scale, x: u16, width: u16, buf: &mut Buffer| {
        for (value, label) in &scale.ticks {
            let Some(row) = row_of(scale, *value, inner) else { continue };
            let text = look.fit(label, usize::from(width.saturating_sub(1)));
            let pad = if x < inner.x { usize::from(width - 1).saturating_sub(text.width()) } else { 1 };
            put(buf, x + pad as u16, row, &text, usize::from(width).saturating_sub(pad), look.style(Role::Dim));
        }
    };
    if left_width > 0 {
        labels(&left, area.x, left_width, buf);
    }
    if let Some(scale) = right.as_ref().filter(|_| right_width > 0) {
        labels(scale, inner.right(), right_width, buf);
    }
    if times > 0 {
        time_labels(chart, look, Rect { y: inner.bottom(), height: 1, ..inner }, area, buf);
    }
    Plot { inner, left, right }
}

/// How many labels an axis may have: one every other row of a small drawing, one in three or four rows of a large one.
fn label_room(rows: u16) -> usize {
    match rows {
        0..2 => 1,
        2..5 => 2,
        5..8 => 3,
        8..12 => usize::from(rows / 2),
        _ => usize::from(rows / 3 + 1).min(8),
    }
}

fn label_width(scale: &Scale, look: &Look, area: Rect) -> u16 {
    if area.width < 14 || area.height < 2 {
        return 0;
    }
    let widest = scale.ticks.iter().map(|(_, label)| look.spell(label).width()).max().unwrap_or(0) as u16;
    (widest + 1).min(area.width / 3)
}

fn scale(chart: &Chart, axis: &Axis, right: bool, room: usize, width: u16) -> Scale {
    let log = axis.log.is_some();
    let (mut low, mut high) = bounds(chart.lines.iter().filter(|l| l.right == right), chart.window, log);
    for limit in chart.limits.iter().filter(|l| l.reach && !right && l.value.is_finite()) {
        (low, high) = (low.min(limit.value), high.max(limit.value));
    }
    let scale = Scale::new(axis, low, high, room);
    // Where columns are dear, a long unit is left to the legend.
    if chart.legend.is_some() && width < 60 { scale.without_common_unit() } else { scale }
}

/// The row a value stands on.
fn row_of(scale: &Scale, value: f64, inner: Rect) -> Option<u16> {
    let down = i32::from(inner.height) * 4;
    let y = dot_of(scale, value, down)?;
    (0..down).contains(&y).then(|| inner.y + (y / 4) as u16)
}

/// The dot a value stands on, from the top, for a drawing `down` dots high. What lies outside ends up just outside.
fn dot_of(scale: &Scale, value: f64, down: i32) -> Option<i32> {
    let height = scale.height(value)?;
    let most = f64::from(down - 1);
    Some(((1.0 - height) * most).round().clamp(-1.0, f64::from(down)) as i32)
}

/// The column of an instant in a drawing `columns` wide.
pub(super) fn column_of(window: Window, at: Stamp, columns: u16) -> Option<u16> {
    let span = window.end.0.saturating_sub(window.start.0);
    if span <= 0 || columns == 0 || at < window.start || at > window.end {
        return None;
    }
    let share = (at.0 - window.start.0) as f64 / span as f64;
    Some((share * f64::from(columns - 1)).round() as u16)
}

fn time_labels(chart: &Chart, look: &Look, line: Rect, whole: Rect, buf: &mut Buffer) {
    let mut free = whole.x;
    for (at, label) in instants(chart.window, line.width) {
        let Some(column) = column_of(chart.window, at, line.width) else { continue };
        let width = label.len() as u16;
        let x = (line.x + column).saturating_sub(width / 2);
        if x >= free && x + width <= whole.right() {
            put(buf, x, line.y, &label, usize::from(width), look.style(Role::Dim));
            free = x + width + 2;
        }
    }
    let Some((at, column)) = chart.crosshair.and_then(|at| Some((at, column_of(chart.window, at, line.width)?))) else { return };
    let label = crate::domain::range::clock(at).get(11..19).unwrap_or_default().to_owned();
    let width = (label.len() as u16 + 2).min(whole.width);
    let x = (line.x + column).saturating_sub(width / 2).clamp(whole.x, whole.right() - width);
    put(buf, x, line.y, &format!(" {label} "), usize::from(width), look.style(Role::Selection));
}

fn draw_plot(chart: &Chart, look: &Look, plot: &Plot, buf: &mut Buffer) {
    for mark in &chart.marks {
        upright(Some(mark.at), look.pick("┊", ":"), look.style(mark.role), chart, plot, buf);
    }
    upright(chart.crosshair, look.pick("│", "|"), look.style(Role::Crosshair), chart, plot, buf);
    let mut canvas = Canvas::new(plot.inner, look.charset);
    if chart.grid {
        grid(&mut canvas, plot);
    }
    limits(chart, &mut canvas, plot);
    let traces: Vec<Vec<Bin>> = chart.lines.iter().map(|l| trace(l, chart.window, canvas.width())).collect();
    // The first lines lie on top, and the one that is looked at above all.
    let focused = chart.lines.iter().position(|l| chart.focused == Some(l.name.as_str()));
    let order = (0..chart.lines.len()).rev().filter(|n| Some(*n) != focused).chain(focused);
    for n in order {
        let (Some(line), Some(bins)) = (chart.lines.get(n), traces.get(n)) else { continue };
        let scale = plot.right.as_ref().filter(|_| line.right).unwrap_or(&plot.left);
        stroke(chart, line, bins, scale, line_ink(chart, n), &mut canvas);
    }
    let dresses: Vec<_> = (GRID..line_ink(chart, chart.lines.len())).map(|ink| dress(chart, look, ink, focused)).collect();
    canvas.paint(buf, |ink| dresses[usize::from(ink)]);
    if few_colours(look) && look.charset == Charset::Unicode && chart.lines.len() > 1 {
        line_marks(chart, look, plot, &traces, buf);
    }
    limit_labels(chart, look, plot, buf);
    chart.marks.iter().for_each(|mark| mark_label(mark, chart, look, plot, buf));
}

fn line_ink(chart: &Chart, n: usize) -> Ink {
    LIMITS + chart.limits.len() as Ink + n as Ink
}

/// The style of an ink, and its mark in ASCII.
fn dress(chart: &Chart, look: &Look, ink: Ink, focused: Option<usize>) -> (Style, char) {
    if ink == GRID {
        return (look.style(Role::Grid), '.');
    }
    let n = usize::from(ink - LIMITS);
    if let Some(limit) = chart.limits.get(n) {
        return (look.ink(limit.colour), '-');
    }
    let n = n - chart.limits.len();
    let (mark, style) = key(chart, look, n);
    match (focused, chart.lines.get(n)) {
        (Some(f), _) if f == n => (style.add_modifier(Modifier::BOLD), mark),
        (Some(_), _) if few_colours(look) => (style.add_modifier(Modifier::DIM), mark),
        (Some(_), Some(line)) => (look.ink(look.faded(line.colour)), mark),
        _ => (style, mark),
    }
}

/// A line's mark and style, in the drawing and the legend alike.
fn key(chart: &Chart, look: &Look, n: usize) -> (char, Style) {
    let style = chart.lines.get(n).map_or(Style::new(), |l| look.ink(l.colour));
    let of = |marks: &[char]| marks.get(n % marks.len()).copied().unwrap_or('*');
    let mark = match look.charset {
        Charset::Ascii => of(ASCII_MARKS),
        Charset::Unicode if few_colours(look) => of(MARKS),
        Charset::Unicode => '━',
    };
    (mark, style)
}

fn few_colours(look: &Look) -> bool {
    matches!(look.depth, Depth::Mono | Depth::Sixteen)
}

fn grid(canvas: &mut Canvas, plot: &Plot) {
    // In ASCII a dot is a mark like any other: there a grid would be noise.
    if plot.inner.height < 3 || canvas.width() <= i32::from(plot.inner.width) {
        return;
    }
    for (value, _) in &plot.left.ticks {
        let Some(y) = dot_of(&plot.left, *value, canvas.height()) else { continue };
        (0..canvas.width()).step_by(4).for_each(|x| canvas.dot(x, y, GRID, Weight::Grid));
    }
}

fn limits(chart: &Chart, canvas: &mut Canvas, plot: &Plot) {
    for (n, limit) in chart.limits.iter().enumerate() {
        let Some(y) = dot_of(&plot.left, limit.value, canvas.height()) else { continue };
        let dash = if canvas.width() > i32::from(plot.inner.width) { 6 } else { 3 };
        let drawn = (0..canvas.width()).filter(|x| x % dash < dash * 2 / 3);
        drawn.for_each(|x| canvas.dot(x, y, LIMITS + n as Ink, Weight::Grid));
    }
}

fn stroke(chart: &Chart, line: &Line, bins: &[Bin], scale: &Scale, ink: Ink, canvas: &mut Canvas) {
    let down = canvas.height();
    let y = |v: f64| dot_of(scale, v, down);
    let foot = |bin: &Bin| y(bin.base).unwrap_or(down - 1);
    let wide = (stride(line, chart.window, canvas.width()) - 1).max(1);
    let mut before: Option<(&Bin, i32)> = None;
    for bin in bins {
        let (Some(first), Some(last), Some(low), Some(high)) = (y(bin.first), y(bin.last), y(bin.low), y(bin.high)) else {
            before = None;
            continue;
        };
        match line.style {
            DrawStyle::Bars => {
                let top = if bin.base > bin.low { low } else { high };
                (0..wide).for_each(|dx| canvas.column(bin.x + dx - wide / 2, top, foot(bin), ink, Weight::Line));
            }
            DrawStyle::Points => [low, high].into_iter().for_each(|y| point(canvas, bin.x, y, ink)),
            DrawStyle::Lines => {
                let from = before.filter(|_| bin.joined);
                if !line.bases.is_empty() {
                    area(canvas, from.map(|(b, y)| (b.x, y, foot(b))), (bin.x, first, foot(bin)), ink);
                }
                if let Some((b, y)) = from {
                    canvas.line((b.x, y), (bin.x, first), ink);
                }
                canvas.column(bin.x, low, high, ink, Weight::Line);
            }
        }
        before = Some((bin, last));
    }
}

/// A point is two dots high and wide: one alone is lost on a screen.
fn point(canvas: &mut Canvas, x: i32, y: i32, ink: Ink) {
    canvas.dot(x, y, ink, Weight::Line);
    if canvas.height() > 1 && canvas.width() > 1 {
        canvas.dot(x + 1, y, ink, Weight::Line);
    }
}

/// The inside of an area between two columns, every other dot.
fn area(canvas: &mut Canvas, from: Option<(i32, i32, i32)>, (x, top, foot): (i32, i32, i32), ink: Ink) {
    let (x0, top0, foot0) = from.unwrap_or((x, top, foot));
    let span = (x - x0).max(1);
    let between = |a: i32, b: i32, at: i32| a + (b - a) * (at - x0) / span;
    for at in x0..=x {
        let (top, foot) = (between(top0, top, at), between(foot0, foot, at));
        for y in top.min(foot)..=top.max(foot) {
            if (at + y) % 2 == 0 {
                canvas.dot(at, y, ink, Weight::Area);
            }
        }
    }
}

/// A line from top to bottom at an instant.
fn upright(at: Option<Stamp>, sign: &str, style: Style, chart: &Chart, plot: &Plot, buf: &mut Buffer) {
    let Some(column) = at.and_then(|at| column_of(chart.window, at, plot.inner.width)) else { return };
    for y in plot.inner.y..plot.inner.bottom() {
        put(buf, plot.inner.x + column, y, sign, 1, style);
    }
}

/// A mark on each line, where colour does not tell the lines apart; each at another place, as lines often meet.
fn line_marks(chart: &Chart, look: &Look, plot: &Plot, traces: &[Vec<Bin>], buf: &mut Buffer) {
    for (n, bins) in traces.iter().enumerate().rev() {
        let place = bins.len() * (2 * n + 1) / (2 * traces.len());
        let (Some(line), Some(bin)) = (chart.lines.get(n), bins.get(place)) else { continue };
        let scale = plot.right.as_ref().filter(|_| line.right).unwrap_or(&plot.left);
        let Some(row) = row_of(scale, bin.last, plot.inner) else { continue };
        let (mark, style) = key(chart, look, n);
        let x = plot.inner.x + (bin.x / Canvas::grain(look.charset).0) as u16;
        if let Some(cell) = buf.cell_mut((x, row)) {
            cell.set_char(mark).set_style(style);
        }
    }
}

fn limit_labels(chart: &Chart, look: &Look, plot: &Plot, buf: &mut Buffer) {
    for limit in &chart.limits {
        let Some(row) = row_of(&plot.left, limit.value, plot.inner) else { continue };
        let room = usize::from(plot.inner.width / 2);
        let label = look.fit(&limit.label, room);
        // Above its line where there is room, so that neither hides the other.
        let y = if row > plot.inner.y { row - 1 } else { row + 1 };
        if y < plot.inner.bottom() && room >= 4 {
            let x = plot.inner.right() - label.width() as u16;
            put(buf, x, y, &label, room, look.ink(limit.colour));
        }
    }
}

fn mark_label(mark: &Mark, chart: &Chart, look: &Look, plot: &Plot, buf: &mut Buffer) {
    let Some(column) = column_of(chart.window, mark.at, plot.inner.width) else { return };
    let (before, after) = (usize::from(column), usize::from(plot.inner.width - column - 1));
    let text = look.fit(mark.words.as_str(), before.max(after).saturating_sub(1));
    let x = if after >= before { column + 1 } else { column.saturating_sub(text.width() as u16) };
    let y = plot.inner.bottom() - 1;
    put(buf, plot.inner.x + x, y, &text, text.width(), look.style(mark.role));
}
