//! Draws the model on a terminal. It changes nothing and asks for nothing.

pub mod panels;
pub mod theme;
