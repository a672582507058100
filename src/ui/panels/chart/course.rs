//! The course of one probe over a drill: its values before, during and after the fault, what was tolerated, and above them when the
//! fault began, when alerts fired and when it was ended; below them at which looks it did not hold.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use crate::domain::chaos::report::Report;
use crate::domain::chaos::{Ask, Probe, Reading, Tolerance};
use crate::domain::clean::Clean;
use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::grafana::model::{DrawStyle, FieldOptions};
use crate::ui::panels::axis::Axis;
use crate::ui::panels::chart::draw::column_of;
use crate::ui::panels::chart::{Chart, Limit, Line, Mark, draw};
use crate::ui::panels::words::put;
use crate::ui::theme::{Look, Role};

/// How many rows the lines take with their time axis.
const ROWS: u16 = 10;
/// How many marks are told at the most: where many alerts fire, the first.
const MARKS: usize = 6;
/// The longest time before the fault that is shown: injecting it may have taken long.
const LEAD: Duration = Duration::from_secs(15);
/// Looks further apart than this say nothing of the time between them.
const APART: Duration = Duration::from_secs(5);

/// A look at the probe: when, and what it answered.
type Glance<'a> = (Stamp, &'a Reading);

/// The probes whose course says something: those that were broken, and what Prometheus told. By their place in the hypothesis.
pub fn courses(report: &Report) -> Vec<usize> {
    let is_worth = |(at, probe): &(usize, &Probe)| {
        let seen = || report.samples().filter_map(|sample| sample.readings.get(*at));
        let is_told = matches!(probe.ask, Ask::Promql(_)) && seen().any(|reading| reading.value.is_some());
        is_told || seen().any(|reading| !reading.holds)
    };
    report.hypothesis.iter().enumerate().filter(is_worth).map(|(at, _)| at).filter(|_| report.injected.is_some()).collect()
}

/// How many rows the course of each probe of a report takes.
pub fn course_height(report: &Report) -> u16 {
    ROWS + marks(report).len() as u16 + 1
}

/// Draws the course of the probe at a place of the hypothesis.
pub fn course(report: &Report, at: usize, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(probe) = report.hypothesis.get(at) else { return };
    let (looks, marks) = (looks(report, at), marks(report));
    let (Some(injected), Some((start, _)), Some((end, _))) = (&report.injected, looks.first(), looks.last()) else { return };
    let end = marks.last().map_or(*end, |mark| mark.at.max(*end));
    let window = Window { start: injected.at.before(LEAD).max(*start), end };
    let samples: Vec<Sample> =
        looks.iter().map(|(at, reading)| Sample { at: *at, value: reading.value.unwrap_or(f64::NAN) }).collect();
    let above = marks.len() as u16;
    let middle = Rect { y: area.y + above, height: area.height.saturating_sub(above + 1), ..area };
    let inner = draw(&chart(probe, &samples, window, &marks, look), look, middle, buf);
    flags(&marks, window, look, Rect { y: area.y, height: above, ..inner }, buf);
    if probe.tolerance != Tolerance::Any {
        put(buf, area.x, middle.bottom(), "ok?", usize::from(inner.x - area.x), look.style(Role::Dim));
        strip(&looks, window, look, Rect { y: middle.bottom(), height: 1, ..inner }, buf);
    }
}

/// Every look at a probe, the one before the fault among them.
fn looks(report: &Report, at: usize) -> Vec<Glance<'_>> {
    let Some(injected) = &report.injected else { return vec![] };
    let before = report.baseline.iter().filter_map(|baseline| Some((baseline.at, baseline.readings.get(at)?)));
    let later = report.samples().filter_map(|sample| Some((injected.at.after(sample.after), sample.readings.get(at)?)));
    before.chain(later).collect()
}

/// When the fault began, alerts fired, and its end was begun: in the order of time.
fn marks(report: &Report) -> Vec<Mark> {
    let Some(injected) = &report.injected else { return vec![] };
    let mark = |at, words: &str, role| Mark { at, words: Clean::new(words), role };
    let mut marks = vec![mark(injected.at, "fault on", Role::Critical)];
    marks
        .extend(report.ended.as_ref().filter(|ended| ended.is_verified()).map(|ended| mark(ended.at, "fault ended", Role::Good)));
    let fired = report.fired().map(|fired| mark(injected.at.after(fired.after), &fired.alert, Role::Warning));
    marks.extend(fired.take(MARKS - 2));
    marks.sort_by_key(|mark| mark.at);
    marks
}

fn chart<'a>(probe: &Probe, samples: &'a [Sample], window: Window, marks: &[Mark], look: &Look) -> Chart<'a> {
    let line = Line {
        name: Clean::new(&probe.name).into_string(),
        colour: look.series(0),
        measured: samples,
        drawn: Cow::Borrowed(samples),
        bases: Vec::new(),
        style: DrawStyle::Lines,
        right: false,
        step: None,
        options: Cow::Owned(FieldOptions::default()),
    };
    Chart {
        lines: vec![line],
        of: 1,
        window,
        left: Axis { unit: Some(probe.measure()), zero: true, ..Axis::default() },
        right: None,
        limits: limit(probe, look).into_iter().collect(),
        // Their words stand above, where they hide nothing.
        marks: marks.iter().map(|mark| Mark { words: Clean::new(""), ..mark.clone() }).collect(),
        grid: false,
        crosshair: None,
        focused: None,
        legend: None,
    }
}

fn limit(probe: &Probe, look: &Look) -> Option<Limit> {
    let (value, word) = match probe.tolerance {
        Tolerance::Below(bound) => (bound, "below"),
        Tolerance::Above(bound) => (bound, "above"),
        Tolerance::Well | Tolerance::Any => return None,
    };
    let colour = look.theme.style(Role::Critical).fg.unwrap_or(Color::Red);
    Some(Limit { value, label: format!("{word} {}", probe.measure().format(value, None)), colour, reach: true })
}

/// The words of each mark on a row of their own, the earliest on top, and its upright down to the lines.
fn flags(marks: &[Mark], window: Window, look: &Look, area: Rect, buf: &mut Buffer) {
    for (row, mark) in (area.y..).zip(marks) {
        let Some(column) = column_of(window, mark.at, area.width) else { continue };
        let style = look.style(mark.role);
        for y in row..area.bottom() {
            put(buf, area.x + column, y, look.pick("┊", ":"), 1, style);
        }
        let (before, after) = (usize::from(column), usize::from(area.width - column - 1));
        let text = look.fit(mark.words.as_str(), before.max(after).saturating_sub(1));
        let is_right = after > text.width() || after >= before;
        let x = if is_right { column + 2 } else { column.saturating_sub(text.width() as u16 + 1) };
        put(buf, area.x + x.min(area.width), row, &text, text.width(), style);
    }
}

/// At each column whether the probe held: at the last look until then, and wherever it did not.
fn strip(looks: &[Glance<'_>], window: Window, look: &Look, area: Rect, buf: &mut Buffer) {
    let mut held: Vec<Option<bool>> = vec![None; usize::from(area.width)];
    for (n, (at, reading)) in looks.iter().enumerate() {
        let until = looks.get(n + 1).map(|(next, _)| *next).filter(|next| next.since(*at) <= APART);
        let Some(from) = column_of(window, *at, area.width) else { continue };
        let to = until.and_then(|until| column_of(window, until, area.width)).map_or(from + 1, |to| to.max(from + 1));
        for column in held.iter_mut().take(usize::from(to)).skip(usize::from(from)) {
            *column = Some(column.unwrap_or(true) && reading.holds);
        }
    }
    for (x, held) in (area.x..).zip(held) {
        let (sign, role) = match held {
            None => continue,
            Some(true) => (look.pick("·", "."), Role::Good),
            Some(false) => (look.pick("✖", "X"), Role::Critical),
        };
        put(buf, x, area.y, sign, 1, look.style(role));
    }
}
