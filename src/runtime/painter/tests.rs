//! How many bytes frames take, and that a terminal shows what they mean.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

use super::*;
use crate::app::tests::fixtures::{press, wait};
use crate::ui::tests::night::{SCREENS, answer_graphs, night, resize};
use crate::ui::theme::{Charset, Depth};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);
/// One segment, as TCP and Ethernet have it.
const SEGMENT: usize = 1_400;
/// What a TCP connection may send before it has heard anything.
const WINDOW: usize = 14_600;

/// A console, and everything that it wrote.
struct Recording {
    model: Model,
    painter: Painter<Vec<u8>>,
}

impl Recording {
    /// On a screen, drawn once.
    fn at(keys: &str, (width, height): (u16, u16), depth: Depth) -> Self {
        let mut model = night();
        resize(&mut model, width, height);
        press(&mut model, keys);
        answer_graphs(&mut model);
        let mut recording = Self { model, painter: Painter::new(Vec::new(), Look { depth, ..Look::default() }, true) };
        recording.bytes();
        recording
    }

    /// How many bytes the next frame takes.
    fn bytes(&mut self) -> usize {
        self.painter.out.clear();
        self.painter.paint(&self.model).unwrap();
        self.painter.out.len()
    }

    /// How many bytes the answer to a key takes.
    fn after(&mut self, key: &str) -> usize {
        press(&mut self.model, key);
        answer_graphs(&mut self.model);
        self.bytes()
    }

    fn anew(&mut self) -> usize {
        self.painter.forget();
        self.bytes()
    }
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    for keys in SCREENS {
        let mut recording = Recording::at(keys, LARGE, Depth::True);
        assert_eq!(recording.bytes(), 0, "{keys}");
    }
    let mut recording = Recording::at("6", LARGE, Depth::True);
    recording.painter.together(true);
    assert_eq!(recording.bytes(), 0);
    wait(&mut recording.model, 121);
    assert_eq!(recording.bytes(), 0, "a second passed");
}

#[test]
fn a_cursor_key_takes_half_a_kilobyte_at_most() {
    for (keys, size) in
        [("1", SMALL), ("3", SMALL), ("5", SMALL), ("6 enter", SMALL), ("3", LARGE), ("5", LARGE), ("6 enter", LARGE)]
    {
        let mut recording = Recording::at(keys, size, Depth::True);
        let bytes = ["j", "j", "k"].map(|key| recording.after(key));
        assert!(bytes.iter().all(|bytes| *bytes <= 500), "{keys} at {size:?}: {bytes:?}");
    }
}

#[test]
fn so_does_moving_from_panel_to_panel() {
    for size in [SMALL, LARGE] {
        let mut recording = Recording::at("2 enter", size, Depth::True);
        let bytes = ["right", "left"].map(|key| recording.after(key));
        assert!(bytes.iter().all(|bytes| (1..=500).contains(bytes)), "{size:?}: {bytes:?}");
    }
}

#[test]
fn a_key_within_a_page_takes_one_segment_at_most() {
    for (keys, pressed) in [("2 enter", "right"), ("2 enter", "]"), ("3", "/"), ("5", "G"), ("1", "tab"), ("6", "tab")] {
        let mut recording = Recording::at(keys, LARGE, Depth::True);
        let bytes = recording.after(pressed);
        assert!(bytes <= SEGMENT, "{pressed} on {keys}: {bytes}");
    }
}

#[test]
fn a_whole_screen_fits_what_tcp_may_send_at_once() {
    for keys in SCREENS {
        let mut recording = Recording::at(keys, LARGE, Depth::True);
        let bytes = recording.anew();
        assert!(bytes <= WINDOW, "{keys}: {bytes}");
    }
}

#[test]
fn without_colour_and_unicode_no_screen_writes_either() {
    for (keys, size) in SCREENS.iter().flat_map(|keys| [(keys, SMALL), (keys, LARGE)]) {
        let mut recording = Recording::at(keys, size, Depth::Mono);
        recording.painter.look.charset = Charset::Ascii;
        recording.anew();
        let frame = String::from_utf8(recording.painter.out.clone()).unwrap();
        assert!(frame.is_ascii(), "{keys}: {frame}");
        let inks = frame.split("\x1b[").filter_map(|sequence| sequence.split_once('m')).map(|(parameters, _)| parameters);
        let inks = inks.filter(|parameters| parameters.chars().all(|c| c.is_ascii_digit() || c == ';'));
        let mut numbers = inks.flat_map(|parameters| parameters.split(';')).filter_map(|number| number.parse::<u16>().ok());
        assert_eq!(numbers.find(|number| *number >= 30), None, "{keys}: {frame:?}");
    }
}

#[test]
fn each_ink_is_taken_up_once_however_often_it_is_needed() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 4));
    for (x, y) in (0..30).flat_map(|x| (0..4).map(move |y| (x, y))) {
        buffer[(x, y)].set_char('#').set_fg([Color::Red, Color::Green, Color::Blue][usize::from(x + y) % 3]);
    }
    let frame = String::from_utf8(encode::frame(None, &buffer, true)).unwrap();
    for ink in ["\x1b[31m", "\x1b[32m", "\x1b[34m"] {
        assert_eq!(frame.matches(ink).count(), 1, "{frame:?}");
    }
}

#[test]
fn what_comes_in_pieces_is_written_row_by_row() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 50));
    for (x, y) in (0..100).flat_map(|x| (0..50).map(move |y| (x, y))) {
        buffer[(x, y)].set_char('#').set_fg([Color::Red, Color::Green][usize::from(y) % 2]);
    }
    let frame = String::from_utf8(encode::frame(None, &buffer, true)).unwrap();
    assert_eq!(frame.matches("\x1b[32m").count(), 25, "each row is whole before the next begins");
}

#[test]
fn frames_are_put_between_marks_only_where_the_terminal_has_them() {
    let mut recording = Recording::at("1", SMALL, Depth::True);
    assert!(!String::from_utf8_lossy(&recording.painter.out).contains("2026"));
    recording.painter.together(true);
    recording.after("j");
    let frame = String::from_utf8(recording.painter.out.clone()).unwrap();
    assert!(frame.starts_with("\x1b[?2026h") && frame.ends_with("\x1b[?2026l"), "{frame:?}");
}

/// A terminal as ratatui's buffer would have it.
fn shows(parser: &vt100::Parser, buffer: &Buffer) -> Result<(), String> {
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let (cell, meant) = (parser.screen().cell(y, x).unwrap(), &buffer[(x, y)]);
            let half = x > 0 && unicode_width::UnicodeWidthStr::width(buffer[(x - 1, y)].symbol()) > 1;
            let symbol = if cell.has_contents() { cell.contents() } else { " " };
            let blank = symbol == " ";
            let inked = blank || (cell.fgcolor() == colour(meant.fg) && cell.bold() == meant.modifier.contains(Modifier::BOLD));
            let reversed = cell.inverse() == meant.modifier.contains(Modifier::REVERSED);
            let same = symbol == meant.symbol() && cell.bgcolor() == colour(meant.bg);
            if !(half || same && inked && reversed) {
                return Err(format!("{x},{y}: {cell:?} instead of {meant:?}"));
            }
        }
    }
    Ok(())
}

fn colour(colour: Color) -> vt100::Color {
    match colour {
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Indexed(n) => vt100::Color::Idx(n),
        Color::Red => vt100::Color::Idx(1),
        Color::LightGreen => vt100::Color::Idx(10),
        _ => vt100::Color::Default,
    }
}

fn buffers() -> impl Strategy<Value = Vec<Vec<(u16, u16, &'static str, Style)>>> {
    let text = prop::sample::select(&["a", "     ", "abc def", "日本", "x               y", "é", "      日      "]);
    let colour = prop::sample::select(&[Color::Reset, Color::Red, Color::LightGreen, Color::Indexed(77), Color::Rgb(1, 2, 3)]);
    let modifier =
        prop::sample::select(vec![Modifier::empty(), Modifier::BOLD, Modifier::DIM, Modifier::REVERSED, Modifier::ITALIC]);
    let style = (colour.clone(), colour, modifier)
        .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).remove_modifier(Modifier::all()).add_modifier(modifier));
    let write = (0u16..30, 0u16..4, text, style);
    prop::collection::vec(prop::collection::vec(write, 0..8), 1..6)
}

proptest! {
    #[test]
    fn whatever_was_shown_a_terminal_shows_the_next_frame(frames in buffers(), grounds in any::<bool>()) {
        let area = Rect::new(0, 0, 30, 4);
        let mut parser = vt100::Parser::new(4.try_into().unwrap(), 30.try_into().unwrap(), 0);
        let mut shown: Option<Buffer> = None;
        for writes in frames {
            let mut next = shown.clone().unwrap_or_else(|| Buffer::empty(area));
            for (x, y, text, style) in writes {
                next.set_stringn(x, y, text, usize::from(30 - x), style);
            }
            parser.process(&encode::frame(shown.as_ref(), &next, grounds));
            if let Err(wrong) = shows(&parser, &next) {
                return Err(TestCaseError::fail(wrong));
            }
            shown = Some(next);
        }
    }
}
