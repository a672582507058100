//! The mouse finds what is seen: every row, tab and key, wherever it was drawn, and nothing through what lies over it.

use crate::app::command::{Args, Call};
use crate::app::message::{Input, Message};
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::screen::ScreenId;
use crate::app::spot::Spot;
use crate::app::tests::fixtures::{alert, press, report};
use crate::app::update::update;
use crate::ui::Drawn;
use crate::ui::spots::Spots;
use crate::ui::tests::night::{SCREENS, answer_graphs, night, resize};
use crate::ui::tests::picture::text;
use crate::ui::theme::{Look, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What a console of this size draws.
fn drawn(model: &Model) -> (Buffer, Spots) {
    let (width, height) = model.shared.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let spots = crate::ui::view(model, &Look::default(), &mut Drawn::default(), &mut buf);
    (buf, spots)
}

fn click(model: &mut Model, spot: &Spot, twice: bool) {
    update(model, Message::Input(Input::Point(spot.clone(), twice)));
    answer_graphs(model);
}

/// Where a word is seen, from the top.
fn cells(model: &Model, word: &str) -> Vec<(u16, u16)> {
    let (buf, _) = drawn(model);
    let rows = text(&buf);
    let place = |(y, line): (usize, &str)| Some((line[..line.find(word)?].chars().count() as u16, y as u16));
    let found: Vec<_> = rows.lines().enumerate().filter_map(place).collect();
    assert!(!found.is_empty(), "no {word:?} in\n{rows}");
    found
}

/// What can be pointed at where a word is seen: a heading names things too, and is nothing to click.
fn at(model: &Model, word: &str) -> Option<Spot> {
    let spots = drawn(model).1;
    cells(model, word).into_iter().find_map(|(x, y)| spots.at(x, y).cloned())
}

#[test]
fn every_entry_of_every_list_is_selected_where_it_was_drawn() {
    let mut seen = 0;
    for (keys, size) in SCREENS.iter().flat_map(|keys| [(keys, (80, 24)), (keys, (200, 50))]) {
        let mut model = night();
        resize(&mut model, size.0, size.1);
        press(&mut model, keys);
        answer_graphs(&mut model);
        let entries: Vec<(Rect, Spot)> = drawn(&model).1.seen().map(|(area, spot)| (area, spot.clone())).collect();
        for (area, spot) in entries.into_iter().filter(|(_, spot)| !matches!(spot, Spot::Call(_) | Spot::Panel(_))) {
            let mut clicked = model.clone();
            click(&mut clicked, &spot, false);
            let (buf, spots) = drawn(&clicked);
            let area = spots.seen().find(|(_, other)| **other == spot).map_or(area, |(area, _)| area);
            let ground = buf[(area.x, area.y)].bg;
            assert_eq!(Some(ground), Look::default().style(Role::Selection).bg, "{keys} {spot:?}\n{}", text(&buf));
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_double_click_opens_an_alert_a_job_and_a_panel() {
    let mut model = night();
    resize(&mut model, 200, 50);
    let spot = at(&model, "HighLatency").unwrap();
    click(&mut model, &spot, true);
    assert_eq!(model.screen, ScreenId::Alerts);
    press(&mut model, "5");
    let spot = at(&model, "backup orders --method physical").unwrap();
    click(&mut model, &spot, true);
    assert!(model.screens.jobs.detail.is_some());
    press(&mut model, "2 enter");
    answer_graphs(&mut model);
    let spot = at(&model, "Memory").unwrap();
    click(&mut model, &spot, false);
    assert!(model.screens.dashboards.board.as_ref().is_some_and(|board| board.focus == 2 && !board.zoomed));
    click(&mut model, &spot, true);
    assert!(model.screens.dashboards.board.as_ref().is_some_and(|board| board.zoomed));
}

#[test]
fn the_key_line_and_the_tabs_are_buttons() {
    let mut model = night();
    resize(&mut model, 120, 24);
    let spot = at(&model, "3 Alerts").unwrap();
    click(&mut model, &spot, false);
    assert_eq!(model.screen, ScreenId::Alerts);
    let tab = at(&model, "Targets").unwrap();
    assert_eq!(tab, Spot::Call(Call::with("tab", "targets")));
    click(&mut model, &tab, false);
    assert!(text(&drawn(&model).0).contains("[Targets"));
    let help = at(&model, "? Help").unwrap();
    assert_eq!(help, Spot::Call(Call { command: "help", args: Args::default() }));
}

#[test]
fn a_list_that_reorders_between_the_frame_and_the_click_selects_what_was_seen() {
    let mut model = night();
    report(&mut model, vec![alert("b"), alert("c")]);
    press(&mut model, "3");
    let seen = at(&model, "c ").unwrap();
    report(&mut model, vec![alert("a"), alert("b"), alert("c")]);
    click(&mut model, &Spot::Alert("c".into()), false);
    assert!(seen == Spot::Alert("c".into()) || matches!(seen, Spot::Alert(_)));
    assert_eq!(model.screens.alerts.list.selected(&model.shared), Some("c".into()));
}

#[test]
fn nothing_is_reached_through_what_lies_over_it_and_no_plan_is_confirmed() {
    let mut model = night();
    resize(&mut model, 80, 24);
    press(&mut model, "5 c");
    let confirm = model.popup.clone();
    assert!(matches!(confirm, Some(Popup::Confirm(_))));
    let (_, spots) = drawn(&model);
    assert_eq!(spots.at(40, 12), None);
    let job = Spot::Job(crate::domain::job::JobId(13));
    click(&mut model, &job, true);
    click(&mut model, &Spot::Call(Call { command: "quit", args: Args::default() }), false);
    assert_eq!(model.popup, confirm);
}

#[test]
fn the_wheel_moves_through_what_lies_uppermost() {
    let mut model = night();
    press(&mut model, "5");
    let wheel = |model: &mut Model, down| update(model, Message::Input(Input::Wheel(down)));
    wheel(&mut model, true);
    let jobs = &model.screens.jobs;
    assert_eq!(jobs.listed(&model.shared).iter().position(|job| Some(job.id) == jobs.meant(&model.shared)), Some(3));
    press(&mut model, "?");
    wheel(&mut model, true);
    wheel(&mut model, false);
    wheel(&mut model, true);
    assert_eq!(model.popup, Some(Popup::Help(3)));
    press(&mut model, "esc :");
    wheel(&mut model, true);
    let spot = Spot::Offer(1);
    click(&mut model, &spot, false);
    assert!(matches!(&model.popup, Some(Popup::Picker(picker)) if picker.selected == 1));
}
