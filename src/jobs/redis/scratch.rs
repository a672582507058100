//! A scratch server: a snapshot loaded where nobody else is. It listens on a socket in its own folder, saves nothing, and is a
//! replica of nobody, so that no key of it ever expires: a replica leaves that to its primary.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::Progress;
use crate::jobs::redis::info::Info;
use crate::jobs::redis::rdb::{Found, Scanner};
use crate::jobs::redis::{cli, refusal};
use crate::ports::Promise;
use crate::ports::journal::Reporter;
use crate::ports::redis::{RedisLink, Snapshot, Way};
use crate::ports::repository::Plain;
use crate::ports::tools::{Bench, Ended, Run, Running};

/// How much is passed on at once.
const PIECE: usize = 256 << 10;
/// After how long the server is first asked whether it has loaded; each next time twice as long, up to the last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(320));
/// How much of the end of its log is kept.
const LOG: usize = 64 << 10;
/// The longest path of a socket.
const SOCKET: usize = 100;
/// How many databases a server has by default.
const DATABASES: u32 = 16;

/// A place for a scratch server, of the flavour that it shall have.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where.
    pub bench: &'a dyn Bench,
    /// `redis` or `valkey`.
    pub flavour: &'a str,
}

/// A snapshot that was loaded: ask its server by its [`Place`].
pub struct Restored {
    /// The server, which ends when this is dropped.
    pub server: Box<dyn Running>,
    /// What was found.
    pub loaded: Loaded,
}

/// What was found in a snapshot, and what became of it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What passed by on the way there.
    pub found: Found,
    /// What it says of itself, once it has loaded.
    pub info: Info,
    /// From opening the snapshot to the first answer.
    pub took: Duration,
}

impl Place<'_> {
    fn path(&self, name: &str) -> String {
        Path::new(self.bench.folder()).join(name).display().to_string()
    }

    /// The version of the server there: `7.0.15`.
    pub async fn version(&self) -> Result<String, Failure> {
        let run = Run::new(&format!("{}-server", self.flavour), ["--version"]);
        let words = cli::answer(self.bench.start(&run).await?.as_mut()).await?;
        let version = words.split(' ').find_map(|word| word.strip_prefix("v="));
        let unread = || Failure::new(FailureKind::Tool, format!("{}-server tells no version: {words}", self.flavour));
        version.map(ToOwned::to_owned).ok_or_else(unread)
    }

    /// Restores a snapshot. The inner failure is the snapshot's, the outer one ours.
    pub async fn restore(&self, plain: Plain, reporter: &dyn Reporter) -> Result<Result<Restored, Failure>, Failure> {
        let began = Instant::now();
        let found = match self.take(plain, reporter).await? {
            Ok(found) => found,
            Err(damage) => return Ok(Err(damage)),
        };
        let mut server = self.start(&found).await?;
        let log = Log::of(server.as_mut());
        match self.waited(server.as_mut(), reporter).await? {
            Waited::Loaded(info) => Ok(Ok(Restored { server, loaded: Loaded { found, info, took: began.elapsed() } })),
            Waited::Ended(ended) => refusal::judge(&ended, &log.text().await).map(Err),
        }
    }

    /// Writes the snapshot where the server will look for it, and counts it as it passes.
    async fn take(&self, mut plain: Plain, reporter: &dyn Reporter) -> Result<Result<Found, Failure>, Failure> {
        let write = ["-c".to_owned(), "exec cat > \"$1\"".to_owned(), "sh".to_owned(), self.path("dump.rdb")];
        let mut writer = self.bench.start(&Run { input: true, ..Run::new("sh", write) }).await?;
        let mut stdin = writer.stdin().ok_or_else(|| Failure::new(FailureKind::Bug, "nothing can be written"))?;
        let mut scanner = Scanner::default();
        let mut bytes = 0;
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            match plain.read_buf(&mut piece).await.map_err(Failure::from) {
                Ok(0) => break,
                Ok(count) => bytes += count as u64,
                Err(failure) => return inner(failure),
            }
            if let Err(damage) = scanner.feed(&piece) {
                return inner(damage);
            }
            // Why it cannot be written is told when the writer has ended.
            if stdin.write_all(&piece).await.is_err() {
                break;
            }
            let rows = Some(scanner.keys());
            reporter.progress(Progress { bytes, rows, words: "reading the snapshot".to_owned(), ..Progress::default() });
        }
        let closed = stdin.shutdown().await;
        drop(stdin);
        let ended = writer.ended().await?;
        if !ended.status.success() {
            return Err(unwritten(&ended));
        }
        closed?;
        Ok(scanner.end())
    }

    async fn start(&self, found: &Found) -> Result<Box<dyn Running>, Failure> {
        let socket = self.path("s");
        if socket.len() > SOCKET {
            let words = format!("{socket} is too long for a socket's path");
            return Err(Failure::new(FailureKind::Config, words).mend("use a folder for scratch servers with a shorter path"));
        }
        let highest = found.databases.iter().map(|counted| counted.seen.number + 1).max().unwrap_or_default();
        // What no checksum protects is looked into as it is loaded.
        let look = if found.checksum { "no" } else { "yes" };
        let databases = highest.max(DATABASES).to_string();
        let folder = self.bench.folder().display().to_string();
        let settings: [&[&str]; 10] = [
            &["--port", "0"],
            &["--unixsocket", &socket, "--unixsocketperm", "700"],
            &["--dir", &folder],
            &["--dbfilename", "dump.rdb"],
            &["--databases", &databases],
            &["--save", ""],
            &["--appendonly", "no"],
            &["--daemonize", "no"],
            &["--replicaof", "127.0.0.1", "0"],
            &["--sanitize-dump-payload", look],
        ];
        let run = Run::new(&format!("{}-server", self.flavour), settings.concat().into_iter().map(ToOwned::to_owned));
        self.bench.start(&run).await
    }

    /// Waits until it has loaded, or has ended instead.
    async fn waited(&self, server: &mut dyn Running, reporter: &dyn Reporter) -> Result<Waited, Failure> {
        let mut ended = server.ended();
        let mut look = LOOKS.0;
        loop {
            tokio::select! {
                ended = &mut ended => return ended.map(Waited::Ended),
                () = tokio::time::sleep(look) => look = LOOKS.1.min(look * 2),
            }
            // Until it listens nobody answers.
            let Ok(info) = Info::ask(self, &["persistence"]).await else { continue };
            match info.word("loading") {
                "0" => return Ok(Waited::Loaded(info)),
                "1" => reporter.progress(loading(&info)),
                _ => {}
            }
        }
    }
}

fn loading(info: &Info) -> Progress {
    let bytes = info.number("loading_loaded_bytes").unwrap_or_default();
    let total = info.number("loading_total_bytes");
    Progress { bytes, total, words: "the scratch server loads".to_owned(), ..Progress::default() }
}

enum Waited {
    Loaded(Info),
    Ended(Ended),
}

/// Damage is the snapshot's own; anything else kept it from being read.
fn inner<T>(failure: Failure) -> Result<Result<T, Failure>, Failure> {
    if failure.kind == FailureKind::Damaged { Ok(Err(failure)) } else { Err(failure) }
}

fn unwritten(ended: &Ended) -> Failure {
    let is_full = ended.stderr.contains("No space left");
    let kind = if is_full { FailureKind::Full } else { FailureKind::Io };
    Failure::new(
        kind,
        format!("the snapshot could not be written for the scratch server: {} ({})", ended.stderr.trim(), ended.status),
    )
}

impl RedisLink for Place<'_> {
    fn ask<'a>(&'a self, database: u32, words: &'a [&'a str]) -> Promise<'a, String> {
        Box::pin(async move {
            let (number, socket) = (database.to_string(), self.path("s"));
            let all = ["-s", &socket].into_iter().chain(cli::question(&number)).chain(words.iter().copied());
            let run = Run::new(&format!("{}-cli", self.flavour), all);
            cli::answer(self.bench.start(&run).await?.as_mut()).await
        })
    }

    fn snapshot(&self, _: Way) -> Promise<'_, Snapshot> {
        Box::pin(async { Err(Failure::new(FailureKind::Bug, "a scratch server gives no snapshot")) })
    }
}

impl Loaded {
    /// How many keys the server took, with those that had expired by then.
    pub fn keys(&self) -> u64 {
        let number = |key| self.info.number(key).unwrap_or_default();
        number("rdb_last_load_keys_loaded") + number("rdb_last_load_keys_expired")
    }
}

/// What a server writes while it runs; read as it comes, so that it never waits for us.
struct Log(Option<JoinHandle<Vec<u8>>>);

impl Log {
    fn of(running: &mut dyn Running) -> Self {
        Self(running.stdout().map(|stdout| tokio::spawn(last(stdout))))
    }

    /// All that is kept, once the server has ended.
    async fn text(self) -> String {
        let Some(reading) = self.0 else { return String::new() };
        String::from_utf8_lossy(&reading.await.unwrap_or_default()).into_owned()
    }
}

async fn last(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept = Vec::new();
    // A pipe that breaks has ended too.
    while let Ok(1..) = from.read_buf(&mut kept).await {
        if kept.len() > 2 * LOG {
            kept.drain(..kept.len() - LOG);
        }
    }
    kept
}
