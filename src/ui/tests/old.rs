//! What is old, partial or unknown is never drawn as if all were well.

use crate::app::model::Model;
use crate::app::need::{Data, Source};
use crate::app::tests::fixtures::jobs::ledger;
use crate::app::tests::fixtures::{alert, answer, fail, members, model, press, report, rules, wait};
use crate::domain::alert::Union;
use crate::domain::fault::FaultKind;
use crate::ui::tests::night::{draw, night, resize, silence};
use crate::ui::tests::picture::text;
use crate::ui::theme::Look;

fn picture(model: &Model) -> String {
    text(&draw(model, &Look::default()))
}

#[test]
fn rule_03_nothing_fires_is_said_only_where_somebody_answered() {
    let mut model = model(&["production"]);
    assert!(picture(&model).contains("unknown"));
    fail(&mut model, Source::Alerts, FaultKind::Unreachable);
    for screen in ["1", "3"] {
        press(&mut model, screen);
        assert!(!picture(&model).contains("nothing fires"));
    }
    report(&mut model, vec![]);
    for screen in ["1", "3"] {
        press(&mut model, screen);
        assert!(picture(&model).contains("nothing fires"));
    }
    wait(&mut model, 60);
    for screen in ["1", "3"] {
        press(&mut model, screen);
        assert!(!picture(&model).contains("nothing fires"));
    }
}

#[test]
fn rule_01_a_repository_that_no_longer_answers_has_an_age_and_keeps_no_promise() {
    let mut model = night();
    resize(&mut model, 140, 40);
    press(&mut model, "6 j");
    assert!(picture(&model).contains("RPO ✔ 5h"), "{}", picture(&model));
    fail(&mut model, Source::Catalogue("local".into()), FaultKind::Timeout);
    wait(&mut model, 600);
    let drawn = picture(&model);
    assert!(drawn.contains("RPO ? 5h") && drawn.contains("stale 8m") && drawn.contains("timeout"), "{drawn}");
    press(&mut model, "1");
    assert!(picture(&model).contains("RPO ? 5h"), "{}", picture(&model));
}

#[test]
fn rule_02_no_job_was_ever_run_is_said_only_where_the_ledger_answered() {
    let mut model = model(&["production"]);
    press(&mut model, "5");
    assert!(picture(&model).contains("unknown"));
    fail(&mut model, Source::Jobs, FaultKind::Failing);
    let drawn = picture(&model);
    assert!(drawn.contains("unknown") && drawn.contains("jobs unknown"), "{drawn}");
    ledger(&mut model, &[]);
    assert!(picture(&model).contains("no job was ever run"));
}

#[test]
fn rule_03_a_watchdog_that_was_heard_long_ago_is_no_good_news() {
    let mut model = night();
    resize(&mut model, 140, 40);
    assert!(picture(&model).contains("✔ watchdog"));
    wait(&mut model, 180);
    let drawn = picture(&model);
    assert!(drawn.contains("? watchdog") && !drawn.contains('✔'), "{drawn}");
}

#[test]
fn rule_03_a_watchdog_that_does_not_reach_alertmanager_is_lost() {
    let mut model = model(&["production"]);
    rules(&mut model, &[("Watchdog", true)]);
    report(&mut model, vec![alert("Other")]);
    assert!(picture(&model).contains("✖ watchdog lost"));
}

#[test]
fn rule_03_a_silence_that_one_member_knows_is_told_as_such() {
    let mut model = model(&["production"]);
    press(&mut model, "3 ]");
    let union = Union { known: vec![silence()], members: members(&[true, false]) };
    answer(&mut model, Source::Silences, Data::Silences(union));
    let drawn = picture(&model);
    assert!(drawn.contains("on 1 of 2 members") && drawn.contains("unreachable"), "{drawn}");
}

#[test]
fn rule_02_rules_that_are_evaluated_elsewhere_are_told_as_absent() {
    let mut model = model(&["production"]);
    report(&mut model, vec![]);
    answer(&mut model, Source::Rules, Data::Rules(vec![]));
    assert!(picture(&model).contains("prometheus no rules"), "{}", picture(&model));
}

#[test]
fn rule_01_nothing_is_green_after_a_night_without_an_answer() {
    let mut model = night();
    wait(&mut model, 8 * 3600);
    let look = Look::default();
    let good = look.style(crate::ui::theme::Role::Good).fg;
    for screen in ["1", "3", "3 enter"] {
        press(&mut model, screen);
        let buf = draw(&model, &look);
        let green = buf.content.iter().find(|cell| Some(cell.fg) == good && cell.symbol() != " ");
        assert_eq!(green, None, "{screen}:\n{}", text(&buf));
    }
}
