//! The RDB, read as it passes by: how many keys each database has, how many of them expire, what the server says of itself, and
//! whether the checksum is right. It is fed pieces of any size, keeps a few bytes of them, and never looks at a value.
//!
//! A type that it does not know ends the counting, since nobody can say how long such a value is; the checksum goes on.

use crc::Crc;
use grammar::Part;
use read::{Front, Stop};

use crate::domain::backup::redis::Database;
use crate::domain::failure::{Failure, FailureKind};

mod crc;
mod grammar;
mod read;
#[cfg(test)]
mod tests;

/// The length of the words an RDB begins with: `REDIS0010`, `VALKEY080`.
const MAGIC: u64 = 9;
/// The length of the checksum that it ends with.
const CHECKSUM: u64 = 8;
/// The longest auxiliary field that is of interest.
const LONGEST: u64 = 256;

/// Reads an RDB that passes by.
#[derive(Debug, Default)]
pub struct Scanner {
    /// What was fed and is not yet a whole thing.
    pending: Vec<u8>,
    /// How many bytes lie before that.
    offset: u64,
    crc: Crc,
    place: Place,
    /// Bytes of a value that are yet to pass.
    skip: u64,
    /// What is being read, the innermost last; nothing between two entries.
    frames: Vec<Frame>,
    /// Whether what is being read is a key with its value.
    in_key: bool,
    /// Whether that key, or the next one, expires.
    expires: bool,
    found: Found,
}

/// What an RDB told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What it begins with: `REDIS0010`.
    pub magic: String,
    /// Its databases, in their order.
    pub databases: Vec<Counted>,
    /// When the server began to save, in seconds since the Unix epoch by its own clock.
    pub saved: Option<u64>,
    /// Its replication offset then.
    pub offset: Option<u64>,
    /// Where an entry began that it could not read, and of which type: from there on nothing was counted.
    pub lost: Option<(u64, u8)>,
    /// Whether it ends with a checksum; a server with `rdbchecksum no` writes none.
    pub checksum: bool,
}

/// The keys of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// What was counted.
    pub seen: Database,
    /// What the server wrote before them: how many keys, how many of them expire.
    pub declared: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Magic,
    Body,
    /// After the beginning of an entry that is unknown.
    Lost,
    /// After the end mark.
    End,
}

/// Parts that are being read: which comes next, and how often all of them come in all from now on.
#[derive(Clone, Copy, Debug)]
struct Frame {
    parts: &'static [Part],
    next: usize,
    times: u64,
}

impl Scanner {
    /// How many keys passed by so far.
    pub fn keys(&self) -> u64 {
        self.found.databases.iter().map(|counted| counted.seen.keys).sum()
    }

    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return self.advance(piece);
        }
        let mut all = std::mem::take(&mut self.pending);
        all.extend_from_slice(piece);
        self.advance(&all)
    }

    /// Says what was found, once all of it has passed.
    pub fn end(mut self) -> Result<Found, Failure> {
        let length = self.offset + self.pending.len() as u64;
        let cut = |what: &str| damaged(length, &format!("it ends {what}"));
        match self.place {
            Place::Magic if length == 0 => return Err(damaged(0, "it is empty")),
            Place::Magic => return Err(cut("before its first entry")),
            Place::Body => return Err(cut(&format!("in the middle, after {} keys", self.keys()))),
            Place::Lost | Place::End => {}
        }
        let written = <[u8; 8]>::try_from(self.pending.as_slice()).map_err(|_| cut("within its checksum"))?;
        let (written, right) = (u64::from_le_bytes(written), self.crc.value());
        if written != 0 && written != right {
            let words = format!("wrong checksum: it says {written:016x}, its bytes give {right:016x}");
            return Err(damaged(self.offset, &words));
        }
        self.found.checksum = written != 0;
        match self.found.disagreement() {
            // Without a checksum this is the only sign of damage.
            Some(words) if !self.found.checksum => Err(damaged(self.offset, &words)),
            _ => Ok(self.found),
        }
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut front = Front::new(bytes);
        let read = self.read(&mut front);
        self.crc.update(&bytes[..front.at()]);
        self.offset += front.at() as u64;
        self.pending.extend_from_slice(&bytes[front.at()..]);
        read.map_err(|wrong| damaged(self.offset, &wrong))
    }

    /// Reads as much as there is, and stays where the first thing begins that is not whole or not right.
    fn read(&mut self, front: &mut Front<'_>) -> Result<(), String> {
        loop {
            self.skip = front.skip(self.skip);
            let before = front.at();
            let step = match self.place {
                _ if self.skip > 0 => return Ok(()),
                Place::Magic => self.magic(front),
                Place::Body if self.frames.is_empty() => self.entry(front),
                Place::Body => self.part(front),
                Place::Lost => {
                    front.skip(front.left().saturating_sub(CHECKSUM));
                    return Ok(());
                }
                Place::End if front.left() > CHECKSUM => Err(Stop::Wrong("there is more after its end".to_owned())),
                Place::End => return Ok(()),
            };
            if let Err(stop) = step {
                front.back_to(before);
                return if let Stop::Wrong(words) = stop { Err(words) } else { Ok(()) };
            }
        }
    }

    fn magic(&mut self, front: &mut Front<'_>) -> Result<(), Stop> {
        let magic = String::from_utf8_lossy(front.take(MAGIC)?).into_owned();
        let version = magic.strip_prefix("REDIS").or_else(|| magic.strip_prefix("VALKEY"));
        if !version.is_some_and(|version| version.bytes().all(|digit| digit.is_ascii_digit())) {
            return Err(Stop::Wrong(format!("it is no RDB: it begins with {magic:?}")));
        }
        self.found.magic = magic;
        self.place = Place::Body;
        Ok(())
    }

    /// What stands between keys, or the beginning of the next one.
    fn entry(&mut self, front: &mut Front<'_>) -> Result<(), Stop> {
        let start = self.offset + front.at() as u64;
        match front.byte()? {
            // Where a slot begins, with its sizes.
            244 => (0..3).try_for_each(|_| front.number().map(drop))?,
            245 => self.enter(grammar::TEXT),
            247 => self.enter(grammar::MODULE),
            // How long ago, or how often, the next key was used.
            248 => drop(front.number()?),
            249 => drop(front.byte()?),
            250 => self.field(front)?,
            251 => self.current().declared = Some((front.number()?, front.number()?)),
            // When the next key expires, in milliseconds, in seconds.
            252 => self.expires = front.take(8).map(|_| true)?,
            253 => self.expires = front.take(4).map(|_| true)?,
            254 => self.select(front.number()?)?,
            255 => self.place = Place::End,
            kind => self.value(kind, start),
        }
        Ok(())
    }

    /// `redis-ver` to `7.0.15`, `ctime`, `used-mem`…
    fn field(&mut self, front: &mut Front<'_>) -> Result<(), Stop> {
        let start = front.at();
        let name = front.text(LONGEST)?;
        let value = if name.is_some() { front.text(LONGEST)? } else { None };
        match (name.as_deref(), value) {
            (Some("ctime"), Some(at)) => self.found.saved = at.parse().ok(),
            (Some("repl-offset"), Some(at)) => self.found.offset = at.parse().ok(),
            (Some(_), Some(_)) => {}
            _ => {
                front.back_to(start);
                self.enter(grammar::PAIR);
            }
        }
        Ok(())
    }

    fn select(&mut self, number: u64) -> Result<(), Stop> {
        let number = u32::try_from(number).map_err(|_| Stop::Wrong(format!("there is no database {number}")))?;
        self.found.databases.push(Counted { seen: Database { number, ..Database::default() }, declared: None });
        Ok(())
    }

    /// The database that keys are now of.
    fn current(&mut self) -> &mut Counted {
        let databases = &mut self.found.databases;
        if databases.is_empty() {
            databases.push(Counted::default());
        }
        let last = databases.len() - 1;
        &mut databases[last]
    }

    fn value(&mut self, kind: u8, start: u64) {
        if let Some(parts) = grammar::value(kind, self.found.magic.starts_with("VALKEY")) {
            self.in_key = true;
            self.enter(parts);
            self.enter(grammar::TEXT);
        } else {
            self.found.lost = Some((start, kind));
            self.place = Place::Lost;
        }
    }

    fn enter(&mut self, parts: &'static [Part]) {
        self.frames.push(Frame { parts, next: 0, times: 1 });
    }

    /// The next part of what is being read.
    fn part(&mut self, front: &mut Front<'_>) -> Result<(), Stop> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let Some(part) = frame.parts.get(frame.next) else {
            self.again();
            return Ok(());
        };
        match *part {
            Part::Text => self.skip = front.length()?.bytes(),
            Part::Numbers(count) => (0..count).try_for_each(|_| front.number().map(drop))?,
            Part::Raw(bytes) => self.skip = bytes,
            // Infinities and what is no number have no digits.
            Part::Digits => self.skip = Some(front.byte()?).filter(|count| *count < 253).map_or(0, u64::from),
            Part::Module => match front.number()? {
                0 => {}
                sort => return self.module(sort, front),
            },
            Part::Many(parts) => {
                let times = front.number()?;
                frame.next += 1;
                self.frames.push(Frame { parts, next: if times == 0 { parts.len() } else { 0 }, times: times.max(1) });
                return Ok(());
            }
        }
        frame.next += 1;
        Ok(())
    }

    /// One of the values that a module wrote.
    fn module(&mut self, sort: u64, front: &mut Front<'_>) -> Result<(), Stop> {
        match sort {
            1 | 2 => drop(front.number()?),
            3 => self.skip = 4,
            4 => self.skip = 8,
            5 => self.skip = front.length()?.bytes(),
            other => return Err(Stop::Wrong(format!("a module wrote a value of the unknown sort {other}"))),
        }
        Ok(())
    }

    /// All parts were read: once more from the first, or on with what is around them.
    fn again(&mut self) {
        if let Some(frame) = self.frames.last_mut()
            && frame.times > 1
        {
            frame.times -= 1;
            frame.next = 0;
            return;
        }
        self.frames.pop();
        if self.frames.is_empty() && std::mem::take(&mut self.in_key) {
            let expires = u64::from(std::mem::take(&mut self.expires));
            let seen = &mut self.current().seen;
            seen.keys += 1;
            seen.expires += expires;
        }
    }
}

impl Found {
    /// How many keys it holds, as far as they were counted.
    pub fn keys(&self) -> u64 {
        self.databases.iter().map(|counted| counted.seen.keys).sum()
    }

    /// Each database that holds a key; none where an unknown value kept it from counting.
    pub fn counts(&self) -> Option<Vec<Database>> {
        let seen = self.databases.iter().map(|counted| counted.seen).filter(|seen| seen.keys > 0);
        self.lost.is_none().then(|| seen.collect())
    }

    /// Where the keys are not as many as the server wrote before them.
    pub fn disagreement(&self) -> Option<String> {
        let wrong = |counted: &&Counted| counted.declared.is_some_and(|said| said != (counted.seen.keys, counted.seen.expires));
        let Counted { seen, declared } = self.databases.iter().find(wrong).filter(|_| self.lost.is_none())?;
        let (keys, expires) = declared.unwrap_or_default();
        let words = format!("database {} should hold {keys} keys, {expires} that expire", seen.number);
        Some(format!("{words}, but holds {}, {} that expire", seen.keys, seen.expires))
    }
}

fn damaged(offset: u64, wrong: &str) -> Failure {
    Failure::new(FailureKind::Damaged, format!("the RDB is damaged at byte {offset}: {wrong}"))
}
