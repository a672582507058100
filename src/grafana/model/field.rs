//! How values are written and drawn: a field's options, thresholds and mappings, and what overrides them for chosen fields.

use crate::domain::unit::Unit;

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
    /// Left out: a table's column, or a series of a graph.
    pub hidden: bool,
    /// A table's column: how its cells are drawn.
    pub cell: Cell,
}

/// How a table's cell is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// As text.
    #[default]
    Plain,
    /// As text in the colour of its threshold.
    Text,
    /// As text before the colour of its threshold.
    Background,
    /// As a bar between least and greatest.
    Gauge,
}

/// How a series is drawn.
#[expect(clippy::struct_excessive_bools, reason = "four switches of Grafana's that have nothing to do with each other")]
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
    /// Whether the line goes on over gaps (`spanNulls`, `nullPointMode: connected`).
    pub join_gaps: bool,
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
    /// Those that match, `/regex/`.
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
    /// One of several displayed names, or every one but these.
    Names {
        /// Displayed names.
        names: Vec<String>,
        /// Whether all others are meant.
        except: bool,
    },
    /// By its displayed name, as written: `/regex/` somewhere in it, or an expression for all of it.
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
    /// See [`FieldOptions::cell`].
    Cell(Cell),
    /// See [`FieldOptions::no_value`].
    NoValue(String),
}
