//! The Backups screen: clocks, calendar, what is selected, and what its keys ask for.

use std::sync::Arc;
use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::{Model, needs};
use crate::app::need::Source;
use crate::app::popup::Popup;
use crate::app::screens::backups::calendar::{Mark, weeks};
use crate::app::screens::backups::shelf::{Clock, Shelf, rpo, rto, shelves};
use crate::app::store::Freshness;
use crate::app::tests::fixtures::backups::{DAY, HOUR, backup, damaged, holds, keeps, orphan, proved};
use crate::app::tests::fixtures::jobs::{ended, ledger};
use crate::app::tests::fixtures::{fail, model, press, wait};
use crate::domain::backup::Method;
use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::fault::FaultKind;
use crate::domain::job::Outcome;
use crate::domain::name::Name;

const BOTH: &[Method] = &[Method::Logical, Method::Physical];

/// On the Backups screen, with what `local` holds.
fn console(entries: Vec<Entry>) -> Model {
    let mut model = model(&["production"]);
    keeps(&mut model, &[("orders", BOTH), ("cache", &[Method::Rdb])]);
    press(&mut model, "6");
    holds(&mut model, "local", entries, vec![]);
    model
}

fn orders() -> Shelf {
    Shelf { repository: "local".into(), environment: "production".into(), service: "orders".into() }
}

fn hours(n: u64) -> Duration {
    Duration::from_secs(n * HOUR)
}

/// The words of the plan that is asked for.
fn wished(effects: &[Effect]) -> String {
    match effects {
        [Effect::Plan(wish)] => wish.call.join(" "),
        other => format!("{other:?}"),
    }
}

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}

#[test]
fn rule_15_a_checksum_moves_no_clock() {
    let unproved = console(vec![backup("orders", HOUR), damaged(backup("orders", 2 * HOUR), HOUR)]);
    assert_eq!(rpo(&unproved.shared, &orders()), Clock::Never);
    assert_eq!(rpo(&unproved.shared, &orders()).is_kept(), Some(false));
    let old = console(vec![backup("orders", HOUR), proved(backup("orders", 30 * HOUR), HOUR)]);
    let clock = rpo(&old.shared, &orders());
    assert_eq!((clock, clock.is_kept()), (Clock::Measured(hours(30), Some(hours(24))), Some(false)));
    let forged = Entry { attestation: Attestation::Forged, ..proved(backup("orders", HOUR), HOUR) };
    assert_eq!(rpo(&console(vec![forged]).shared, &orders()), Clock::Never);
}

#[test]
fn the_clocks_tell_the_age_of_the_data_and_the_newest_time_to_restore() {
    let model = console(vec![proved(backup("orders", 3 * HOUR), 60)]);
    assert_eq!(rpo(&model.shared, &orders()), Clock::Measured(hours(3), Some(hours(24))));
    assert_eq!(rto(&model.shared, &orders()), Clock::Measured(Duration::from_secs(38), Some(Duration::from_secs(900))));
}

#[test]
fn rule_02_a_repository_that_has_not_answered_is_neither_empty_nor_well() {
    let mut model = model(&["production"]);
    keeps(&mut model, &[("orders", BOTH)]);
    assert_eq!((rpo(&model.shared, &orders()), rpo(&model.shared, &orders()).is_kept()), (Clock::Unknown, None));
    fail(&mut model, Source::Catalogue("local".into()), FaultKind::Unreachable);
    assert_eq!(rto(&model.shared, &orders()), Clock::Unknown);
}

#[test]
fn rule_01_an_old_catalogue_keeps_its_backups_and_tells_its_age() {
    let mut model = console(vec![proved(backup("orders", HOUR), 60)]);
    fail(&mut model, Source::Catalogue("local".into()), FaultKind::Timeout);
    wait(&mut model, 600);
    assert!(matches!(model.shared.freshness(&Source::Catalogue("local".into())), Freshness::Stale { .. }));
    assert_eq!(rpo(&model.shared, &orders()), Clock::Measured(hours(1) + Duration::from_secs(600), Some(hours(24))));
}

#[test]
fn what_lies_in_a_repository_without_a_policy_has_its_own_shelf() {
    let model = console(vec![backup("orders", HOUR), backup("billing", HOUR)]);
    let services: Vec<_> = shelves(&model.shared).iter().map(|shelf| shelf.service.to_string()).collect();
    assert_eq!(services, ["orders", "cache", "billing"]);
}

#[test]
fn the_calendar_shows_the_best_of_each_day_and_no_day_that_has_not_come() {
    // The test begins on a Sunday at three in the morning.
    let mut model = console(vec![]);
    let entries = vec![
        backup("orders", HOUR),
        proved(backup("orders", DAY), HOUR),
        damaged(backup("orders", DAY + HOUR), HOUR),
        damaged(backup("orders", 2 * DAY), HOUR),
        backup("cache", 5 * DAY),
    ];
    holds(&mut model, "local", entries, vec![orphan("orders", 3 * DAY)]);
    ledger(&mut model, &[ended(7, "backup orders", Outcome::Failed, 4 * DAY)]);
    let weeks = weeks(&model.shared, &orders(), 2);
    let week = [Mark::Nothing, Mark::Nothing, Mark::Failed, Mark::Orphan, Mark::Failed, Mark::Proved, Mark::ChecksumOnly];
    assert_eq!(weeks[1].days, week.map(Some));
    assert_eq!(weeks[0].days, [Some(Mark::Nothing); 7]);
    wait(&mut model, DAY);
    let monday = crate::app::screens::backups::calendar::weeks(&model.shared, &orders(), 1);
    assert_eq!(monday[0].days, [Some(Mark::Nothing), None, None, None, None, None, None]);
}

#[test]
fn a_backup_stays_selected_when_newer_ones_come_before_it() {
    let mut model = console(vec![backup("orders", HOUR), backup("orders", 2 * HOUR)]);
    press(&mut model, "enter j");
    let selected = |model: &Model| model.screens.backups.selected(&model.shared).unwrap().id().clone();
    let before = selected(&model);
    holds(&mut model, "local", vec![backup("orders", 60), backup("orders", HOUR), backup("orders", 2 * HOUR)], vec![]);
    assert_eq!(selected(&model), before);
    press(&mut model, "enter");
    holds(&mut model, "local", vec![], vec![]);
    assert_eq!(model.screens.backups.detail.as_ref().unwrap().entry.manifest.id, before);
}

#[test]
fn b_asks_how_where_there_are_several_ways() {
    let mut model = console(vec![]);
    assert_eq!(press(&mut model, "b"), []);
    assert!(matches!(model.popup, Some(Popup::Picker(_))));
    assert_eq!(wished(&press(&mut model, "down enter")), "backup orders --method physical");
    press(&mut model, "esc j");
    assert_eq!(wished(&press(&mut model, "b")), "backup cache");
}

#[test]
fn v_proves_the_newest_of_a_service_or_the_selected_one() {
    let mut model = console(vec![backup("orders", HOUR), backup("orders", 2 * HOUR)]);
    let id = |seconds| backup("orders", seconds).manifest.id.0;
    assert_eq!(wished(&press(&mut model, "v")), format!("verify {}", id(HOUR)));
    assert_eq!(wished(&press(&mut model, "esc enter j v")), format!("verify {}", id(2 * HOUR)));
    assert_eq!(wished(&press(&mut model, "esc enter v")), format!("verify {}", id(2 * HOUR)));
    assert_eq!(wished(&press(&mut model, "esc esc V")), "verify --all");
    assert_eq!(wished(&press(&mut model, "esc x")), "clean local");
}

#[test]
fn rule_14_what_has_no_manifest_is_no_backup_to_prove() {
    let mut model = console(vec![]);
    holds(&mut model, "local", vec![], vec![orphan("orders", HOUR)]);
    assert_eq!(press(&mut model, "v"), []);
    assert!(said(&model).contains("no backup"));
    assert_eq!(press(&mut model, "enter v"), []);
    assert!(said(&model).contains("cleaned"));
    assert_eq!(press(&mut model, "enter"), []);
    assert_eq!(model.screens.backups.detail, None);
}

#[test]
fn b_on_the_overview_backs_the_selected_service_up() {
    let mut model = console(vec![]);
    assert_eq!(press(&mut model, "1 b"), []);
    assert!(said(&model).contains("Tab"));
    assert_eq!(wished(&press(&mut model, "tab j b")), "backup cache");
}

#[test]
fn a_service_without_a_policy_says_what_to_write() {
    let mut model = console(vec![]);
    Arc::make_mut(&mut model.shared.setup).environments[0].services[1].backup = None;
    assert_eq!(press(&mut model, "1 tab j b"), []);
    assert!(said(&model).contains("[environments.production.services.cache.backup]"));
}

#[test]
fn repositories_are_listed_where_their_clocks_are_seen_and_nowhere_else() {
    let mut model = console(vec![]);
    let asks = |model: &Model| needs(model).iter().any(|need| need.source == Source::Catalogue("local".into()));
    for (key, wanted) in [("1", true), ("2", false), ("3", false), ("5", false), ("6", true)] {
        press(&mut model, key);
        assert_eq!(asks(&model), wanted, "{key}");
    }
}

#[test]
fn an_orphan_is_told_by_the_name_in_its_id_alone() {
    let mut model = console(vec![]);
    holds(&mut model, "local", vec![], vec![orphan("orders", HOUR), orphan("my-orders", HOUR)]);
    let ids: Vec<_> = model.screens.backups.lying(&model.shared).iter().map(|one| one.id().clone()).collect();
    assert_eq!(ids, [backup("orders", HOUR).manifest.id]);
    let name: Name = "my-orders".into();
    let other = Shelf { service: name, ..orders() };
    assert_eq!(crate::app::screens::backups::shelf::lying(&model.shared, &other).len(), 1);
}
