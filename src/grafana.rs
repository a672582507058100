//! Grafana's dashboard JSON, read tolerantly into panels. Pure: it asks for nothing and draws nothing.
//!
//! [`read`] makes a [`model::Dashboard`] of a file; what it could not understand stands in its notes. [`variables`] holds what is
//! chosen; [`expand()`] repeats panels over it and [`unroll`] opens and closes rows; [`ask()`] says what a panel wants to know
//! of Prometheus, and [`shown`] how it is called. Series are named where they are drawn.

mod ask;
mod expand;
mod json;
pub mod model;
pub mod pattern;
mod read;
mod step;
pub mod variables;
mod words;

pub use ask::{Ask, View, ask, shown, window};
pub use expand::{expand, unroll};
pub use read::{ReadError, read};
