//! Lines over time: the drawing that time series panels and the graphs of alerts share.
//!
//! It knows lines, axes and marks, not panels: what they mean is decided by whoever fills a [`Chart`].

mod alert;
mod course;
mod draw;
mod legend;
mod sparkline;
mod trace;

use std::borrow::Cow;
use std::time::Duration;

use ratatui::style::Color;

use crate::domain::clean::Clean;
use crate::domain::range::Window;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::grafana::model::{Calc, DrawStyle, FieldOptions};
use crate::ui::panels::axis::Axis;
use crate::ui::theme::Role;

pub use alert::{Alert, alert};
pub use course::{course, course_height, courses};
pub use draw::draw;
pub use sparkline::{peaks, sparkline};

/// Of more series than this the ones with the greatest last values are drawn, and the panel says so.
pub const MOST: usize = 100;

/// A drawing of lines.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What is drawn, the most important first.
    pub lines: Vec<Line<'a>>,
    /// Of how many series the lines were taken.
    pub of: usize,
    /// What the time axis shows.
    pub window: Window,
    /// The axis on the left.
    pub left: Axis,
    /// The axis on the right, where a line stands on it.
    pub right: Option<Axis>,
    /// Values to mark, on the left axis.
    pub limits: Vec<Limit>,
    /// When something happened, each marked from top to bottom.
    pub marks: Vec<Mark>,
    /// Whether lines behind the data make its height easier to read: what has no colour is clearer without.
    pub grid: bool,
    /// The instant that is looked at.
    pub crosshair: Option<Stamp>,
    /// The line that is looked at.
    pub focused: Option<&'a str>,
    /// The legend's calculations; absent for no legend, empty for the last value only.
    pub legend: Option<Vec<Calc>>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// What it is called; clean.
    pub name: String,
    /// In all its colours.
    pub colour: Color,
    /// What was measured: legends speak of these.
    pub measured: &'a [Sample],
    /// What is drawn, where it is not what was measured (stacked, negated): the same samples moved, and where each stands.
    pub drawn: Cow<'a, [Sample]>,
    /// Where each sample stands; empty for lines that stand on nothing.
    pub bases: Vec<f64>,
    /// How samples are marked.
    pub style: DrawStyle,
    /// Whether it belongs to the right axis.
    pub right: bool,
    /// The usual distance of samples.
    pub step: Option<Duration>,
    /// How its values are written.
    pub options: Cow<'a, FieldOptions>,
}

/// An instant that is marked from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Stamp,
    /// What is written beside it, at its foot; nothing where whoever draws the chart writes it elsewhere.
    pub words: Clean,
    /// How it is painted.
    pub role: Role,
}

/// A value that is marked across the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Where.
    pub value: f64,
    /// What is written beside it; clean.
    pub label: String,
    /// In all its colours.
    pub colour: Color,
    /// Whether the axis reaches to it even when the data doesn't.
    pub reach: bool,
}
