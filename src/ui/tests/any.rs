//! Whatever is pressed at whatever size: something is drawn.

use proptest::prelude::*;

use crate::app::layout::SMALLEST;
use crate::app::tests::fixtures::{model, press};
use crate::ui::tests::night::{SCREENS, draw, night, resize};
use crate::ui::tests::picture::text;
use crate::ui::theme::{Charset, Depth, Look};

fn looks() -> impl Strategy<Value = Look> {
    let depth = prop_oneof![Just(Depth::Mono), Just(Depth::Sixteen), Just(Depth::Indexed), Just(Depth::True)];
    let charset = prop_oneof![Just(Charset::Unicode), Just(Charset::Ascii)];
    (charset, depth).prop_map(|(charset, depth)| Look { charset, depth, ..Look::default() })
}

fn keys() -> impl Strategy<Value = &'static str> {
    const KEYS: &[&str] = &[
        "1",
        "2",
        "3",
        "5",
        "6",
        "8",
        "b",
        "c",
        "u",
        "R",
        "V",
        "j",
        "k",
        "g",
        "G",
        "enter",
        "esc",
        "tab",
        "backtab",
        "?",
        ":",
        "/",
        "t",
        "e",
        "o",
        "s",
        "v",
        "h",
        "l",
        "+",
        "-",
        "[",
        "]",
        "y",
        "pagedown",
        "pageup",
        "down",
        "up",
        "x",
        "a",
        "backspace",
        "left",
        "right",
        "home",
        "end",
        "f1",
    ];
    prop::sample::select(KEYS)
}

#[test]
fn a_terminal_that_is_too_small_is_told_so() {
    let mut model = model(&["production"]);
    let (columns, rows) = SMALLEST;
    for (width, height, fits) in [(columns, rows, true), (columns - 1, rows, false), (columns, rows - 1, false)] {
        resize(&mut model, width, height);
        let drawn = text(&draw(&model, &Look::default()));
        assert_eq!(!drawn.contains("needs"), fits, "{width}x{height}:\n{drawn}");
    }
    resize(&mut model, 0, 0);
    assert_eq!(text(&draw(&model, &Look::default())), "");
}

#[test]
fn every_screen_is_drawn_at_every_small_size() {
    let mut model = night();
    for keys in SCREENS {
        press(&mut model, keys);
        for (width, height) in (0..60).step_by(7).flat_map(|width| (0..24).step_by(3).map(move |height| (width, height))) {
            resize(&mut model, width, height);
            draw(&model, &Look::default());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_key_at_no_size_brings_the_console_down(
        sizes in prop::collection::vec((0u16..260, 0u16..80), 1..4),
        keys in prop::collection::vec(keys(), 1..25),
        look in looks(),
    ) {
        let mut model = night();
        for (n, key) in keys.iter().enumerate() {
            let (width, height) = sizes[n % sizes.len()];
            resize(&mut model, width, height);
            press(&mut model, key);
            let drawn = text(&draw(&model, &look));
            prop_assert!(look.charset == Charset::Unicode || drawn.is_ascii(), "{drawn}");
        }
    }
}
