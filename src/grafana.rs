//! Grafana's dashboard JSON, read tolerantly into panels. Pure: it asks for nothing and draws nothing.

pub mod model;
