//! Places in the stream of WAL, as the server writes them: `16/B374D848`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in the WAL: bytes since its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lsn(pub u64);

impl Lsn {
    /// How many bytes of WAL lie between an earlier place and this one; none where it is no earlier one.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl TryFrom<String> for Lsn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let half = |hex: &str| u32::from_str_radix(hex, 16).ok();
        let halves = text.split_once('/').and_then(|(high, low)| half(high).zip(half(low)));
        halves
            .map(|(high, low)| Self(u64::from(high) << 32 | u64::from(low)))
            .ok_or_else(|| format!("{text:?} is no place in the WAL"))
    }
}

impl From<Lsn> for String {
    fn from(lsn: Lsn) -> Self {
        lsn.to_string()
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_compared_and_written_as_the_server_does() {
        let (early, late) = (Lsn::try_from("0/FFFFFFFF".to_owned()), Lsn::try_from("1/10".to_owned()));
        assert_eq!((early.clone(), late.clone()), (Ok(Lsn(0xffff_ffff)), Ok(Lsn(0x1_0000_0010))));
        assert_eq!(late.as_ref().map(ToString::to_string), Ok("1/10".to_owned()));
        assert_eq!(Lsn(0x1_0000_0010).since(Lsn(0xffff_ffff)), 17);
        assert_eq!(Lsn(1).since(Lsn(2)), 0);
        for text in ["", "1", "x/1", "1/123456789", "-1/0"] {
            assert!(Lsn::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
