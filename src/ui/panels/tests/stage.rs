//! A panel with made-up data, and its picture.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::fault::Fault;
use crate::domain::range::Window;
use crate::domain::series::{Answer, Sample, Series};
use crate::domain::time::Stamp;
use crate::grafana::model::{FieldOptions, GridPos, Panel, PanelKind, Target, Times};
use crate::ui::panels::{Badge, Border, Input, Outcome, draw, frame};
use crate::ui::theme::Look;

pub use crate::ui::tests::picture::{styled, text};

/// 2026-11-22 02:00 UTC.
pub const START: i64 = 1_795_312_800_000;
/// An hour.
pub const SPAN: i64 = 3_600_000;

/// A panel and what its one query answered.
#[derive(Debug)]
pub struct Stage {
    pub panel: Panel,
    pub look: Look,
    pub legend: String,
    pub answer: Option<Answer>,
    pub fault: Option<Fault>,
    pub crosshair: Option<Stamp>,
    pub focused: Option<String>,
    pub scroll: usize,
}

impl Stage {
    pub fn new(kind: PanelKind) -> Self {
        Self {
            panel: panel(kind),
            look: Look::default(),
            legend: String::new(),
            answer: Some(Answer::default()),
            fault: None,
            crosshair: None,
            focused: None,
            scroll: 0,
        }
    }

    /// One more series in the answer.
    pub fn series(&mut self, labels: &[(&str, &str)], samples: Vec<Sample>) {
        let labels = labels.iter().map(|(n, v)| (*n, *v)).collect();
        self.answer.get_or_insert_default().series.push(Series { labels, samples });
    }

    pub fn with<T>(&self, then: impl FnOnce(&Input) -> T) -> T {
        let target = &self.panel.targets[0];
        let (answer, fault) = (self.answer.as_ref(), self.fault.as_ref());
        let results = [Outcome { target, legend: &self.legend, answer, fault }];
        then(&Input {
            panel: &self.panel,
            results: &results,
            window: Window { start: Stamp(START), end: Stamp(START + SPAN) },
            look: &self.look,
            crosshair: self.crosshair,
            focused_series: self.focused.as_deref(),
            scroll: self.scroll,
        })
    }

    pub fn buffer(&self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let inside = frame(&Clean::new(&self.panel.title), None::<&Badge>, Border::Light, &self.look, area, &mut buf);
        self.with(|input| draw(input, inside, &mut buf));
        buf
    }
}

pub fn panel(kind: PanelKind) -> Panel {
    let target = Target {
        ref_id: "A".into(),
        expr: "rate(x[5m])".into(),
        legend: String::new(),
        instant: false,
        format: "time_series".into(),
        min_step: None,
        interval_factor: 1,
        foreign: None,
    };
    Panel {
        id: 1,
        title: "Requests".into(),
        description: String::new(),
        place: GridPos::default(),
        kind,
        targets: vec![target],
        field: FieldOptions::default(),
        overrides: Vec::new(),
        transformations: Vec::new(),
        times: Times::default(),
        repeat: None,
        scope: Vec::new(),
    }
}

/// `n` samples over the stage's window.
pub fn wave(n: usize, value: impl Fn(f64) -> f64) -> Vec<Sample> {
    let at = |k: usize| Stamp(START + SPAN * k as i64 / (n.max(2) - 1) as i64);
    (0..n).map(|k| Sample { at: at(k), value: value(k as f64) }).collect()
}
