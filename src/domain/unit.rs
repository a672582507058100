//! Grafana's units: how a number is written with what it measures.

/// A unit by Grafana's id (`bytes`, `percentunit`, `reqps`); unknown ids are written behind the number, as Grafana does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unit(pub String);
