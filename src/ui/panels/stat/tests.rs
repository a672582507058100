#![allow(clippy::unwrap_used, clippy::float_cmp)]
use super::*;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;
use crate::ui::panels::tests::stage::{SPAN, START, Stage, text, wave};

fn stage(options: StatOptions) -> Stage {
    Stage::new(PanelKind::Stat(options))
}

#[test]
fn rule_01_a_series_that_ended_tells_its_age() {
    let mut stage = stage(StatOptions::default());
    stage.series(&[("job", "a")], wave(61, |_| 1.0).into_iter().take(31).collect());
    let drawn = text(&stage.buffer(40, 8));
    assert!(drawn.contains("30m ago"), "{drawn}");
}

#[test]
fn rule_01_an_instant_value_has_the_age_of_its_sample() {
    let mut stage = stage(StatOptions::default());
    stage.series(&[("job", "a")], vec![Sample { at: Stamp(START + SPAN), value: 1.0 }]);
    assert!(!text(&stage.buffer(40, 8)).contains("ago"));
    stage.answer.as_mut().unwrap().sampled_at = Some(Stamp(START + SPAN - 240_000));
    assert!(text(&stage.buffer(40, 8)).contains("4m ago"));
}

#[test]
fn rule_02_no_number_is_not_a_good_value() {
    let mut stage = stage(StatOptions::default());
    stage.panel.field.thresholds.steps = vec![(None, "green".into())];
    stage.series(&[("job", "a")], wave(3, |_| f64::NAN));
    let buf = stage.buffer(20, 3);
    let unknown = stage.look.style(Role::Unknown).fg;
    assert!(text(&buf).contains("NaN"));
    assert!(buf.content().iter().any(|c| c.symbol() == "N" && Some(c.fg) == unknown));
}

#[test]
fn values_that_do_not_fit_are_counted() {
    let mut stage = stage(StatOptions::default());
    for n in 0..40 {
        stage.series(&[("job", &n.to_string())], wave(3, |_| 1.0));
    }
    let drawn = text(&stage.buffer(40, 6));
    assert!(drawn.contains("+29 more"), "{drawn}");
}

#[test]
fn bad_values_have_a_sign_beside_their_colour() {
    let mut stage = stage(StatOptions::default());
    stage.panel.field.thresholds.steps = vec![(None, "green".into()), (Some(2.0), "orange".into()), (Some(3.0), "red".into())];
    for (name, value) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        stage.series(&[("job", name)], wave(3, |_| value));
    }
    let drawn = text(&stage.buffer(40, 5));
    assert!(drawn.contains("2 !") && drawn.contains("3 !!") && !drawn.contains("1 !"), "{drawn}");
}
