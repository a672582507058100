//! Where an RDB ends in a server's stream: after so many bytes, or before a mark. One that ends earlier was cut, and is an error.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// So many bytes.
pub(super) struct Counted<R> {
    stream: R,
    left: u64,
}

impl<R> Counted<R> {
    pub fn new(stream: R, bytes: u64) -> Self {
        Self { stream, left: bytes }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        if this.left == 0 || to.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let there = ready!(Pin::new(&mut this.stream).poll_fill_buf(cx))?;
        if there.is_empty() {
            return Poll::Ready(Err(cut(&format!("{} bytes before the end", this.left))));
        }
        let count = there.len().min(to.remaining()).min(usize::try_from(this.left).unwrap_or(usize::MAX));
        to.put_slice(&there[..count]);
        Pin::new(&mut this.stream).consume(count);
        this.left -= count as u64;
        Poll::Ready(Ok(()))
    }
}

/// Everything up to a mark, which is the last that is sent.
pub(super) struct Marked<R> {
    stream: R,
    mark: Vec<u8>,
    /// What was read and not yet passed on. Its last bytes may be the mark's.
    held: Vec<u8>,
    /// How much of that was passed on.
    passed: usize,
    ended: bool,
}

impl<R> Marked<R> {
    pub fn new(stream: R, mark: &[u8]) -> Self {
        Self { stream, mark: mark.to_vec(), held: Vec::new(), passed: 0, ended: false }
    }

    /// What can be passed on: all but as many bytes as the mark has.
    fn ready(&self) -> &[u8] {
        self.held.len().checked_sub(self.mark.len()).and_then(|end| self.held.get(self.passed..end)).unwrap_or_default()
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Marked<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        while this.ready().is_empty() {
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            let there = ready!(Pin::new(&mut this.stream).poll_fill_buf(cx))?;
            if there.is_empty() {
                return Poll::Ready(Err(cut("before the mark that ends it")));
            }
            this.held.drain(..std::mem::take(&mut this.passed));
            this.held.extend_from_slice(there);
            let count = there.len();
            Pin::new(&mut this.stream).consume(count);
            this.ended = this.held.ends_with(&this.mark);
        }
        let count = this.ready().len().min(to.remaining());
        to.put_slice(&this.ready()[..count]);
        this.passed += count;
        Poll::Ready(Ok(()))
    }
}

fn cut(place: &str) -> Error {
    Error::new(ErrorKind::UnexpectedEof, format!("the server closed the connection {place}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, BufReader};

    use super::*;

    const MARK: &[u8] = b"0123456789abcdef";

    async fn read(mut body: impl AsyncRead + Unpin) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        body.read_to_end(&mut all).await.map(|_| all)
    }

    #[tokio::test]
    async fn a_counted_body_ends_after_its_bytes_and_nowhere_else() {
        let body = |sent: &'static [u8]| read(Counted::new(BufReader::with_capacity(3, sent), 10));
        assert_eq!(body(b"0123456789+more").await.unwrap(), b"0123456789");
        let cut = body(b"01234").await.unwrap_err();
        assert_eq!(cut.to_string(), "the server closed the connection 5 bytes before the end");
    }

    #[tokio::test]
    async fn a_marked_body_ends_before_its_mark_however_it_comes() {
        for size in 1..40 {
            let sent = [b"REDIS0010 with 0123456789abcde in it", MARK].concat();
            let body = |sent: &[u8]| read(Marked::new(BufReader::with_capacity(size, std::io::Cursor::new(sent.to_vec())), MARK));
            assert_eq!(body(&sent).await.unwrap(), &sent[..sent.len() - MARK.len()], "{size}");
            assert_eq!(body(MARK).await.unwrap(), b"", "{size}");
            assert!(body(&sent[..sent.len() - 1]).await.is_err(), "{size}");
        }
    }
}
