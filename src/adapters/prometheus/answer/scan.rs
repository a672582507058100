//! The short way through a large answer to a range query.
//!
//! It knows one spelling: a matrix as Prometheus and its like write it, without a blank and with what matters in its usual order.
//! Whatever is spelled otherwise is serde's, and the way back is always open: a series counts as taken once the whole of it was
//! understood, and until then its bytes are kept. What is left goes to serde behind the same beginning, as if what was taken
//! had never stood there.

use std::io::{self, Cursor, Read};

use serde::de::DeserializeSeed;

use super::Gather;
use super::visitors::Metric;
use crate::adapters::prometheus::reduce::{Grid, Reducer};
use crate::domain::labels::Labels;
use crate::domain::series::Sample;
use crate::domain::time::Stamp;

/// The list of series begins within so many bytes.
const HEAD: usize = 512;
/// What is read at once.
const PIECE: usize = 64 << 10;
/// The most that is kept of a series that is not yet taken: a longer one is serde's, which keeps nothing.
const LONGEST: usize = 1 << 20;
/// A sample is shorter than this, its comma included.
const PAIR: usize = 64;
/// What the list of series begins with.
const LIST: &[u8] = br#""data":{"resultType":"matrix","result":["#;

/// Takes the series at the beginning of an answer into `gather`; returns the answer without them.
pub(super) fn series<R: Read>(gather: &mut Gather, from: R) -> impl Read + use<R> {
    let mut scan = Scan { from, kept: Vec::new(), taken: 0, at: 0, over: false, broken: None };
    let head = scan.head();
    if let (Some(grid), false) = (gather.grid, head.is_empty()) {
        while scan.one(gather, grid).is_some() {
            scan.taken = scan.at;
        }
    }
    let rest = scan.kept.split_off(scan.taken);
    Cursor::new(head).chain(Cursor::new(rest)).chain(Broken(scan.broken)).chain(scan.from)
}

struct Scan<R> {
    from: R,
    /// What was read; nothing before `taken` is needed any more.
    kept: Vec<u8>,
    taken: usize,
    at: usize,
    over: bool,
    broken: Option<io::Error>,
}

impl<R: Read> Scan<R> {
    /// What stands before the first series; nothing where it is not what is known here.
    fn head(&mut self) -> Vec<u8> {
        let begins = self.ahead(HEAD);
        let begins = &begins[..begins.len().min(HEAD)];
        let list = begins.windows(LIST.len()).position(|window| window == LIST).filter(|_| begins.starts_with(b"{\"status\":"));
        let end = list.map_or(0, |at| at + LIST.len());
        let head = begins[..end].to_vec();
        (self.taken, self.at) = (end, end);
        head
    }

    /// Takes one series and the comma after it.
    fn one(&mut self, gather: &mut Gather, grid: Grid) -> Option<()> {
        self.eat(br#"{"metric":"#)?;
        if gather.is_full() {
            self.object()?;
            self.eat(br#","values":[["#)?;
            self.skip_samples()?;
        } else {
            let labels = self.labels(gather)?;
            self.eat(br#","values":["#)?;
            let samples = self.samples(grid)?;
            gather.keep(labels, samples);
        }
        gather.seen += 1;
        if self.ahead(1).first() == Some(&b',') {
            self.at += 1;
        }
        Some(())
    }

    fn labels(&mut self, gather: &mut Gather) -> Option<Labels> {
        let length = self.object()?;
        let text = &self.kept[self.at - length..self.at];
        Metric(gather).deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()?
    }

    /// Passes over an object; tells its length.
    fn object(&mut self) -> Option<usize> {
        let (mut depth, mut quoted, mut length) = (0_u32, false, 0);
        loop {
            let byte = *self.ahead(length + 1).get(length)?;
            length += 1;
            match byte {
                b'\\' if quoted => length += 1,
                b'"' => quoted = !quoted,
                b'{' if !quoted => depth += 1,
                b'}' if !quoted => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 && !quoted {
                self.at += length;
                return (byte == b'}').then_some(length);
            }
        }
    }

    /// Takes the samples, and the end of the series behind them.
    fn samples(&mut self, grid: Grid) -> Option<Vec<Sample>> {
        let mut reducer = Reducer::new(grid);
        loop {
            let (sample, length) = pair(self.ahead(PAIR))?;
            reducer.push(sample);
            self.at += length;
            match self.kept.get(self.at - 1)? {
                b',' => {}
                _ => return self.eat(b"}").map(|()| reducer.finish()),
            }
        }
    }

    /// Passes over samples that are not kept, up to the end of the series: neither brace nor bracket stands inside of them.
    fn skip_samples(&mut self) -> Option<()> {
        loop {
            let ahead = self.ahead(PAIR);
            if let Some(end) = ahead.iter().position(|byte| *byte == b'}') {
                let whole = ahead[..end].ends_with(b"]]");
                self.at += end + 1;
                return whole.then_some(());
            }
            // The last two stay, in case they are the brackets.
            self.at += ahead.len().checked_sub(2).filter(|n| *n > 0)?;
        }
    }

    fn eat(&mut self, text: &[u8]) -> Option<()> {
        self.ahead(text.len()).starts_with(text).then(|| self.at += text.len())
    }

    /// What lies ahead: so many bytes at least, or all that there are.
    fn ahead(&mut self, bytes: usize) -> &[u8] {
        while self.kept.len() - self.at < bytes && self.more() {}
        &self.kept[self.at..]
    }

    fn more(&mut self) -> bool {
        if self.over || self.kept.len() - self.taken > LONGEST {
            return false;
        }
        self.kept.drain(..self.taken);
        (self.at, self.taken) = (self.at - self.taken, 0);
        let before = self.kept.len();
        self.kept.resize(before + PIECE, 0);
        let read = self.from.read(&mut self.kept[before..]).map_err(|error| self.broken = Some(error)).unwrap_or_default();
        self.kept.truncate(before + read);
        self.over = read == 0;
        !self.over
    }
}

/// One sample, `[1795312800.123,"0.5"]`, and how long it is with the comma or bracket behind it.
fn pair(text: &[u8]) -> Option<(Sample, usize)> {
    let (seconds, mut at) = digits(text, 1);
    let begins = text.first() == Some(&b'[') && (2..=13).contains(&at);
    let mut instant = seconds as i64 * 1_000;
    if text.get(at) == Some(&b'.') {
        let (fraction, end) = digits(text, at + 1);
        instant += fraction as i64 * [0, 100, 10, 1].get(end - at - 1)?;
        at = end;
    }
    let opened = begins && text.get(at..at + 2) == Some(b",\"");
    let (value, end) = decimal(text, at + 2).or_else(|| number(text, at + 2)).filter(|_| opened)?;
    let closed = matches!(text.get(end..end + 3), Some(b"\"]," | b"\"]]"));
    closed.then_some((Sample { at: Stamp(instant), value }, end + 3))
}

/// The number that the digits from `at` on make, and where they end; nonsense where they are more than fit.
fn digits(text: &[u8], mut at: usize) -> (u64, usize) {
    let mut number = 0_u64;
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (number, at)
}

/// A number in quotes of at most 15 digits, which both parts of a division hold exactly: so its result is the nearest there is.
fn decimal(text: &[u8], at: usize) -> Option<(f64, usize)> {
    const TENS: [u64; 16] = {
        let mut tens = [1; 16];
        let mut n = 1;
        while n < 16 {
            tens[n] = tens[n - 1] * 10;
            n += 1;
        }
        tens
    };
    let begin = at + usize::from(text.get(at) == Some(&b'-'));
    let (whole, point) = digits(text, begin);
    let (fraction, end) = if text.get(point) == Some(&b'.') { digits(text, point + 1) } else { (0, point) };
    let places = end.saturating_sub(point + 1);
    let exact = point > begin && point - begin + places <= 15 && text.get(end) == Some(&b'"');
    let scale = TENS[places.min(15)];
    let value = whole.wrapping_mul(scale).wrapping_add(fraction) as f64 / scale as f64;
    exact.then_some((if begin > at { -value } else { value }, end))
}

/// Any other number in quotes, as serde's visitor reads it.
fn number(text: &[u8], at: usize) -> Option<(f64, usize)> {
    let text = text.get(at..)?;
    let length = text.iter().position(|byte| *byte == b'"')?;
    Some((str::from_utf8(&text[..length]).ok()?.parse().ok()?, at + length))
}

/// Tells of a failure to read, once, in its place.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests;
