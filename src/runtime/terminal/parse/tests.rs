#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::app::key::Key;

/// Everything typed, as a keymap writes it.
fn typed(bytes: &[u8]) -> Vec<String> {
    let mut parser = Parser::default();
    let mut typed = parser.take(bytes);
    if parser.waits() {
        typed.extend(parser.give_up());
    }
    typed.iter().map(told).collect()
}

fn told(typed: &Typed) -> String {
    match typed {
        Typed::Key(event) => Key::from(*event).to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn keys_are_what_their_names_say() {
    let expected: &[(&[u8], &str)] = &[
        (b"q", "q"),
        (b"G", "G"),
        (b" ", "space"),
        (b"\r", "enter"),
        (b"\n", "ctrl-j"),
        (b"\t", "tab"),
        (b"\x7f", "backspace"),
        (b"\x04", "ctrl-d"),
        (b"\x1d", "ctrl-]"),
        (b"\x1f", "ctrl-_"),
        (b"\x1b", "esc"),
        (b"\x1bx", "alt-x"),
        (b"\x1b<", "alt-<"),
        (b"\x1b[", "alt-["),
        (b"\x1bO", "alt-O"),
        (b"\x1b[A", "up"),
        (b"\x1bOB", "down"),
        (b"\x1b[1;5C", "ctrl-right"),
        (b"\x1b[Z", "backtab"),
        (b"\x1b[1~", "home"),
        (b"\x1bOF", "end"),
        (b"\x1b[5~", "pageup"),
        (b"\x1b[6;2~", "shift-pagedown"),
        (b"\x1bOP", "f1"),
        (b"\x1b[11~", "f1"),
        (b"\x1b[[A", "f1"),
        (b"\x1b[24~", "f12"),
        (b"\x1b[100;5u", "ctrl-d"),
        ("é".as_bytes(), "é"),
    ];
    for (bytes, key) in expected {
        assert_eq!(typed(bytes), [*key], "{bytes:?}");
    }
}

#[test]
fn what_is_typed_fast_stays_apart() {
    assert_eq!(typed(b"gg\x1b[Bj\x1b\x1b[Aq"), ["g", "g", "down", "j", "esc", "up", "q"]);
}

#[test]
fn the_mouse_tells_its_cell() {
    let expected = ["Mouse(Press, 4, 9)", "Mouse(Down, 0, 0)", "Mouse(Up, 299, 49)"];
    assert_eq!(typed(b"\x1b[<0;5;10M\x1b[<0;5;10m\x1b[<65;1;1M\x1b[<2;1;1M\x1b[<64;300;50M\x1b[<0;0;5M"), expected);
}

/// A terminal answers when it likes: before a key, behind one, long after.
#[test]
fn an_answer_is_never_taken_for_keys() {
    assert_eq!(typed(b"j\x1b[?2026;2$yk"), ["j", "Mode(2026, 2)", "k"]);
    for unasked in
        [&b"\x1b[?62;4c"[..], b"\x1b[?1u", b"\x1b[0n", b"\x1b[I", b"\x1b[>0;276;0c", b"\x1b[?2026;$y", b"\x1b[200~\x1b[201~"]
    {
        let told = typed(&[b"j", unasked, b"k"].concat());
        assert!(told == ["j", "k"] || told == ["j", "Paste(\"\")", "k"], "{unasked:?}: {told:?}");
    }
}

#[test]
fn a_paste_is_one_however_it_is_cut_and_nothing_of_it_is_keys() {
    let paste = b"\x1b[200~q\x1b[A\nq\xff\x1b[201~j";
    for cut in 0..paste.len() {
        let mut parser = Parser::default();
        let mut typed = parser.take(&paste[..cut]);
        typed.extend(parser.take(&paste[cut..]));
        let told: Vec<String> = typed.iter().map(told).collect();
        assert_eq!(told, ["Paste(\"q\\u{1b}[A\\nq\u{fffd}\")", "j"], "cut at {cut}");
    }
}

#[test]
fn an_endless_paste_is_swallowed_and_only_its_beginning_kept() {
    let mut parser = Parser::default();
    assert_eq!(parser.take(PASTE), []);
    for _ in 0..64 {
        assert_eq!(parser.take(&vec![b'q'; 1 << 16]), []);
        assert!(parser.pasted.as_ref().unwrap().len() <= LONGEST_PASTE + PASTED.len());
    }
    let typed = parser.take(b"\x1b[201~j");
    assert!(matches!(&typed[..], [Typed::Paste(text), Typed::Key(_)] if text.len() == LONGEST_PASTE), "{}", typed.len());
}

proptest! {
    #[test]
    fn however_it_is_cut_it_means_the_same(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"j"[..], b"\x1b[A", b"\x1b[?2026;1$y", b"\x1b[<0;9;9M", b"\xc3\xa9", b"\x1b[1;5D", b"\x1bOQ", b"\x1b[200~paste\x1b[201~", b"\x1b[5~",
        ]), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes: Vec<u8> = parts.concat();
        let whole = Parser::default().take(&bytes);
        let mut parser = Parser::default();
        let cut = cut.index(bytes.len() + 1);
        let mut halves = parser.take(&bytes[..cut]);
        halves.extend(parser.take(&bytes[cut..]));
        prop_assert_eq!(halves, whole);
    }

    #[test]
    fn no_bytes_bring_it_down_and_it_never_waits_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut parser = Parser::default();
        parser.take(&bytes);
        prop_assert!(parser.bytes.len() <= LONGEST + 2);
        parser.give_up();
        prop_assert!(!parser.waits());
    }
}
