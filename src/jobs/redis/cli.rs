//! A server that is reached by its own tools only: in its container, behind `ssh`. One run of `redis-cli` a question.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use crate::domain::access::{Access, Reach};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::redis::{RedisLink, Snapshot, Way};
use crate::ports::tools::{Ended, Run, Running, Tools};
use crate::ports::{Promise, World};

/// The length of the mark that a server ends its stream with; `redis-cli` passes it on with the rest.
const MARK: usize = 40;
/// The longest answer.
const LONGEST: u64 = 16 << 20;

/// The link to a service's server, direct where it is reached directly.
pub async fn link(world: &dyn World, access: &Access) -> Result<Arc<dyn RedisLink>, Failure> {
    if access.ssh.is_none() && matches!(access.reach, Reach::Tcp { .. } | Reach::Unix(_)) {
        return world.redis(access).await;
    }
    let through = |program| Cli { tools: world.tools(access), program };
    let redis = through("redis-cli");
    // An image of Valkey has its own names.
    match redis.ask(0, &["PING"]).await {
        Err(failure) if failure.kind == FailureKind::Tool => Ok(Arc::new(through("valkey-cli"))),
        _ => Ok(Arc::new(redis)),
    }
}

/// The link through `redis-cli` or `valkey-cli`.
struct Cli {
    tools: Arc<dyn Tools>,
    program: &'static str,
}

impl Cli {
    async fn start(&self, words: &[&str]) -> Result<Box<dyn Running>, Failure> {
        let run = self.tools.redis(Run::new(self.program, words.iter().copied())).await?;
        self.tools.start(&run).await
    }
}

impl RedisLink for Cli {
    fn ask<'a>(&'a self, database: u32, words: &'a [&'a str]) -> Promise<'a, String> {
        Box::pin(async move {
            let number = database.to_string();
            let all: Vec<&str> = question(&number).into_iter().chain(words.iter().copied()).collect();
            answer(self.start(&all).await?.as_mut()).await
        })
    }

    /// `redis-cli` knows one way: [`Way::Stream`].
    fn snapshot(&self, _: Way) -> Promise<'_, Snapshot> {
        Box::pin(async move {
            let mut running = self.start(&["--rdb", "-"]).await?;
            let stdout = running.stdout().ok_or_else(taken)?;
            Ok(Snapshot {
                bytes: None,
                rdb: Box::new(Rdb { state: State::Running(running), stdout, held: Vec::new(), passed: 0 }),
            })
        })
    }
}

/// What stands before the words of one question: an error is an exit status, not an answer.
pub(super) fn question(database: &str) -> [&str; 4] {
    ["-e", "--raw", "-n", database]
}

/// What it printed, once it ended well.
pub(super) async fn answer(running: &mut dyn Running) -> Result<String, Failure> {
    let stdout = running.stdout().ok_or_else(taken)?;
    let mut printed = Vec::new();
    stdout.take(LONGEST).read_to_end(&mut printed).await?;
    let ended = running.ended().await?;
    let text = String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned();
    if ended.status.success() { Ok(text) } else { Err(refused(&ended, &text)) }
}

/// What its words mean.
fn refused(ended: &Ended, printed: &str) -> Failure {
    let words = if ended.stderr.trim().is_empty() { printed } else { ended.stderr.trim() };
    // An error that the server answered begins with a word in capitals; the rest is about getting there.
    let code = words.split(' ').next().unwrap_or_default();
    let is_answer = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let kind = match code {
        _ if ["NOAUTH", "NOPERM", "WRONGPASS"].iter().any(|word| words.contains(word)) => FailureKind::Denied,
        "LOADING" | "MASTERDOWN" | "NOMASTERLINK" => FailureKind::Unavailable,
        _ if is_answer => FailureKind::Refused,
        _ => FailureKind::Unavailable,
    };
    Failure::new(kind, format!("redis-cli: {words} ({})", ended.status))
}

fn taken() -> Failure {
    Failure::new(FailureKind::Bug, "the standard output was taken before")
}

/// What `redis-cli --rdb -` prints, without the mark at its end. It ends well only where the program does.
struct Rdb {
    state: State,
    stdout: Box<dyn AsyncRead + Send + Unpin>,
    /// What was read and not yet passed on. Its last bytes may be the mark's.
    held: Vec<u8>,
    /// How much of that was passed on.
    passed: usize,
}

enum State {
    Running(Box<dyn Running>),
    Ending(Pin<Box<dyn Future<Output = Result<Ended, Failure>> + Send>>),
    Ended,
}

impl Rdb {
    fn ready(&self) -> &[u8] {
        let kept = if matches!(self.state, State::Ended) { 0 } else { MARK };
        self.held.len().checked_sub(kept).and_then(|end| self.held.get(self.passed..end)).unwrap_or_default()
    }

    /// Reads more, or waits for the program's end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if let State::Ending(ended) = &mut self.state {
            let ended = ready!(ended.as_mut().poll(cx)).map_err(std::io::Error::other)?;
            if !ended.status.success() {
                return Poll::Ready(Err(std::io::Error::other(refused(&ended, "it ended"))));
            }
            // It says so where the server ended with a mark, and not with a length.
            if ended.stderr.contains("EOF marker") {
                self.held.truncate(self.held.len().saturating_sub(MARK));
            }
            self.state = State::Ended;
            return Poll::Ready(Ok(()));
        }
        let mut piece = vec![0; 256 << 10];
        let mut read = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stdout).poll_read(cx, &mut read))?;
        self.held.drain(..std::mem::take(&mut self.passed));
        self.held.extend_from_slice(read.filled());
        if read.filled().is_empty()
            && let State::Running(mut running) = std::mem::replace(&mut self.state, State::Ended)
        {
            self.state = State::Ending(Box::pin(async move { running.ended().await }));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Rdb {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        while this.ready().is_empty() {
            if matches!(this.state, State::Ended) {
                return Poll::Ready(Ok(()));
            }
            ready!(this.poll_more(cx))?;
        }
        let count = this.ready().len().min(to.remaining());
        to.put_slice(&this.ready()[..count]);
        this.passed += count;
        Poll::Ready(Ok(()))
    }
}
