//! What Prometheus knows of a metric besides its values. Source of the shapes: its HTTP API, `/api/v1/metadata`.

use std::sync::Arc;

/// One metric's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub metric: Arc<str>,
    /// `counter`, `gauge`, `histogram`, `summary`, `unknown`...
    pub kind: String,
    /// What it says it measures.
    pub help: String,
    /// Its unit; mostly empty.
    pub unit: String,
}
