//! A dashboard as midwatch understands it: what is left of Grafana's JSON after reading it tolerantly.
//! Every string is as the file has it: drawn only through `Clean`, variables not yet put in.

use std::time::Duration;

use crate::domain::range::TimeRange;

mod field;
mod transformation;

pub use field::{
    Cell, DrawStyle, FieldMatcher, FieldOptions, LineOptions, MapOn, Mapping, Override, Property, Stack, Thresholds,
};
pub use transformation::{Operator, Transformation};

/// One dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// Grafana's `uid`; empty when the file has none.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The range it opens with.
    pub time: Option<TimeRange>,
    /// How often it asks to be refreshed.
    pub refresh: Option<Duration>,
    /// In the order of the file.
    pub variables: Vec<Variable>,
    /// In the order of reading: by row, then column. Panels of a collapsed row stand inside it.
    pub panels: Vec<Panel>,
    /// What could not be understood, one line each, naming the panel or variable. Nothing is skipped in silence.
    pub notes: Vec<String>,
}

/// A variable the reader can choose a value for.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// As it is written in queries, without `$`.
    pub name: String,
    /// What the screen calls it; empty for the name.
    pub label: String,
    /// Grafana's `hide`: whether the picker leaves it out.
    pub hidden: bool,
    /// Where its values come from.
    pub kind: VariableKind,
    /// What is chosen when the dashboard opens, [`ALL`] among it; empty for the first that is offered.
    pub current: Vec<String>,
    /// Whether Grafana lets several be chosen: their values are then written as regular expressions.
    pub multi: bool,
    /// Whether `All` is offered, and what it stands for.
    pub all: All,
}

/// How Grafana writes the choice of all values.
pub const ALL: &str = "$__all";
/// How the choice of an interval that fits the range is written.
pub const AUTO: &str = "auto";

/// Whether every value can be chosen at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum All {
    /// Not offered.
    #[default]
    No,
    /// Every value that is offered, joined to a regular expression.
    Joined,
    /// What the file says (`.*`), put in as it is.
    As(String),
}

/// Where a variable's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableKind {
    /// A query, kept by the form of its question; `regex` filters and shortens the values.
    Query {
        /// What is asked.
        query: VariableQuery,
        /// `/regex/` or empty: which values are offered, and what of each.
        regex: String,
        /// Grafana's order: 0 none, 1 and 2 by letters, 3 and 4 by number, 5 and 6 by letters in any case, 7 and 8 natural; even ones descend.
        sort: u8,
    },
    /// Values given in the file, as `(text, value)`.
    Custom(Vec<(String, String)>),
    /// Durations, `1m,10m,1h`; [`AUTO`] is resolved by the range.
    Interval(Vec<String>),
    /// A value that cannot be chosen.
    Constant(String),
    /// Free text.
    Text(String),
    /// A data source: midwatch has one Prometheus an environment.
    Datasource,
    /// A kind that is named and not offered (`adhoc`, `groupby`...).
    Other(String),
}

/// Grafana's questions to Prometheus for a variable's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableQuery {
    /// `label_values(label)` and `label_values(metric{...}, label)`.
    LabelValues {
        /// Only of these series; of all where absent.
        selector: Option<String>,
        /// The label whose values are wanted.
        label: String,
    },
    /// `label_names()`.
    LabelNames,
    /// `metrics(regex)`.
    Metrics(String),
    /// `query_result(promql)`: one value a series, `name{labels} value time`.
    QueryResult(String),
    /// A selector alone: one value a series, `name{labels}`.
    Series(String),
    /// A form midwatch doesn't know.
    Other(String),
}

/// One panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Unique in its dashboard: the file's, or made up where missing or repeated.
    pub id: u32,
    /// May hold variables.
    pub title: String,
    /// Longer words, Markdown.
    pub description: String,
    /// Where it stands.
    pub place: GridPos,
    /// What it is.
    pub kind: PanelKind,
    /// What it asks Prometheus; hidden ones are left out.
    pub targets: Vec<Target>,
    /// The options that hold for every field.
    pub field: FieldOptions,
    /// Options for chosen fields, in order.
    pub overrides: Vec<Override>,
    /// Grafana's transformations, in order.
    pub transformations: Vec<Transformation>,
    /// Which part of time it shows, and how finely.
    pub times: Times,
    /// What it is repeated over.
    pub repeat: Option<Repeat>,
    /// Values of variables that hold in this copy of a repeated panel only: `(name, value)`.
    pub scope: Vec<(String, String)>,
}

/// Which part of time a panel shows, and how finely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// A shorter or longer range of its own (`timeFrom`).
    pub from: Option<Duration>,
    /// How far it looks back (`timeShift`).
    pub shift: Option<Duration>,
    /// The least step between two samples (`interval`), as written; may hold variables.
    pub min_interval: Option<String>,
    /// The most samples a series (`maxDataPoints`), where the file says.
    pub max_points: Option<u32>,
}

/// How a panel or row is repeated over the values of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The variable's name.
    pub variable: String,
    /// Whether the copies stand below each other rather than side by side.
    pub vertical: bool,
    /// How many stand side by side at most.
    pub per_row: u16,
}

/// Grafana's grid: 24 columns; a row of it is about 30 pixels. Old files without one are laid out from their rows and spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GridPos {
    /// 0 to 23.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// Columns.
    pub w: u16,
    /// Rows.
    pub h: u16,
}

/// The kinds of panel. What midwatch doesn't draw is named, never left out.
#[derive(Clone, Debug, PartialEq)]
pub enum PanelKind {
    /// `timeseries` and `graph`; states over time, too.
    Timeseries(TimeseriesOptions),
    /// `stat` and `singlestat`.
    Stat(StatOptions),
    /// `gauge`, and a `singlestat` that shows one.
    Gauge(Reduce),
    /// `bargauge`, and what compares values as a pie or as columns.
    BarGauge(Reduce),
    /// `table` and `table-old`.
    Table(TableOptions),
    /// `heatmap`.
    Heatmap,
    /// `text`: what it says, without its marks.
    Text(String),
    /// A row's heading. Collapsed rows hold their panels.
    Row {
        /// Whether it opens closed.
        collapsed: bool,
        /// What it holds while it is closed; an open row's panels follow it.
        panels: Vec<Panel>,
    },
    /// Any other, by Grafana's name for it (`heatmap`, `text`, `logs`...).
    Other(String),
}

impl PanelKind {
    /// Whether its samples are drawn where they stand in time.
    pub fn is_over_time(&self) -> bool {
        matches!(self, Self::Timeseries(_) | Self::Heatmap)
    }
}

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `A`, `B`...
    pub ref_id: String,
    /// `PromQL` with Grafana's variables in it.
    pub expr: String,
    /// The legend's template, `{{instance}}`; `__auto` and empty mean the labels.
    pub legend: String,
    /// Whether it is asked for now only.
    pub instant: bool,
    /// `time_series`, `table` or `heatmap`.
    pub format: String,
    /// The least step, as written; may hold variables.
    pub min_step: Option<String>,
    /// Grafana's `intervalFactor`: the step is this many times longer; 1 where the file says nothing.
    pub interval_factor: u32,
    /// Set when the query is not `PromQL`: the data source's name (`loki`, `cloudwatch`).
    pub foreign: Option<String>,
}

/// Which single value a panel makes of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calc {
    /// The newest value that is not null.
    #[default]
    LastNotNull,
    /// The newest sample, null or not.
    Last,
    /// The oldest that is not null.
    FirstNotNull,
    /// The arithmetic mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The sum.
    Sum,
    /// How many samples.
    Count,
    /// Greatest minus least.
    Range,
    /// Last minus first.
    Diff,
    /// How much was added in all, counter resets taken out.
    Delta,
}

/// How series become single values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reduce {
    /// One value a series.
    pub calc: Calc,
    /// All rows of a table as values instead of one a series.
    pub all_values: bool,
    /// Which field, as a name or `/regex/`; empty for numeric ones.
    pub fields: String,
}

/// Options of a time series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeseriesOptions {
    /// Whether a legend is shown, and with which calculations beside each name.
    pub legend: bool,
    /// See `legend`.
    pub legend_calcs: Vec<Calc>,
}

/// How a stat is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatOptions {
    /// The value.
    pub reduce: Reduce,
    /// Whether a sparkline stands below.
    pub sparkline: bool,
    /// What is written: `auto`, `value`, `value_and_name`, `name`, `none`.
    pub text_mode: String,
    /// What the colour is for.
    pub color: StatColor,
    /// Text put before and after (old `singlestat`).
    pub prefix: String,
    /// See `prefix`.
    pub postfix: String,
}

/// What a stat's colour is put on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatColor {
    /// The digits.
    #[default]
    Value,
    /// What is behind them.
    Background,
    /// Nothing.
    None,
}

/// Options of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// Column to sort by, and whether the greatest come first.
    pub sort: Option<(String, bool)>,
}
