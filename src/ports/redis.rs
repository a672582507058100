//! A Redis or Valkey as a job talks to it: single questions, and the snapshot that it gives a replica.

use tokio::io::AsyncRead;

use crate::ports::Promise;

/// A link to one server. Each question stands alone: nothing of one is left to the next.
pub trait RedisLink: Send + Sync {
    /// Asks one command in one database, and returns its answer as text: an array as its elements, one a line; nil as nothing.
    /// Bytes that are not UTF-8 are replaced. An answer that is an error is a [`Failure`] with the server's words.
    ///
    /// [`Failure`]: crate::domain::failure::Failure
    fn ask<'a>(&'a self, database: u32, words: &'a [&'a str]) -> Promise<'a, String>;

    /// Asks the server for a snapshot as it gives it to a replica that takes no commands afterwards. It changes no data and no
    /// setting.
    fn snapshot(&self, way: Way) -> Promise<'_, Snapshot>;
}

/// How a server makes a snapshot for a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It saves to its own file, at once, and sends that: fit where it saves there anyway.
    File,
    /// It sends while it saves, and leaves no file behind. By default it waits up to 5 s for other replicas first.
    Stream,
}

/// A snapshot on its way.
pub struct Snapshot {
    /// Its size, where the server tells it beforehand.
    pub bytes: Option<u64>,
    /// The RDB's bytes, no more and no fewer. Reading fails where the stream was cut.
    pub rdb: Box<dyn AsyncRead + Send + Unpin>,
}
