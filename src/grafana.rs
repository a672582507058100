//! Grafana's dashboard JSON, read tolerantly into panels. Pure: it asks for nothing and draws nothing.
//!
//! [`read`] makes a [`model::Dashboard`] of a file; what it could not understand stands in its notes.

mod json;
pub mod model;
mod read;
pub mod step;
pub mod variables;
mod words;

pub use read::{ReadError, read};
