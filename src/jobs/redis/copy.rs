//! The backup of a Redis: its snapshot, counted and hashed on its way into the repository.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;

use crate::domain::backup::redis::{self, Database, Sample};
use crate::domain::backup::{Census, FileFacts};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::Progress;
use crate::domain::time::Stamp;
use crate::jobs::redis::identity::Server;
use crate::jobs::redis::info::Info;
use crate::jobs::redis::rdb::{Found, Scanner};
use crate::jobs::redis::{cli, sample};
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::{Copied, CopyArgs};
use crate::ports::redis::{RedisLink, Snapshot, Way};
use crate::ports::repository::FileSink;

/// The name of the one file, before what says how it is packed.
const FILE: &str = "dump.rdb";
/// Its role.
pub const ROLE: &str = "rdb";
/// How much is read at once.
const PIECE: usize = 256 << 10;
/// How often the server is asked how far it is.
const LOOK: Duration = Duration::from_secs(1);
/// What a backup needs to be granted.
const RIGHTS: &str = "+ping +info +select +sync +replconf +config|get +eval_ro +@read ~*";

/// Copies the server's data into the repository.
pub async fn copy(cx: &Cx<'_>, args: &CopyArgs) -> Result<Copied, Failure> {
    let link = cli::link(cx.world, &args.access).await?;
    let link = link.as_ref();
    let server = Server::identify(link, &args.access, &args.environment, &args.service).await?;
    server.must_be(&args.system)?;
    let (began, before) = (cx.world.now(), sampled(cx, link).await?);
    settled(cx, link).await?;
    let asked = cx.world.now();
    let snapshot = snapshot(cx, link).await.map_err(|failure| with_rights(args, failure))?;
    let repository = cx.world.repository(&args.repository).await?;
    let sink = repository.create(&args.backup, FILE, ROLE, args.policy.compression).await?;
    let (found, facts) = pass(cx, snapshot, sink).await?;
    let census = census(cx, link, &found, before).await?;
    Ok(Copied {
        tools: BTreeMap::from([(format!("{}-server", server.origin.flavour), server.origin.version.clone())]),
        origin: server.origin,
        began,
        consistent: consistent(&found, asked, cx.world.now()),
        files: vec![facts],
        census,
    })
}

/// The moment of the data: when the server began to save, where its clock agrees with ours that this was since it was asked.
fn consistent(found: &Found, asked: Stamp, now: Stamp) -> Stamp {
    let saved = found.saved.and_then(|seconds| i64::try_from(seconds).ok()).map(|seconds| Stamp(seconds.saturating_mul(1000)));
    saved.filter(|at| *at > asked && *at <= now).unwrap_or(asked)
}

/// Digests of keys before the snapshot; none where scripts are not allowed.
async fn sampled(cx: &Cx<'_>, link: &dyn RedisLink) -> Result<Vec<Sample>, Failure> {
    let databases: Vec<u32> = Info::ask(link, &["keyspace"]).await?.databases().iter().map(|database| database.number).collect();
    match sample::choose(link, &databases).await {
        Err(failure) if failure.kind != FailureKind::Unavailable => {
            cx.reporter.log(&format!("no values are digested: {failure}"));
            Ok(Vec::new())
        }
        chosen => chosen,
    }
}

/// Waits until the server saves nothing: a snapshot that begins from now on is younger than the sample.
async fn settled(cx: &Cx<'_>, link: &dyn RedisLink) -> Result<(), Failure> {
    loop {
        let info = Info::ask(link, &["persistence"]).await?;
        if !info.is_saving() {
            return Ok(());
        }
        cx.reporter.progress(saving(&info, "waiting for the server to end a save of its own"));
        tokio::time::sleep(LOOK).await;
    }
}

fn saving(info: &Info, words: &str) -> Progress {
    Progress { rows: info.number("current_save_keys_processed"), words: words.to_owned(), ..Progress::default() }
}

/// Asks for the snapshot, and tells how far the server is until it begins to come.
async fn snapshot(cx: &Cx<'_>, link: &dyn RedisLink) -> Result<Snapshot, Failure> {
    let way = way(link).await?;
    let first = watched(cx, link, way).await;
    match first {
        Err(failure) if way == Way::File && failure.kind == FailureKind::Unavailable => {
            cx.reporter.log(&format!("the server could not save to its own file, so it is asked to send as it saves: {failure}"));
            watched(cx, link, Way::Stream).await
        }
        first => first,
    }
}

async fn watched(cx: &Cx<'_>, link: &dyn RedisLink, way: Way) -> Result<Snapshot, Failure> {
    let words = match way {
        Way::File => "the server saves",
        Way::Stream => "the server waits for other replicas, 5 s by default",
    };
    let mut snapshot = link.snapshot(way);
    loop {
        tokio::select! {
            begun = &mut snapshot => return begun,
            () = tokio::time::sleep(LOOK) => {
                // Only to tell: a server that does not answer now may still send.
                if let Ok(info) = Info::ask(link, &["persistence"]).await {
                    cx.reporter.progress(saving(&info, words));
                }
            }
        }
    }
}

/// A server that saves to its file by itself may do so for us, at once; another would find that file when it starts again.
async fn way(link: &dyn RedisLink) -> Result<Way, Failure> {
    let info = Info::ask(link, &["persistence"]).await?;
    let saves = match link.ask(0, &["CONFIG", "GET", "save"]).await {
        Ok(answer) => answer.lines().nth(1).is_some_and(|points| !points.trim().is_empty()),
        Err(_) => info.number("rdb_saves").is_some_and(|saves| saves > 0),
    };
    let fit = saves || info.word("aof_enabled") == "1";
    Ok(if fit && info.word("rdb_last_bgsave_status") == "ok" { Way::File } else { Way::Stream })
}

/// Passes the snapshot on into the repository, and counts it as it passes.
async fn pass(cx: &Cx<'_>, snapshot: Snapshot, mut sink: Box<dyn FileSink>) -> Result<(Found, FileFacts), Failure> {
    let Snapshot { bytes: total, mut rdb } = snapshot;
    let mut scanner = Scanner::default();
    let mut passed = 0;
    loop {
        let mut piece = BytesMut::with_capacity(PIECE);
        let count = rdb.read_buf(&mut piece).await.map_err(|e| cut(passed, e))?;
        if count == 0 {
            break;
        }
        scanner.feed(&piece)?;
        sink.write(piece.freeze()).await?;
        passed += count as u64;
        cx.reporter.progress(Progress { bytes: passed, total, rows: Some(scanner.keys()), ..Progress::default() });
    }
    let found = scanner.end()?;
    if !found.checksum {
        cx.reporter.log("the server writes no checksum (rdbchecksum no): its data is hashed from here on, not before");
    }
    Ok((found, sink.finish().await?))
}

fn cut(passed: u64, error: std::io::Error) -> Failure {
    let failure = Failure::from(error);
    Failure {
        kind: FailureKind::Unavailable,
        what: format!("the snapshot was cut after {passed} bytes: {}", failure.what),
        ..failure
    }
}

/// What the snapshot holds.
async fn census(cx: &Cx<'_>, link: &dyn RedisLink, found: &Found, before: Vec<Sample>) -> Result<Census, Failure> {
    let Some(databases) = counts(cx, link, found).await? else { return Ok(Census::None) };
    let after = sample::again(link, &before).await?;
    let same = sample::Compared::new(&before, &after, cx.world.now()).same;
    if same.len() < before.len() {
        cx.reporter.log(&format!("{} of {} sampled values stayed the same meanwhile", same.len(), before.len()));
    }
    Ok(Census::Redis(redis::Census { offset: found.offset, databases, sample: same }))
}

/// The keys as they were counted; where a value was unknown, as the server wrote them, if it did so for all of its databases.
async fn counts(cx: &Cx<'_>, link: &dyn RedisLink, found: &Found) -> Result<Option<Vec<Database>>, Failure> {
    let Some((offset, kind)) = found.lost else { return Ok(found.counts()) };
    let declared = |counted: &crate::jobs::redis::rdb::Counted| {
        let (keys, expires) = counted.declared?;
        Some(Database { number: counted.seen.number, keys, expires })
    };
    let known: Vec<Database> = found.databases.iter().filter_map(declared).collect();
    let told = Info::ask(link, &["keyspace"]).await?.databases();
    let whole = !known.is_empty() && told.iter().all(|one| known.iter().any(|other| other.number == one.number));
    let instead = if whole { "the server's own counts are kept" } else { "nothing is counted" };
    cx.reporter.log(&format!("a value of the unknown type {kind} begins at byte {offset}: from there on {instead}"));
    Ok(whole.then_some(known))
}

/// A refusal with the line that grants what is missing.
fn with_rights(args: &CopyArgs, failure: Failure) -> Failure {
    if failure.kind != FailureKind::Denied || failure.mend.is_some() {
        return failure;
    }
    let user = args.access.user.as_deref().unwrap_or("default");
    failure.mend(format!("ACL SETUSER {user} {RIGHTS}"))
}
