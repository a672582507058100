//! The console draws no frame for a second that goes by where the dial tells that nothing would change: that must be so.

use std::time::Duration;

use crate::app::dial::dial;
use crate::app::model::{Model, needs};
use crate::app::need::{Data, Source};
use crate::app::tests::fixtures::{answer, dashboard, fail, matrix, model, press, report, rules, series, target, wait};
use crate::domain::fault::FaultKind;
use crate::domain::target::{Target, TargetHealth};
use crate::ui::tests::night::{SCREENS, draw, drilling, night, resize, storm};
use crate::ui::theme::Look;

/// Lets seconds go by; says how many of them changed nothing by the dial. Those must not change the screen.
fn pass(model: &mut Model, seconds: impl Iterator<Item = u64>, mut meanwhile: impl FnMut(&mut Model, u64)) -> usize {
    let mut still = 0;
    for second in seconds {
        let (dial_before, before) = (dial(model), draw(model, &Look::default()));
        wait(model, second);
        if dial_before.is_some() && dial_before == dial(model) {
            still += 1;
            assert_eq!(before, draw(model, &Look::default()), "second {second}");
        }
        meanwhile(model, second);
    }
    still
}

/// Everything that is asked for is answered: a quiet night.
fn hear_all(model: &mut Model, now: u64) {
    for need in needs(model) {
        let data = match need.source {
            Source::Alerts => {
                report(model, vec![]);
                continue;
            }
            Source::Rules => {
                rules(model, &[("DatabaseDown", false)]);
                continue;
            }
            Source::Jobs => Data::Jobs(vec![]),
            Source::Faults => Data::Faults(vec![]),
            Source::Targets => {
                let scraped = Some(model.shared.now.wall);
                Data::Targets(vec![Target { last_scrape: scraped, ..target("app", TargetHealth::Up, "") }])
            }
            Source::Receiving => Data::Strings(vec!["http://alerts:9093".into()]),
            Source::Dashboards => Data::Dashboards(vec![dashboard("shop", &["up", "up * 2", "up * 3"])]),
            _ => matrix(vec![series("app", now)]),
        };
        answer(model, need.source, data);
    }
}

/// The quiet night, with a dashboard open.
fn quiet() -> Model {
    let mut model = model(&["production"]);
    press(&mut model, "2");
    hear_all(&mut model, 0);
    press(&mut model, "enter");
    resize(&mut model, 120, 40);
    hear_all(&mut model, 0);
    model
}

#[test]
fn rule_01_a_second_that_the_dial_does_not_tell_changes_nothing_on_any_screen() {
    for mut model in [night(), storm(), drilling()] {
        for keys in SCREENS {
            press(&mut model, keys);
            let now = model.shared.now.mono.as_secs();
            pass(&mut model, now..now + 3, |_, _| {});
        }
    }
}

#[test]
fn a_dashboard_that_is_answered_stands_still_most_of_the_time() {
    let mut model = quiet();
    let still = pass(&mut model, 1..=120, |model, second| {
        if second % 5 == 0 {
            hear_all(model, second);
        }
    });
    assert!(still >= 100, "{still} of 120");
}

#[test]
fn rule_01_ages_are_counted_as_soon_as_something_is_not_fresh() {
    let mut model = quiet();
    assert!(pass(&mut model, 1..=60, |_, _| {}) <= 12, "nothing is answered any more");
    assert_eq!(dial(&model), None);
    let mut model = quiet();
    let patience = model.shared.environment().refresh * 2 + Duration::from_secs(2);
    let fails = |model: &mut Model, second| {
        hear_all(model, second);
        fail(model, Source::Rules, FaultKind::Timeout);
    };
    pass(&mut model, 1..=patience.as_secs() + 30, fails);
    assert_eq!(dial(&model).is_some(), model.shared.freshness(&Source::Rules).is_fresh());
}
