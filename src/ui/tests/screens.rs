//! The screens on a bad night, cell by cell.

use std::sync::Arc;

use insta::assert_snapshot;
use ratatui::buffer::Buffer;

use crate::app::effect::Effect;
use crate::app::message::{Message, Planned};
use crate::app::screens::jobs::known;
use crate::app::tests::fixtures::jobs::plan;
use crate::app::tests::fixtures::{press, write};
use crate::app::update::update;
use crate::domain::guard::Guard;
use crate::ui::tests::night::{answer_graphs, draw, night, resize, storm};
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

/// Ten alerts on eighty columns: what there is no room for is counted.
#[test]
fn overview_in_a_storm() {
    for (size, keys) in [(SMALL, "1"), (SMALL, "tab tab j j"), ((80, 40), "1"), (LARGE, "G")] {
        let mut model = storm();
        resize(&mut model, size.0, size.1);
        press(&mut model, keys);
        assert_snapshot!(text(&draw(&model, &Look::default())));
    }
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
fn tabs() {
    assert_snapshot!(shown("3 ]", SMALL, &Look::default()));
    assert_snapshot!(shown("3 ] enter", SMALL, &ascii()));
    assert_snapshot!(styled(&drawn("3 ] ]", SMALL, &Look::default())));
    assert_snapshot!(shown("3 ] ] j j enter", SMALL, &Look::default()));
    assert_snapshot!(shown("3 ] ] enter", LARGE, &ascii()));
    assert_snapshot!(styled(&drawn("3 [", SMALL, &Look::default())));
    assert_snapshot!(shown("3 [ enter", SMALL, &Look::default()));
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

#[test]
fn jobs() {
    assert_snapshot!(styled(&drawn("5", SMALL, &Look::default())));
    assert_snapshot!(shown("5 j", LARGE, &Look::default()));
    assert_snapshot!(shown("5 G", SMALL, &ascii()));
}

#[test]
fn job() {
    assert_snapshot!(shown("5 j enter", SMALL, &Look::default()));
    assert_snapshot!(shown("5 j enter k k tab", LARGE, &Look::default()));
    assert_snapshot!(shown("5 enter", SMALL, &Look::default()));
    assert_snapshot!(shown("5 j j j enter tab", SMALL, &ascii()));
    assert_snapshot!(shown("5 G enter tab tab", SMALL, &Look::default()));
}

#[test]
fn backups() {
    assert_snapshot!(styled(&drawn("6", SMALL, &Look::default())));
    assert_snapshot!(shown("6 enter j", LARGE, &Look::default()));
    assert_snapshot!(shown("6 enter j j", SMALL, &ascii()));
    assert_snapshot!(shown("6 j j", SMALL, &Look::default()));
}

#[test]
fn backup() {
    assert_snapshot!(shown("6 enter j j enter", SMALL, &Look::default()));
    assert_snapshot!(shown("6 enter j j j j j enter", LARGE, &Look::default()));
    assert_snapshot!(shown("6 enter enter", SMALL, &ascii()));
}

/// A plan over the Backups screen, typed into.
fn confirming(guard: Guard, typed: &str, (width, height): (u16, u16), look: &Look) -> String {
    let mut model = night();
    Arc::make_mut(&mut model.shared.setup).environments[0].guard = guard;
    resize(&mut model, width, height);
    let effects = press(&mut model, "6 b down enter");
    let [Effect::Plan(wish)] = effects.as_slice() else { panic!("{effects:?}") };
    let planned = Planned { plan: Arc::new(plan("backup orders --method physical", guard)), unlocked: None };
    update(&mut model, Message::Planned(wish.clone(), Ok(planned)));
    write(&mut model, typed);
    press(&mut model, "enter");
    text(&draw(&model, look))
}

#[test]
fn a_plan() {
    assert_snapshot!(confirming(Guard::Confirm, "order", SMALL, &Look::default()));
    assert_snapshot!(confirming(Guard::Strict, "", LARGE, &Look::default()));
    assert_snapshot!(confirming(Guard::ReadOnly, "", SMALL, &ascii()));
    assert_snapshot!(confirming(Guard::Confirm, "order", (80, 16), &Look::default()));
}

#[test]
fn asking_something_of_a_job() {
    assert_snapshot!(shown("5 j c", SMALL, &Look::default()));
    assert_snapshot!(shown("5 R", SMALL, &Look::default()));
}

#[test]
fn what_happened_while_one_was_away() {
    let mut model = night();
    resize(&mut model, SMALL.0, SMALL.1);
    let ended = known(&model.shared)[1..].to_vec();
    update(&mut model, Message::Away(ended));
    assert_snapshot!(text(&draw(&model, &Look::default())));
}
