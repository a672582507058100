#![allow(clippy::unwrap_used)]
//! Panels as pictures: what stands in the cells and in which style.

mod any;
mod pictures;
pub mod stage;
