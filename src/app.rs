//! The functional core of the console: model, messages, update, needs. Synchronous, without a clock and without IO.
//! It must not know tokio, a network client, or how anything is drawn.

pub mod alarm;
pub mod catalog;
pub mod command;
pub mod commands;
pub mod confirm;
pub mod dial;
pub mod effect;
pub mod filter;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod line;
pub mod lookout;
pub mod message;
pub mod model;
pub mod need;
pub mod pointer;
pub mod popup;
pub mod rows;
pub mod screen;
pub mod screens;
pub mod selection;
pub mod setup;
pub mod spot;
pub mod store;
pub mod update;

#[cfg(test)]
pub(crate) mod tests;
