//! What happens between the answers and what is drawn.

use super::Calc;

/// A step between the answers and what is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Transformation {
    /// `merge` and `seriesToRows`: rows with equal labels become one.
    Merge,
    /// `joinByField` / `seriesToColumns`: rows with an equal value of the field become one.
    Join(String),
    /// `organize`: columns left out, ordered and renamed.
    Organize {
        /// Columns left out.
        hide: Vec<String>,
        /// Where columns stand, `(name, place)`; others behind them.
        order: Vec<(String, u32)>,
        /// New names, `(old, new)`.
        rename: Vec<(String, String)>,
    },
    /// `filterFieldsByName`: the columns that stay; by name or by `/regex/`.
    Keep {
        /// By name.
        names: Vec<String>,
        /// By `/regex/`.
        regex: Option<String>,
    },
    /// `groupBy`: one row for each set of equal values; the calculations make columns `field (calc)`.
    GroupBy {
        /// The columns that must be equal.
        by: Vec<String>,
        /// What is made of others: `(field, calculations)`.
        calcs: Vec<(String, Vec<Calc>)>,
    },
    /// `calculateField` of two columns, or of a column and a number.
    Calculate {
        /// The new column.
        alias: String,
        /// A column or a number.
        left: String,
        /// What is done.
        operator: Operator,
        /// A column or a number.
        right: String,
        /// Whether the other columns are dropped.
        replace: bool,
    },
    /// `sortBy`.
    Sort {
        /// The column.
        field: String,
        /// Whether the greatest come first.
        descending: bool,
    },
    /// `limit`.
    Limit(usize),
    /// `reduce`: one row a series with these calculations.
    Reduce(Vec<Calc>),
    /// `labelsToFields`.
    LabelsToFields,
    /// `renameByRegex`.
    Rename {
        /// What is replaced in names, `/regex/`.
        regex: String,
        /// With what; `$1` stands for the first group.
        with: String,
    },
    /// One that midwatch doesn't do, by name; the panel says so.
    Other(String),
}

/// What `calculateField` does with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}
