#![allow(clippy::unwrap_used, clippy::float_cmp)]
use std::time::Duration;

use super::*;

fn labels(axis: &Axis, low: f64, high: f64, room: usize) -> Vec<String> {
    Scale::new(axis, low, high, room).ticks.into_iter().map(|(_, label)| label).collect()
}

fn unit(id: &str) -> Axis {
    Axis { unit: Some(Unit(id.into())), ..Axis::default() }
}

#[test]
fn marks_are_few_and_round() {
    assert_eq!(labels(&unit("none"), 0.0, 97.0, 3), ["0", "50", "100"]);
    assert_eq!(labels(&unit("none"), 0.0, 5.2, 3), ["0", "3", "6"]);
    assert_eq!(labels(&unit("none"), -3.0, 4.0, 3), ["-4", "0", "4"]);
    assert_eq!(labels(&unit("bytes"), 0.0, 3.7e9, 3), ["0 B", "2 GiB", "4 GiB"]);
    assert_eq!(labels(&unit("percentunit"), 0.0, 0.5, 2), ["0%", "50%"]);
}

#[test]
fn room_bounds_the_number_of_marks() {
    for room in 2..9 {
        for high in [0.003, 1.0, 7.7, 42.0, 999.0, 123_456.0] {
            let count = labels(&Axis::default(), 0.0, high, room).len();
            assert!((2..=room).contains(&count), "{count} marks for {high} with room for {room}");
        }
    }
}

#[test]
fn a_constant_does_not_lie_on_the_edge() {
    let scale = Scale::new(&Axis::default(), 5.0, 5.0, 3);
    assert!(scale.height(5.0).is_some_and(|h| h > 0.5 && h < 1.0));
    let zero = Scale::new(&Axis::default(), 0.0, 0.0, 3);
    assert_eq!((zero.low, zero.high, zero.height(0.0)), (0.0, 1.0, Some(0.0)));
}

#[test]
fn zero_is_in_view_where_it_is_near_and_where_bars_stand_on_it() {
    assert!(Scale::new(&Axis::default(), 2.0, 10.0, 3).low <= 0.0);
    assert!(Scale::new(&Axis::default(), 1000.0, 1010.0, 3).low > 900.0);
    assert!(Scale::new(&Axis { zero: true, ..Axis::default() }, 1000.0, 1010.0, 3).low <= 0.0);
}

#[test]
fn given_bounds_do_not_give_way() {
    let scale = Scale::new(&Axis { min: Some(10.0), max: Some(37.0), ..Axis::default() }, 0.0, 99.0, 3);
    assert_eq!((scale.low, scale.high), (10.0, 37.0));
}

#[test]
fn a_logarithm_has_powers_and_no_place_for_zero() {
    let scale = Scale::new(&Axis { log: Some(10.0), ..unit("none") }, 1.0, 1000.0, 4);
    assert_eq!(scale.ticks.iter().map(|(v, _)| v.log10().round()).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!((scale.height(0.0), scale.height(-1.0), scale.height(f64::NAN)), (None, None, None));
}

#[test]
fn instants_are_round_in_utc() {
    let end = Stamp(1_795_316_523_000); // 03:02:03
    let window = |span| Window { start: end.before(Duration::from_secs(span)), end };
    let words = |span, columns| instants(window(span), columns).into_iter().map(|(_, l)| l).collect::<Vec<_>>();
    assert_eq!(words(3600, 60), ["02:10", "02:20", "02:30", "02:40", "02:50", "03:00"]);
    assert_eq!(words(60, 60), ["03:01:15", "03:01:30", "03:01:45", "03:02:00"]);
    assert_eq!(words(86_400, 45), ["06:00", "12:00", "18:00", "Nov 22"]);
    assert_eq!(words(0, 45), [""; 0]);
}

#[test]
fn a_unit_all_labels_share_can_be_left_out() {
    let scale = Scale::new(&unit("reqps"), 0.0, 400.0, 3).without_common_unit();
    assert_eq!(scale.ticks.into_iter().map(|(_, l)| l).collect::<Vec<_>>(), ["0", "200", "400"]);
}

#[test]
fn marks_reach_given_bounds() {
    let axis = Axis { min: Some(0.0), max: Some(100.0), ..unit("percent") };
    assert_eq!(labels(&axis, 3.0, 60.0, 3), ["0%", "50%", "100%"]);
}
