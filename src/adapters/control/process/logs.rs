//! The log files of processes, by `tail`: backwards from their ends, and over rotations where they are followed. It waits while
//! nobody reads, so that a log that floods fills a pipe and no memory.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::adapters::control::dated;
use crate::adapters::control::host::{Host, last};
use crate::adapters::control::lines::Lines;
use crate::domain::control::{LONGEST_LINE, LogAsk, LogLine};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;
use crate::ports::Promise;
use crate::ports::control::Logs;
use crate::ports::tools::{Run, Running};

/// How far back a time is looked for in a file, in bytes.
const BACK: u64 = 64 << 20;
/// How many lines are told where nothing says how many.
const USUAL: u32 = 10_000;
/// How many lines may wait for whoever reads a log that is followed.
const WAITING: usize = 256;

/// One file that is read.
struct Tail {
    instance: String,
    path: String,
    lines: Lines,
    running: Box<dyn Running>,
    since: Option<Stamp>,
    until: Option<Stamp>,
    /// The time of the last line that had one: those without belong to it.
    at: Option<Stamp>,
    /// How many of the last lines before `until` are wanted.
    keep: Option<usize>,
    kept: VecDeque<LogLine>,
}

/// Opens the logs of instances, each with its file.
pub async fn open(host: &Host, files: &[(String, String)], ask: &LogAsk) -> Result<Box<dyn Logs>, Failure> {
    let mut tails = Vec::new();
    for (instance, path) in files {
        tails.push(Tail::open(host, instance, path, ask).await?);
    }
    if !ask.follow {
        let next = tails.iter().map(|_| None).collect();
        return Ok(Box::new(Sorted { tails, next, began: false }));
    }
    let (tell, told) = mpsc::channel(WAITING);
    let mut readers = JoinSet::new();
    for mut tail in tails {
        let tell = tell.clone();
        readers.spawn(async move {
            while let Some(line) = tail.line().await.transpose() {
                if tell.send(line).await.is_err() {
                    break;
                }
            }
        });
    }
    Ok(Box::new(Followed { told, _readers: readers }))
}

impl Tail {
    async fn open(host: &Host, instance: &str, path: &str, ask: &LogAsk) -> Result<Self, Failure> {
        let is_timed = ask.since.is_some() || ask.until.is_some();
        let mut words = match ask.tail {
            Some(tail) if ask.until.is_none() => vec!["-n".to_owned(), tail.to_string()],
            _ if is_timed => vec!["-c".to_owned(), BACK.to_string()],
            _ => vec!["-n".to_owned(), USUAL.to_string()],
        };
        words.extend(ask.follow.then(|| "-F".to_owned()));
        words.extend(["--".to_owned(), path.to_owned()]);
        let mut running = host.start(&Run::new("tail", words)).await?;
        let out = running.stdout().ok_or_else(|| Failure::new(FailureKind::Bug, "a log has no output"))?;
        let keep = ask.tail.filter(|_| ask.until.is_some()).map(|tail| tail.min(USUAL) as usize);
        let (instance, path, lines) = (instance.to_owned(), path.to_owned(), Lines::new(out, LONGEST_LINE));
        Ok(Self { instance, path, lines, running, since: ask.since, until: ask.until, at: None, keep, kept: VecDeque::new() })
    }

    async fn line(&mut self) -> Result<Option<LogLine>, Failure> {
        let Some(keep) = self.keep else { return self.passing().await };
        while let Some(line) = self.passing().await? {
            self.kept.push_back(line);
            if self.kept.len() > keep {
                self.kept.pop_front();
            }
        }
        Ok(self.kept.pop_front())
    }

    /// The next line of the time that is meant.
    async fn passing(&mut self) -> Result<Option<LogLine>, Failure> {
        loop {
            let Some(line) = self.lines.next().await? else { return self.ended().await };
            let (text, cut) = line.text();
            let own = dated::stamp(&text);
            self.at = own.or(self.at);
            let late = self.until.is_some_and(|until| self.at.is_some_and(|at| at > until));
            // What has no time at all may be old: it does not pass for new.
            let early = self.since.is_some_and(|since| self.at.is_none_or(|at| at < since));
            if !late && !early {
                return Ok(Some(LogLine { at: self.at, instance: self.instance.clone(), text, cut }));
            }
        }
    }

    async fn ended(&mut self) -> Result<Option<LogLine>, Failure> {
        let ended = self.running.ended().await?;
        if ended.status.success() {
            return Ok(None);
        }
        let denied = ended.stderr.contains("ermission denied");
        let kind = if denied { FailureKind::Denied } else { FailureKind::Unavailable };
        Err(Failure::new(kind, format!("the log of {}, {}: {}", self.instance, self.path, last(&ended.stderr))))
    }
}

/// Logs that end: their lines by their times.
struct Sorted {
    tails: Vec<Tail>,
    next: Vec<Option<LogLine>>,
    began: bool,
}

impl Logs for Sorted {
    fn next(&mut self) -> Promise<'_, Option<LogLine>> {
        Box::pin(async move {
            if !std::mem::replace(&mut self.began, true) {
                for (tail, next) in self.tails.iter_mut().zip(&mut self.next) {
                    *next = tail.line().await?;
                }
            }
            let waiting = self.next.iter().enumerate().filter_map(|(n, line)| line.as_ref().map(|line| (line.at, n)));
            let Some((_, first)) = waiting.min() else { return Ok(None) };
            let following = self.tails[first].line().await?;
            Ok(std::mem::replace(&mut self.next[first], following))
        })
    }
}

/// Logs that go on: their lines as they come.
struct Followed {
    told: mpsc::Receiver<Result<LogLine, Failure>>,
    /// Dropped, they are ended, and what they read with them.
    _readers: JoinSet<()>,
}

impl Logs for Followed {
    fn next(&mut self) -> Promise<'_, Option<LogLine>> {
        Box::pin(async move { self.told.recv().await.transpose() })
    }
}
