//! The head of a `pg_dump` archive (`-Fc`, `toc.dat` of `-Fd`, the first member of `-Ft`): whose dump it is, and of when. Nothing
//! behind the head is read here: `pg_restore` does that.

/// What an archive says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The format's version: `1.14`.
    pub format: (u8, u8),
    /// The database that was dumped.
    pub database: String,
    /// The server's version: `15.14`.
    pub server: String,
    /// `pg_dump`'s.
    pub dumper: String,
}

/// Reads the head; none where these bytes are none, or end before it does.
pub fn read(head: &[u8]) -> Option<Archive> {
    let mut from = Front { bytes: head.strip_prefix(b"PGDMP")?, width: 0 };
    let format = (from.byte()?, from.byte()?);
    let _revision = from.byte()?;
    from.width = from.byte()?.into();
    let (_offsets, _sort) = (from.byte()?, from.byte()?);
    // Until 1.14 a number, since then a byte.
    let _compression = if format >= (1, 15) { from.byte()?.into() } else { from.number()? };
    // Seconds to years, and whether it was summer.
    for _ in 0..7 {
        from.number()?;
    }
    let (database, server, dumper) = (from.text()?, from.text()?, from.text()?);
    Some(Archive { format, database, server: version(&server), dumper: version(&dumper) })
}

/// `15.14 (Debian 15.14-0+deb12u1)` is `15.14`.
fn version(told: &str) -> String {
    told.split_whitespace().next().unwrap_or_default().to_owned()
}

struct Front<'a> {
    bytes: &'a [u8],
    /// How many bytes a number has, after its sign.
    width: usize,
}

impl Front<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<i64> {
        let is_negative = self.byte()? != 0;
        let mut value = 0i64;
        for place in 0..self.width.min(8) {
            value |= i64::from(self.byte()?) << (8 * place);
        }
        Some(if is_negative { -value } else { value })
    }

    /// A length that is negative is no text at all.
    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).unwrap_or(0);
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(format: (u8, u8)) -> Vec<u8> {
        let number = |n: u32| [&[0][..], &n.to_le_bytes()].concat();
        let text = |text: &str| [&number(text.len() as u32)[..], text.as_bytes()].concat();
        let mut head = b"PGDMP".to_vec();
        head.extend([format.0, format.1, 0, 4, 8, 1]);
        head.extend(if format >= (1, 15) { vec![1] } else { [&[1u8][..], &1u32.to_le_bytes()].concat() });
        (0..7).for_each(|n| head.extend(number(n)));
        head.extend(text("shop"));
        head.extend(text("15.14 (Debian 15.14-0+deb12u1)"));
        head.extend(text("17.2"));
        head
    }

    #[test]
    fn the_head_of_every_format_tells_whose_dump_it_is() {
        for format in [(1, 13), (1, 14), (1, 15), (1, 16)] {
            let read = read(&head(format));
            let expected = Archive { format, database: "shop".to_owned(), server: "15.14".to_owned(), dumper: "17.2".to_owned() };
            assert_eq!(read, Some(expected));
        }
    }

    #[test]
    fn a_head_that_is_cut_anywhere_tells_nothing() {
        let whole = head((1, 14));
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(read(b"REDIS0010"), None);
    }
}
