//! The screens on a bad night, cell by cell.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use ratatui::buffer::Buffer;

use crate::app::command::Call;
use crate::app::effect::Effect;
use crate::app::message::{Message, Planned};
use crate::app::need::{Data, Source};
use crate::app::screens::jobs::known;
use crate::app::tests::fixtures::chaos::{armed, begun, drilled, drills, failing, faults, missed, on, over};
use crate::app::tests::fixtures::jobs::plan;
use crate::app::tests::fixtures::services::{standby, tells};
use crate::app::tests::fixtures::{answer, fail, press, wait, write};
use crate::app::update::update;
use crate::domain::chaos::end::{Ended, Found, Why};
use crate::domain::failure::Failure;
use crate::domain::fault::FaultKind;
use crate::domain::guard::Guard;
use crate::domain::job::State;
use crate::domain::triage::Triage;
use crate::ui::tests::night::{SCREENS, answer_graphs, draw, drilling, night, resize, storm};
use crate::ui::tests::picture::{styled, text};
use crate::ui::tests::trouble::troubled;
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

#[test]
fn chaos() {
    assert_snapshot!(styled(&drawn("8", SMALL, &Look::default())));
    assert_snapshot!(shown("8 G", LARGE, &Look::default()));
    assert_snapshot!(shown("8 [", SMALL, &Look::default()));
    assert_snapshot!(shown("8 [ j", LARGE, &ascii()));
    assert_snapshot!(shown("8 [ j enter", SMALL, &ascii()));
}

/// What a plan said of the selected scenario.
#[test]
fn a_scenario_that_may_begin_and_one_that_is_refused() {
    let source = Source::Plan("drill postgres-paused --target orders".split(' ').map(str::to_owned).collect());
    let refused = Failure::refused("DatabaseDown is pending or fires already, within the blast radius");
    let refused = refused.mend("midwatch alerts; drill when all is well");
    for verdict in [Ok(Arc::new(plan("drill postgres-paused --target orders", Guard::Strict))), Err(refused)] {
        let mut model = night();
        resize(&mut model, SMALL.0, SMALL.1);
        press(&mut model, "8");
        answer(&mut model, source.clone(), Data::Plan(verdict));
        assert_snapshot!(text(&draw(&model, &Look::default())));
    }
}

/// A drill while it runs, at both sizes; and its fault in the bar of another screen.
#[test]
fn a_drill_that_runs() {
    for (keys, size, look) in [("8 ]", SMALL, Look::default()), ("8 ]", LARGE, ascii()), ("5", SMALL, Look::default())] {
        let mut model = drilling();
        resize(&mut model, size.0, size.1);
        press(&mut model, keys);
        assert_snapshot!(text(&draw(&model, &look)));
    }
}

/// Rule 19: an end that fails is seen on every screen, and kept there.
#[test]
fn rule_19_an_end_that_fails_is_seen_on_every_screen() {
    let mut model = drilling();
    resize(&mut model, SMALL.0, SMALL.1);
    faults(&mut model, vec![failing(15, 3)]);
    press(&mut model, "8 ]");
    assert_snapshot!(styled(&draw(&model, &Look::default())));
    for keys in SCREENS {
        press(&mut model, keys);
        assert!(text(&draw(&model, &Look::default())).contains("FAULT NOT ENDED #15, 3 tries"), "{keys}");
    }
}

/// Rule 19: what was given up is never shown as if it were over, nor as if it still had time.
#[test]
fn rule_19_an_end_that_was_given_up_is_not_shown_as_an_end() {
    let mut model = drilling();
    resize(&mut model, SMALL.0, SMALL.1);
    let mut drill = on(15, "postgres-paused", 34);
    drill.state = State::Lost;
    drill.report.ended = Some(Ended { at: drill.submitted, took: Duration::ZERO, why: Why::Accepted });
    drills(&mut model, vec![drill]);
    faults(&mut model, vec![]);
    press(&mut model, "8 ]");
    assert_snapshot!(text(&draw(&model, &Look::default())));
}

#[test]
fn an_end_for_which_nobody_can_be_started_says_why() {
    let mut model = drilling();
    resize(&mut model, SMALL.0, SMALL.1);
    let mut drill = begun(15, "postgres-paused", 40);
    drill.state = State::Lost;
    drills(&mut model, vec![drill]);
    let words = Some("midwatch.toml:3: no such environment: production".to_owned());
    faults(&mut model, vec![Found { watched: false, words, ..armed(15, 60) }]);
    press(&mut model, "8 ]");
    let seen = text(&draw(&model, &Look::default()));
    assert!(seen.contains("may be on: its worker died"), "nobody knows better: {seen}");
    assert!(seen.contains("FAULT LEFT #15") && seen.contains("the last one said: midwatch.toml:3"), "{seen}");
}

/// A service of the bad night, open at a tab.
fn served(keys: &str, (width, height): (u16, u16), look: &Look) -> Buffer {
    let mut model = troubled();
    resize(&mut model, width, height);
    press(&mut model, keys);
    draw(&model, look)
}

#[test]
fn services() {
    assert_snapshot!(styled(&served("esc", SMALL, &Look::default())));
    assert_snapshot!(text(&served("esc j", LARGE, &Look::default())));
    assert_snapshot!(text(&served("esc", SMALL, &ascii())));
}

#[test]
fn service() {
    assert_snapshot!(text(&served("j", SMALL, &Look::default())));
    assert_snapshot!(text(&served("]", SMALL, &Look::default())));
    assert_snapshot!(text(&served("] k k", LARGE, &ascii())));
}

#[test]
fn sessions() {
    assert_snapshot!(styled(&served("] ]", SMALL, &Look::default())));
    assert_snapshot!(text(&served("] ] j", LARGE, &Look::default())));
    assert_snapshot!(text(&served("] ] ] ]", SMALL, &Look::default())));
}

#[test]
fn locks() {
    assert_snapshot!(styled(&served("] ] ]", SMALL, &Look::default())));
    assert_snapshot!(text(&served("] ] ] j j", LARGE, &ascii())));
    assert_snapshot!(text(&served("] ] ]", (80, 12), &Look { depth: Depth::Mono, ..Look::default() })));
}

#[test]
fn replication() {
    assert_snapshot!(text(&served("[", SMALL, &Look::default())));
}

#[test]
fn a_standby_that_is_behind() {
    let mut model = troubled();
    resize(&mut model, SMALL.0, SMALL.1);
    tells(&mut model, "orders", Triage::Postgres(Box::new(standby())));
    press(&mut model, "[");
    assert_snapshot!(text(&draw(&model, &Look::default())));
}

#[test]
fn redis() {
    for keys in ["] ]", "] ] ]", "] ] ] ]", "["] {
        let mut model = troubled();
        resize(&mut model, SMALL.0, SMALL.1);
        update(&mut model, Message::Call(Call::with("service", "cache")));
        press(&mut model, keys);
        assert_snapshot!(text(&draw(&model, &Look::default())));
    }
}

/// Rule 1: what is too old says so, and is not blanked.
#[test]
fn rule_01_sessions_that_are_old_say_so() {
    let mut model = troubled();
    resize(&mut model, SMALL.0, SMALL.1);
    press(&mut model, "] ] ]");
    wait(&mut model, 180);
    fail(&mut model, Source::Triage("orders".into()), FaultKind::Timeout);
    assert_snapshot!(text(&draw(&model, &Look::default())));
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
    let mut away: Vec<_> = known(&model.shared)[1..].iter().cloned().map(missed).collect();
    away.extend([over(31, "postgres-paused", 60, Some(9), 60), on(32, "redis-down", 20)].map(drilled));
    update(&mut model, Message::Away(away));
    assert_snapshot!(text(&draw(&model, &Look::default())));
}
