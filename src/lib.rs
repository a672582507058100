//! midwatch: a terminal console for on-call over SSH.
//!
//! The Elm Architecture, with a functional core and an imperative shell:
//!
//! ```text
//! update(&mut Model, Message) -> Vec<Effect>      needs(&Model) -> Vec<Need>      view(&Model, &mut Frame)
//! ```
//!
//! All three are synchronous, read no clock and do no IO: time arrives in messages. After each update the [`runtime`] compares
//! the needs with what is being fetched, starts and cancels accordingly, and feeds answers back as messages.
//!
//! What is deliberately absent where:
//!
//! - [`domain`] holds plain values. No IO, no clock, no drawing.
//! - [`grafana`] turns dashboard JSON into panels. It asks for nothing and draws nothing.
//! - [`app`] is the model and its update. It knows neither tokio nor a network client nor how anything is drawn.
//! - [`ui`] draws the model. It changes nothing and asks for nothing.
//! - [`config`] reads `midwatch.toml`. It connects to nothing.
//! - [`ports`] are the traits through which [`jobs`] reach the world. Jobs know no adapter and no screen.
//! - [`adapters`] speak to the outside world. They know no screen.
//! - [`demo`] is the throwaway stack. It knows no screen either.
//! - [`runtime`] alone sees both sides; [`cli`] picks what runs.
//!
//! Imports point down only; `tests/tidy.rs` keeps it so.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod grafana;
pub mod jobs;
pub mod ports;
pub mod runtime;
pub mod ui;
