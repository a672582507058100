//! Grafana's dashboard JSON, read tolerantly into panels. Pure: it asks for nothing and draws nothing.
//!
//! [`read`] makes a [`model::Dashboard`] of a file; what it could not understand stands in its notes.

mod json;
pub mod model;
mod read;
mod words;

pub use read::{ReadError, read};
