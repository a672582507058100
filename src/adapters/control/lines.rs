//! A log line by line, in bounded memory: of a line of any length only its beginning is kept.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::domain::failure::Failure;

/// The beginning of a line of any length.
#[derive(Debug, Default)]
pub struct Beginning {
    kept: Vec<u8>,
    cut: u64,
}

impl Beginning {
    /// More of the line; at most so many bytes of all of it are kept.
    pub fn push(&mut self, bytes: &[u8], longest: usize) {
        let room = longest.saturating_sub(self.kept.len());
        let (kept, cut) = bytes.split_at(room.min(bytes.len()));
        self.kept.extend_from_slice(kept);
        self.cut += cut.len() as u64;
    }

    /// What was kept.
    pub fn bytes(&self) -> &[u8] {
        &self.kept
    }

    /// What was kept as text, without a carriage return at its end, and how many bytes were left off.
    pub fn text(mut self) -> (String, u64) {
        if self.cut > 0 {
            self.drop_half_a_letter();
        } else if self.kept.last() == Some(&b'\r') {
            self.kept.pop();
        }
        (String::from_utf8_lossy(&self.kept).into_owned(), self.cut)
    }

    /// A cut may go through a letter of several bytes.
    fn drop_half_a_letter(&mut self) {
        let end = self.kept.len();
        let begin = (end.saturating_sub(3)..end).rev().find(|at| self.kept[*at] & 0b1100_0000 == 0b1100_0000);
        let Some(begin) = begin else { return };
        if std::str::from_utf8(&self.kept[begin..]).is_err_and(|error| error.error_len().is_none()) {
            self.cut += (end - begin) as u64;
            self.kept.truncate(begin);
        }
    }
}

/// The lines of a stream.
pub struct Lines {
    from: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    longest: usize,
}

impl Lines {
    /// Of a stream; at most so many bytes of each are kept.
    pub fn new(from: Box<dyn AsyncRead + Send + Unpin>, longest: usize) -> Self {
        Self { from: BufReader::with_capacity(64 << 10, from), longest }
    }

    /// The next line without its end; none at the end. To be waited for to its end: what is dropped half-way has lost what was read.
    pub async fn next(&mut self) -> Result<Option<Beginning>, Failure> {
        let (mut line, mut any) = (Beginning::default(), false);
        loop {
            let buffer = self.from.fill_buf().await?;
            if buffer.is_empty() {
                return Ok(any.then_some(line));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            line.push(&buffer[..end.unwrap_or(buffer.len())], self.longest);
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.from.consume(used);
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_line_of_a_megabyte_is_cut_and_the_next_is_whole() {
        let text = [b"a\r\n\n".to_vec(), vec![b'x'; 1 << 20], b"\nlast".to_vec()].concat();
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(text)), 16);
        let wanted = [("a", 0), ("", 0), ("xxxxxxxxxxxxxxxx", (1 << 20) - 16), ("last", 0)];
        for (text, cut) in wanted {
            assert_eq!(lines.next().await.unwrap().unwrap().text(), (text.to_owned(), cut));
        }
        assert!(lines.next().await.unwrap().is_none());
    }

    #[test]
    fn a_cut_goes_through_no_letter() {
        let mut line = Beginning::default();
        line.push("aaaé".as_bytes(), 4);
        assert_eq!((line.bytes().len(), line.text()), (4, ("aaa".to_owned(), 2)));
    }
}
