//! A dashboard as midwatch understands it: what is left of Grafana's JSON after reading it tolerantly.
//! Every string is as the file has it: drawn only through `Clean`, variables not yet put in.

use std::time::Duration;

use crate::domain::range::TimeRange;
use crate::domain::unit::Unit;

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
    /// What is chosen when the dashboard opens.
    pub current: Option<String>,
    /// Whether `All` is offered, and what it stands for where the file says (`.*`).
    pub all: Option<Option<String>>,
}

/// Where a variable's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum VariableKind {
    /// A query, kept by the form of its question; `regex` filters and shortens the values.
    Query { query: VariableQuery, regex: String, sort: u8 },
    /// Values given in the file, as `(text, value)`.
    Custom(Vec<(String, String)>),
    /// Durations, `1m,10m,1h`; `auto` is resolved by the range.
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
    LabelValues { selector: Option<String>, label: String },
    /// `label_names()`.
    LabelNames,
    /// `metrics(regex)`.
    Metrics(String),
    /// `query_result(promql)`: one value a series, `name{labels} value time`.
    QueryResult(String),
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
    /// A shorter or longer range of its own (`timeFrom`), and how far it looks back (`timeShift`).
    pub time_from: Option<Duration>,
    /// See `time_from`.
    pub time_shift: Option<Duration>,
    /// The least step between two samples (`interval`), as written; may hold variables.
    pub min_interval: Option<String>,
    /// The variable it is repeated over.
    pub repeat: Option<String>,
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
    /// `timeseries` and `graph`.
    Timeseries(TimeseriesOptions),
    /// `stat` and `singlestat`.
    Stat(StatOptions),
    /// `gauge`, and a `singlestat` that shows one.
    Gauge(Reduce),
    /// `bargauge`.
    BarGauge(Reduce),
    /// `table` and `table-old`.
    Table(TableOptions),
    /// A row's heading. Collapsed rows hold their panels.
    Row { collapsed: bool, panels: Vec<Panel> },
    /// Any other, by Grafana's name for it (`heatmap`, `text`, `logs`...).
    Other(String),
}

/// One query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `A`, `B`...
    pub ref_id: String,
    /// PromQL with Grafana's variables in it.
    pub expr: String,
    /// The legend's template, `{{instance}}`; `__auto` and empty mean the labels.
    pub legend: String,
    /// Whether it is asked for now only.
    pub instant: bool,
    /// `time_series`, `table` or `heatmap`.
    pub format: String,
    /// The least step, as written; may hold variables.
    pub min_step: Option<String>,
    /// Set when the query is not PromQL: the data source's name (`loki`, `cloudwatch`).
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
    /// Whether the colour fills the background rather than the digits.
    pub fill: bool,
    /// Text put before and after (old `singlestat`).
    pub prefix: String,
    /// See `prefix`.
    pub postfix: String,
}

/// Options of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// Column to sort by, and whether the greatest come first.
    pub sort: Option<(String, bool)>,
}

/// What Grafana calls a field's configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldOptions {
    /// How values are written.
    pub unit: Option<Unit>,
    /// Digits after the point.
    pub decimals: Option<u8>,
    /// The axis' or gauge's least value.
    pub min: Option<f64>,
    /// The axis' or gauge's greatest value.
    pub max: Option<f64>,
    /// Where colours change.
    pub thresholds: Thresholds,
    /// Values written as something else.
    pub mappings: Vec<Mapping>,
    /// A name instead of the legend's; may hold `${__field.labels.x}`.
    pub display_name: Option<String>,
    /// Written instead of an absent value.
    pub no_value: Option<String>,
    /// How the line is drawn.
    pub line: LineOptions,
    /// A table's column options: width in pixels, hidden, how a cell is drawn.
    pub hidden: bool,
}

/// How a series is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineOptions {
    /// `lines`, `bars` or `points`.
    pub style: DrawStyle,
    /// Whether series are stacked, and whether as shares of 100 %.
    pub stack: Stack,
    /// A fixed colour, as Grafana writes it (`red`, `semi-dark-blue`, `#E02F44`).
    pub color: Option<String>,
    /// Whether the axis of this series stands on the right.
    pub right_axis: bool,
    /// Base of a logarithmic axis.
    pub log: Option<f64>,
    /// Drawn below zero (`negative-Y`).
    pub negative: bool,
    /// Whether thresholds are drawn as lines or areas.
    pub thresholds: bool,
}

/// Marks that stand for samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DrawStyle {
    /// Joined.
    #[default]
    Lines,
    /// From zero up.
    Bars,
    /// Alone.
    Points,
}

/// Whether series stand on each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stack {
    /// Each from zero.
    #[default]
    None,
    /// Summed.
    Normal,
    /// As shares of the whole.
    Percent,
}

/// Where colours change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Whether values are percentages between `min` and `max`.
    pub percent: bool,
    /// Ascending; the first holds from minus infinity (`None`).
    pub steps: Vec<(Option<f64>, String)>,
}

/// A value written as something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Which values.
    pub on: MapOn,
    /// What is written; the value itself when absent.
    pub text: Option<String>,
    /// Its colour.
    pub color: Option<String>,
}

/// Which values a mapping takes.
#[derive(Clone, Debug, PartialEq)]
pub enum MapOn {
    /// This one, as Grafana writes it (`0`, `up`).
    Value(String),
    /// All between, both ends in; open where absent.
    Range(Option<f64>, Option<f64>),
    /// Those that match.
    Regex(String),
    /// `null`, `nan`, `null+nan`, `empty`, `true`, `false`.
    Special(String),
}

/// Options for chosen fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Which fields.
    pub on: FieldMatcher,
    /// What is set; what is not set keeps the panel's option.
    pub set: Vec<Property>,
}

/// Which fields an override takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldMatcher {
    /// By its displayed name.
    Name(String),
    /// By its displayed name, `/regex/`.
    Regex(String),
    /// By the query's letter.
    Query(String),
    /// By Grafana's type (`number`, `time`, `string`).
    Type(String),
    /// A form that takes no field here.
    Other(String),
}

/// One option that an override sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    /// See [`FieldOptions::unit`].
    Unit(Unit),
    /// See [`FieldOptions::decimals`].
    Decimals(u8),
    /// See [`FieldOptions::min`].
    Min(f64),
    /// See [`FieldOptions::max`].
    Max(f64),
    /// See [`FieldOptions::thresholds`].
    Thresholds(Thresholds),
    /// See [`FieldOptions::mappings`].
    Mappings(Vec<Mapping>),
    /// See [`FieldOptions::display_name`].
    DisplayName(String),
    /// See [`LineOptions::color`].
    Color(String),
    /// See [`LineOptions::stack`].
    Stack(Stack),
    /// See [`LineOptions::style`].
    Style(DrawStyle),
    /// See [`LineOptions::right_axis`].
    RightAxis(bool),
    /// See [`LineOptions::negative`].
    Negative(bool),
    /// See [`FieldOptions::hidden`].
    Hidden(bool),
}

/// A step between the answers and what is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Transformation {
    /// `merge` and `seriesToRows`: rows with equal labels become one.
    Merge,
    /// `joinByField` / `seriesToColumns`: rows with an equal value of the field become one.
    Join(String),
    /// `organize`: columns left out, ordered and renamed.
    Organize { hide: Vec<String>, order: Vec<(String, u32)>, rename: Vec<(String, String)> },
    /// `filterFieldsByName`: the columns that stay; by name or by `/regex/`.
    Keep { names: Vec<String>, regex: Option<String> },
    /// `sortBy`.
    Sort { field: String, descending: bool },
    /// `limit`.
    Limit(usize),
    /// `reduce`: one row a series with these calculations.
    Reduce(Vec<Calc>),
    /// `labelsToFields`.
    LabelsToFields,
    /// `renameByRegex`.
    Rename { regex: String, with: String },
    /// One that midwatch doesn't do, by name; the panel says so.
    Other(String),
}
