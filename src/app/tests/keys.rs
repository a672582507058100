//! What keys do: sequences, the palette, filters, and what is said when there is nothing to do.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::message::{Input, Message};
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::tests::fixtures::{alert, model, press, report, write};
use crate::app::update::update;
use crate::domain::range::TimeRange;

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}

/// On the Alerts screen, with three alerts.
fn alerts() -> Model {
    let mut model = model(&["production"]);
    report(&mut model, ["a", "b", "c"].map(alert).into());
    press(&mut model, "3");
    model
}

fn selected(model: &Model) -> String {
    model.screens.alerts.list.selected(&model.shared).unwrap().to_string()
}

#[test]
fn the_beginning_of_a_sequence_waits_for_its_end() {
    let mut model = alerts();
    press(&mut model, "j j g");
    assert_eq!((model.pending.len(), selected(&model).as_str()), (1, "c"));
    press(&mut model, "g");
    assert_eq!((model.pending.len(), selected(&model).as_str()), (0, "a"));
}

#[test]
fn esc_cancels_a_sequence_and_nothing_else() {
    let mut model = alerts();
    press(&mut model, "enter g esc");
    assert!(model.pending.is_empty());
    assert!(model.screens.alerts.list.detail.is_some());
    press(&mut model, "esc");
    assert_eq!(model.screens.alerts.list.detail, None);
}

#[test]
fn keys_that_mean_nothing_say_so_and_the_next_key_takes_the_words_away() {
    let mut model = alerts();
    press(&mut model, "x");
    assert!(said(&model).starts_with("x does nothing here"));
    press(&mut model, "g z");
    assert!(said(&model).starts_with("g z does nothing here"));
    assert!(model.pending.is_empty());
    press(&mut model, "j");
    assert_eq!(model.notice, None);
}

/// Over a slow line they look like one key with alt.
#[test]
fn escape_and_a_key_that_arrive_together_are_both_pressed() {
    let mut model = alerts();
    press(&mut model, "enter alt-j");
    assert_eq!((&model.screens.alerts.list.detail, selected(&model).as_str()), (&None, "b"));
}

#[test]
fn esc_never_leaves_the_console_and_q_does() {
    let mut model = alerts();
    assert_eq!(press(&mut model, "esc esc"), []);
    assert!(said(&model).contains('q'));
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
}

#[test]
fn the_palette_runs_commands() {
    let mut model = model(&["production"]);
    press(&mut model, ":");
    write(&mut model, "screen dashboards");
    press(&mut model, "enter");
    assert_eq!((model.screen, model.popup.is_none()), (ScreenId::Dashboards, true));
    press(&mut model, ":");
    write(&mut model, "redraw");
    assert_eq!(press(&mut model, "enter"), [Effect::Redraw]);
}

#[test]
fn the_palette_stays_open_over_a_mistake() {
    let mut model = model(&["production"]);
    press(&mut model, ":");
    write(&mut model, "screen attic");
    assert_eq!(press(&mut model, "enter"), []);
    assert!(said(&model).contains("attic"));
    assert!(matches!(model.popup, Some(Popup::Picker(_))));
    press(&mut model, "esc");
    assert_eq!((model.screen, model.popup.is_none()), (ScreenId::Overview, true));
}

#[test]
fn keys_in_a_popup_do_not_reach_the_screen() {
    let mut model = alerts();
    press(&mut model, ":");
    write(&mut model, "q1");
    assert_eq!((model.screen, selected(&model).as_str()), (ScreenId::Alerts, "a"));
    press(&mut model, "esc ? j j");
    assert_eq!((selected(&model).as_str(), &model.popup), ("a", &Some(Popup::Help(2))));
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_esc_brings_back_what_was() {
    let mut model = alerts();
    let shown = |model: &Model| model.screens.alerts.list.lines(&model.shared).len();
    press(&mut model, "/");
    write(&mut model, "alertname=b");
    assert_eq!((shown(&model), selected(&model).as_str()), (1, "b"));
    press(&mut model, "esc");
    assert_eq!((shown(&model), model.popup.is_none()), (3, true));
    press(&mut model, "/");
    write(&mut model, "alertname=c");
    press(&mut model, "enter / backspace");
    update(&mut model, Message::Input(Input::Paste("a\n".into())));
    assert_eq!(selected(&model), "a");
    press(&mut model, "esc");
    assert_eq!(selected(&model), "c");
    press(&mut model, "esc");
    assert_eq!(shown(&model), 3);
}

#[test]
fn the_range_is_chosen_by_words_or_from_a_list() {
    let mut model = model(&["production"]);
    press(&mut model, ":");
    write(&mut model, "range 6h");
    press(&mut model, "enter");
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(6 * 3600)));
    press(&mut model, ":");
    write(&mut model, "range yesterday");
    press(&mut model, "enter");
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(6 * 3600)));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad));
    press(&mut model, "esc t down enter");
    assert_eq!(model.shared.range, TimeRange::Last(Duration::from_secs(12 * 3600)));
}

#[test]
fn nothing_is_broken_outside_the_demo() {
    let mut model = model(&["production"]);
    assert_eq!(press(&mut model, "f1"), []);
    assert!(said(&model).contains("midwatch demo"));
    assert_eq!(model.popup, None);
}

#[test]
fn the_labels_of_the_selected_alert_are_copied() {
    let mut model = model(&["production"]);
    report(&mut model, vec![alert("a")]);
    let copied = press(&mut model, "3 y");
    assert_eq!(copied, [Effect::Copy(alert("a").labels.to_string())]);
}
