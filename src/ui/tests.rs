#![allow(clippy::unwrap_used)]
//! Whole screens: what they show of a bad night, of hostile text, and at any size.

mod any;
mod hostile;
mod mouse;
pub mod night;
mod old;
pub mod picture;
mod screens;
mod still;
mod trouble;
