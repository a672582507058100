#![allow(clippy::unwrap_used, clippy::float_cmp)]
use ratatui::style::Color;

use super::*;
use crate::domain::unit::Unit;
use crate::grafana::model::{PanelKind, TimeseriesOptions};
use crate::ui::panels::tests::stage::{Stage, wave};

fn stage(names: &[&str]) -> Stage {
    let mut stage = Stage::new(PanelKind::Timeseries(TimeseriesOptions::default()));
    for name in names {
        stage.series(&[("__name__", "up"), ("instance", name), ("job", "shop")], wave(3, |x| x));
    }
    stage
}

fn names(stage: &Stage) -> Vec<String> {
    stage.with(|input| fields(input, 100).shown.into_iter().map(|f| f.name).collect())
}

fn shades(stage: &Stage) -> Vec<(String, Color)> {
    stage.with(|input| {
        let fields = fields(input, 100).shown;
        let colours = colours(&fields, input.look);
        fields.into_iter().map(|f| f.name).zip(colours).collect()
    })
}

#[test]
fn series_are_called_by_template_or_by_what_tells_them_apart() {
    let mut stage = stage(&["a", "b"]);
    assert_eq!(names(&stage), ["a", "b"]);
    stage.legend = "{{ job }} on {{instance}} ({{none}})".into();
    assert_eq!(names(&stage), ["shop on a ()", "shop on b ()"]);
    stage.panel.field.display_name = Some("${__field.labels.instance}: ${__field.name}".into());
    assert_eq!(names(&stage), ["a: shop on a ()", "b: shop on b ()"]);
}

#[test]
fn series_have_the_names_that_transformations_give_them() {
    let mut stage = stage(&["a-1", "b-2"]);
    stage.panel.transformations = vec![
        Transformation::Rename { regex: "(.*)-.*".into(), with: "$1_x".into() },
        Transformation::Organize { hide: vec![], order: vec![], rename: vec![("b_x".into(), "the other".into())] },
    ];
    assert_eq!(names(&stage), ["a_x", "the other"]);
    let values = Transformation::Organize { hide: vec![], order: vec![], rename: vec![("Value #A".into(), "Used".into())] };
    stage.panel.transformations = vec![values];
    assert_eq!(names(&stage), ["Used", "Used"]);
}

#[test]
fn rule_04_names_are_clean() {
    assert_eq!(names(&stage(&["\u{1b}]52;c;AA\u{7}", "b"])), ["\\x1b]52;c;AA\\x07", "b"]);
}

#[test]
fn overrides_take_the_fields_they_name() {
    let mut stage = stage(&["a", "b", "c"]);
    let take = |on, set| Override { on, set };
    let except = FieldMatcher::Names { names: vec!["a".into(), "b".into()], except: true };
    stage.panel.overrides = vec![
        take(FieldMatcher::Regex("/^[ab]$/".into()), vec![Property::Unit(Unit("bytes".into()))]),
        take(except, vec![Property::Hidden(true)]),
        take(FieldMatcher::Query("B".into()), vec![Property::Min(1.0)]),
    ];
    stage.with(|input| {
        let Fields { shown, of } = fields(input, 100);
        assert_eq!((shown.len(), of), (2, 3));
        assert!(shown.iter().all(|f| f.options.unit.is_some() && f.options.min.is_none()));
    });
}

#[test]
fn of_too_many_the_greatest_stay_in_their_order() {
    let mut stage = stage(&[]);
    for (name, value) in [("a", 1.0), ("b", f64::NAN), ("c", 9.0), ("d", 5.0)] {
        stage.series(&[("n", name)], wave(2, |_| value));
    }
    stage.with(|input| {
        let Fields { shown, of } = fields(input, 2);
        assert_eq!((shown.into_iter().map(|f| f.name).collect::<Vec<_>>(), of), (vec!["c".to_owned(), "d".to_owned()], 4));
    });
}

#[test]
fn a_colour_stays_with_its_name() {
    let all = shades(&stage(&["a", "b", "c", "d", "e"]));
    let distinct: std::collections::HashSet<_> = all.iter().map(|(_, c)| format!("{c:?}")).collect();
    assert_eq!(distinct.len(), 5);
    let without_last = shades(&stage(&["a", "b", "c", "d"]));
    assert_eq!(all[..4], without_last[..]);
}

#[test]
fn a_fixed_colour_is_kept() {
    let mut stage = stage(&["a", "b"]);
    let set = vec![Property::Color("dark-red".into())];
    stage.panel.overrides = vec![Override { on: FieldMatcher::Name("b".into()), set }];
    assert_eq!(shades(&stage)[1].1, Color::from_u32(0xc4_162a));
}
