//! The screens on a bad night, cell by cell.

use insta::assert_snapshot;
use ratatui::buffer::Buffer;

use crate::app::tests::fixtures::press;
use crate::ui::tests::night::{answer_graphs, draw, night, resize};
use crate::ui::tests::picture::{styled, text};
use crate::ui::theme::{Charset, Depth, Look};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

/// The characters alone.
fn shown(keys: &str, size: (u16, u16), look: &Look) -> String {
    text(&drawn(keys, size, look))
}

fn drawn(keys: &str, (width, height): (u16, u16), look: &Look) -> Buffer {
    let mut model = night();
    resize(&mut model, width, height);
    press(&mut model, keys);
    answer_graphs(&mut model);
    draw(&model, look)
}

fn ascii() -> Look {
    Look { charset: Charset::Ascii, ..Look::default() }
}

#[test]
fn overview() {
    assert_snapshot!(styled(&drawn("1", SMALL, &Look::default())));
    assert_snapshot!(shown("1", LARGE, &Look::default()));
    assert_snapshot!(shown("1 tab", SMALL, &ascii()));
}

#[test]
fn overview_without_colour() {
    assert_snapshot!(styled(&drawn("1", SMALL, &Look { depth: Depth::Mono, ..Look::default() })));
}

#[test]
fn alerts() {
    assert_snapshot!(styled(&drawn("3 j", SMALL, &Look::default())));
    assert_snapshot!(shown("3 o o", LARGE, &Look::default()));
}

#[test]
fn alert() {
    assert_snapshot!(shown("3 enter", SMALL, &Look::default()));
    assert_snapshot!(shown("3 enter", LARGE, &Look::default()));
    assert_snapshot!(shown("3 G enter pagedown", SMALL, &ascii()));
}

#[test]
fn dashboards() {
    assert_snapshot!(shown("2", SMALL, &Look::default()));
}

#[test]
fn dashboard() {
    assert_snapshot!(shown("2 enter", SMALL, &Look::default()));
    assert_snapshot!(shown("2 enter ] [", LARGE, &Look::default()));
    assert_snapshot!(shown("2 enter", SMALL, &ascii()));
}

#[test]
fn popups() {
    assert_snapshot!(shown("3 ?", SMALL, &Look::default()));
    assert_snapshot!(shown("1 : s c r", SMALL, &Look::default()));
    assert_snapshot!(shown("3 g", SMALL, &Look::default()));
    assert_snapshot!(shown("3 / d b", SMALL, &Look::default()));
}
