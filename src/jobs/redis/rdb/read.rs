//! Reading single things off the front of some bytes.

/// Why a thing could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is not there as a whole yet.
    More,
    /// It is there, and wrong.
    Wrong(String),
}

/// Bytes that are read from the front.
pub(super) struct Front<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// How long a string is, and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes as they are.
    Plain(u64),
    /// So many bytes that hold a whole number, the least significant first.
    Whole(u64),
    /// So many bytes of LZF.
    Packed(u64),
}

impl Length {
    /// How many bytes the string takes in the file.
    pub fn bytes(self) -> u64 {
        let (Self::Plain(bytes) | Self::Whole(bytes) | Self::Packed(bytes)) = self;
        bytes
    }
}

impl<'a> Front<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Puts back what was read since.
    pub fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// Passes over up to so many bytes; says how many are still to pass.
    pub fn skip(&mut self, bytes: u64) -> u64 {
        let here = bytes.min(self.left());
        self.at += here as usize;
        bytes - here
    }

    pub fn take(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        if count > self.left() {
            return Err(Stop::More);
        }
        let start = self.at;
        self.at += count as usize;
        Ok(&self.bytes[start..self.at])
    }

    pub fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.bytes.get(self.at).copied().ok_or(Stop::More)?;
        self.at += 1;
        Ok(byte)
    }

    /// A number as lengths are written: in 6, 14, 32 or 64 bits, the most significant first.
    pub fn number(&mut self) -> Result<u64, Stop> {
        let first = self.byte()?;
        self.number_after(first)
    }

    fn number_after(&mut self, first: u8) -> Result<u64, Stop> {
        Ok(match first {
            0..=0x3f => u64::from(first),
            0x40..=0x7f => u64::from(first & 0x3f) << 8 | u64::from(self.byte()?),
            0x80 => big_endian(self.take(4)?),
            0x81 => big_endian(self.take(8)?),
            other => return Err(Stop::Wrong(format!("0x{other:02x} begins no number"))),
        })
    }

    /// A string's length.
    pub fn length(&mut self) -> Result<Length, Stop> {
        Ok(match self.byte()? {
            0xc0 => Length::Whole(1),
            0xc1 => Length::Whole(2),
            0xc2 => Length::Whole(4),
            0xc3 => {
                let packed = Length::Packed(self.number()?);
                self.number()?;
                packed
            }
            first => Length::Plain(self.number_after(first)?),
        })
    }

    /// A string of at most `longest` bytes; nothing where it is longer or packed, and then only its length was read.
    pub fn text(&mut self, longest: u64) -> Result<Option<String>, Stop> {
        match self.length()? {
            Length::Plain(bytes) if bytes <= longest => Ok(Some(String::from_utf8_lossy(self.take(bytes)?).into_owned())),
            Length::Whole(bytes) => Ok(Some(whole(self.take(bytes)?).to_string())),
            _ => Ok(None),
        }
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A whole number of 1, 2 or 4 bytes, the least significant first, with its sign.
fn whole(bytes: &[u8]) -> i64 {
    let unsigned = bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let unused = 64 - 8 * bytes.len() as u32;
    (unsigned << unused) as i64 >> unused
}
