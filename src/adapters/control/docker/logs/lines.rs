//! Lines out of the bytes of a container's log: two streams in frames, or, with a terminal, one stream without. Pure.
//!
//! Docker cuts a line at 16 KiB and puts its instant before every part; the parts are one line here. Of that only the beginning is
//! kept, however long it is.

use bytes::{Buf as _, Bytes};
use jiff::Timestamp;

use crate::adapters::control::lines::Beginning;
use crate::domain::control::LONGEST_LINE;

/// Before every frame: the stream, three zeroes, the length.
const HEADER: usize = 8;
/// How many bytes Docker takes for one part of a line.
const PART: usize = 16 << 10;
/// The longest instant: `2026-11-22T03:00:00.123456789+01:00`.
const INSTANT: usize = 35;
/// Standard input (never), output and error.
const STREAMS: usize = 3;

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Option<Timestamp>,
    /// Its beginning.
    pub text: String,
    /// How many bytes were left off.
    pub cut: u64,
}

/// A line that is not whole yet.
#[derive(Debug, Default)]
struct Open {
    at: Option<Timestamp>,
    line: Beginning,
    begun: bool,
}

/// Where in a message the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    Instant,
    Text,
}

/// Lines that come out of bytes. Holds what was fed last, and one unfinished line of each stream.
#[derive(Debug)]
pub struct Lines {
    tty: bool,
    fed: Bytes,
    place: Place,
    /// What there is of a header or an instant.
    head: Vec<u8>,
    /// How many bytes this message has yet.
    left: usize,
    stream: usize,
    open: [Open; STREAMS],
    ended: bool,
}

impl Lines {
    /// Of a container with or without a terminal.
    pub fn new(tty: bool) -> Self {
        let (place, left) = if tty { (Place::Instant, PART) } else { (Place::Header, 0) };
        Self { tty, fed: Bytes::new(), place, head: Vec::new(), left, stream: 1, open: Default::default(), ended: false }
    }

    /// More bytes; those before have been used up.
    pub fn feed(&mut self, bytes: Bytes) {
        self.fed = bytes;
    }

    /// There will be no more: what is unfinished is a line, too.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next line that is whole; none until more is fed.
    pub fn next(&mut self) -> Option<Line> {
        while !self.fed.is_empty() {
            match self.place {
                Place::Header => self.header(),
                Place::Instant => self.instant(),
                Place::Text => {
                    if let Some(line) = self.text() {
                        return Some(line);
                    }
                }
            }
        }
        let rest = self.ended.then(|| self.open.iter_mut().find(|open| open.begun))??;
        Some(rest.close())
    }

    fn header(&mut self) {
        let missing = HEADER - self.head.len();
        let part = self.fed.split_to(missing.min(self.fed.len()));
        self.head.extend_from_slice(&part);
        if let [stream, _, _, _, a, b, c, d] = self.head[..] {
            self.stream = usize::from(stream).min(STREAMS - 1);
            self.left = u32::from_be_bytes([a, b, c, d]) as usize;
            self.head.clear();
            self.place = if self.left == 0 { Place::Header } else { Place::Instant };
        }
    }

    /// Takes a byte of what stands before the text. What is no instant is text.
    fn instant(&mut self) {
        let byte = self.fed.get_u8();
        self.head.push(byte);
        if !self.tty {
            self.left -= 1;
        }
        let whole = byte == b' ';
        if !whole && byte != b'\n' && self.head.len() <= INSTANT && self.left > 0 {
            return;
        }
        let head = std::mem::take(&mut self.head);
        let at = whole.then(|| std::str::from_utf8(&head[..head.len() - 1]).ok()?.parse().ok()).flatten();
        self.place = Place::Text;
        let open = &mut self.open[self.stream];
        if at.is_some() {
            // A part that goes on has the instant of its first.
            open.at = open.at.or(at);
            open.begun = true;
            self.at_end();
        } else {
            let rest = std::mem::take(&mut self.fed);
            self.left += head.len();
            self.fed = [Bytes::from(head), rest].concat().into();
        }
    }

    /// Takes text up to the end of its line, of its message, or of what was fed.
    fn text(&mut self) -> Option<Line> {
        let reach = self.left.min(self.fed.len());
        let newline = self.fed[..reach].iter().position(|byte| *byte == b'\n');
        let taken = self.fed.split_to(newline.map_or(reach, |at| at + 1));
        self.left -= taken.len();
        self.open[self.stream].push(&taken[..newline.unwrap_or(taken.len())]);
        if newline.is_some() && self.tty {
            self.left = 0;
        }
        self.at_end();
        newline.map(|_| self.open[self.stream].close())
    }

    /// After the last byte of a message comes another.
    fn at_end(&mut self) {
        if self.left == 0 {
            (self.place, self.left) = if self.tty { (Place::Instant, PART) } else { (Place::Header, 0) };
        }
    }
}

impl Open {
    fn push(&mut self, bytes: &[u8]) {
        self.begun = true;
        self.line.push(bytes, LONGEST_LINE);
    }

    fn close(&mut self) -> Line {
        let open = std::mem::take(self);
        let (text, cut) = open.line.text();
        Line { at: open.at, text, cut }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const AT: &str = "2026-11-22T03:00:00.123456789Z";

    fn frame(stream: u8, text: &[u8]) -> Vec<u8> {
        let payload = [AT.as_bytes(), b" ", text].concat();
        [&[stream, 0, 0, 0][..], &(payload.len() as u32).to_be_bytes(), &payload].concat()
    }

    fn read(tty: bool, bytes: &[u8], at_once: usize) -> Vec<Line> {
        let mut lines = Lines::new(tty);
        let mut found = Vec::new();
        for piece in bytes.chunks(at_once) {
            lines.feed(Bytes::copy_from_slice(piece));
            found.extend(std::iter::from_fn(|| lines.next()));
        }
        lines.end();
        found.extend(std::iter::from_fn(|| lines.next()));
        found
    }

    fn line(text: &str) -> Line {
        Line { at: Some(AT.parse().unwrap()), text: text.to_owned(), cut: 0 }
    }

    #[test]
    fn both_streams_keep_their_unfinished_lines_apart() {
        let bytes =
            [frame(1, b"half "), frame(2, b"error\n"), frame(1, b"whole\n"), frame(1, b"\n"), frame(2, b"the end")].concat();
        let wanted = [line("error"), line("half whole"), line(""), line("the end")];
        for at_once in [1, 7, 8, 9, 4096] {
            assert_eq!(read(false, &bytes, at_once), wanted, "{at_once} bytes at once");
        }
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_and_says_by_how_much() {
        let part = vec![b'a'; PART];
        let frames: Vec<u8> =
            std::iter::repeat_n(frame(1, &part), 63).flatten().chain(frame(1, &[&part[..], b"\n"].concat())).collect();
        let tty: Vec<u8> = std::iter::repeat_n([AT.as_bytes(), b" ", &part].concat(), 64).flatten().chain(*b"\r\n").collect();
        let after = [&tty[..], AT.as_bytes(), b" next\r\n"].concat();
        let whole = read(false, &frames, 4096);
        assert_eq!((whole.len(), whole[0].text.len(), whole[0].cut), (1, LONGEST_LINE, (1 << 20) - LONGEST_LINE as u64));
        assert_eq!(read(true, &after, 4096).last().unwrap(), &line("next"));
    }

    #[test]
    fn a_terminal_has_no_frames() {
        let bytes = format!("{AT} one\r\n{AT} \x1b[31mtwo\r\n{AT} three");
        for at_once in [1, 31, 32, 4096] {
            assert_eq!(read(true, bytes.as_bytes(), at_once), [line("one"), line("\x1b[31mtwo"), line("three")]);
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_end_in_lines_that_are_bounded(bytes: Vec<u8>, tty: bool, at_once in 1_usize..64) {
            for line in read(tty, &bytes, at_once) {
                prop_assert!(line.text.len() <= 3 * LONGEST_LINE);
            }
        }

        #[test]
        fn it_is_all_the_same_in_which_pieces_bytes_come(
            parts in prop::collection::vec((1_u8..3, "[a-z \n]{0,40}"), 0..20), at_once in 1_usize..64,
        ) {
            let bytes: Vec<u8> = parts.iter().flat_map(|(stream, text)| frame(*stream, text.as_bytes())).collect();
            prop_assert_eq!(read(false, &bytes, at_once), read(false, &bytes, usize::MAX));
        }
    }
}
