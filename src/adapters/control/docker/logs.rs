//! The log of a service's containers: merged by time where it ends, line by line as they come where it is followed.
//!
//! A container that ends while it is followed is taken up again when it runs again, and so is a new one in its place.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{pending, select_all};
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};

use crate::adapters::control::docker::container::Container;
use crate::adapters::control::docker::engine::{Engine, Stream};
use crate::adapters::control::docker::logs::lines::{Line, Lines};
use crate::adapters::control::docker::set::Set;
use crate::domain::control::{LogAsk, LogLine};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::{Stamp, human};
use crate::ports::Promise;
use crate::ports::control::Logs;

mod lines;

/// How long a log that ends may say nothing.
const QUIET: Duration = Duration::from_secs(30);
/// How often it is looked for containers that run anew.
const LOOK: Duration = Duration::from_secs(2);

/// A log that is read.
pub struct Reading {
    engine: Arc<Engine>,
    set: Set,
    ask: LogAsk,
    sources: Vec<Source>,
    /// Up to when each container's was read that ended, by its id.
    seen: HashMap<String, Timestamp>,
    look_at: Instant,
}

/// One container's.
struct Source {
    id: String,
    name: String,
    stream: Stream,
    lines: Lines,
    last: Option<Timestamp>,
    /// The next line, while others' are older.
    held: Option<LogLine>,
    ended: bool,
}

impl Reading {
    /// Asks every container for its part.
    pub async fn open(engine: Arc<Engine>, set: Set, ask: &LogAsk) -> Result<Self, Failure> {
        let look_at = Instant::now() + LOOK;
        let mut reading = Self { engine, set, ask: ask.clone(), sources: Vec::new(), seen: HashMap::new(), look_at };
        for container in reading.set.chosen(&reading.engine, ask.instance.as_deref()).await? {
            reading.take_up(&container).await?;
        }
        Ok(reading)
    }

    async fn take_up(&mut self, container: &Container) -> Result<(), Failure> {
        let facts = &container.facts;
        let last = self.seen.get(&facts.id).copied();
        let params = params(&self.ask, last);
        let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let stream = self.engine.stream(&format!("/containers/{}/logs", facts.id), &params).await;
        let stream = stream.map_err(|failure| unreadable(facts.name(), failure))?;
        let (id, name, lines) = (facts.id.clone(), facts.name().to_owned(), Lines::new(facts.config.tty));
        self.sources.push(Source { id, name, stream, lines, last, held: None, ended: false });
        Ok(())
    }

    /// The oldest of all next lines.
    async fn merged(&mut self) -> Result<Option<LogLine>, Failure> {
        for source in &mut self.sources {
            if source.held.is_none() && !source.ended {
                let next = timeout(QUIET, source.next()).await;
                source.held = next.map_err(|_| quiet(&source.name))??;
            }
        }
        let with = self.sources.iter_mut().filter(|source| source.held.is_some());
        let oldest = with.min_by_key(|source| source.held.as_ref().and_then(|line| line.at));
        Ok(oldest.and_then(|source| source.held.take()))
    }

    /// Whichever comes next, for as long as anybody asks.
    async fn followed(&mut self) -> Result<LogLine, Failure> {
        loop {
            if Instant::now() >= self.look_at {
                self.look().await?;
                self.look_at = Instant::now() + LOOK;
            }
            let Ok((next, at)) = timeout_at(self.look_at, first(&mut self.sources)).await else { continue };
            if let Some(line) = next? {
                // One that floods is not always asked first.
                self.sources.rotate_left(at + 1);
                return Ok(line);
            }
            let ended = self.sources.swap_remove(at);
            self.seen.extend(ended.last.map(|last| (ended.id, last)));
        }
    }

    /// Takes up what runs and is not followed: it was started again, or made anew.
    async fn look(&mut self) -> Result<(), Failure> {
        let all = self.set.all(&self.engine).await?;
        let all: Vec<Container> = all.into_iter().filter(|container| self.is_new(container)).collect();
        for container in all {
            self.take_up(&container).await?;
        }
        Ok(())
    }

    fn is_new(&self, container: &Container) -> bool {
        let facts = &container.facts;
        let is_wanted = self.ask.instance.as_deref().is_none_or(|name| name == facts.name());
        facts.state.running && is_wanted && !self.sources.iter().any(|source| source.id == facts.id)
    }
}

impl Logs for Reading {
    fn next(&mut self) -> Promise<'_, Option<LogLine>> {
        Box::pin(async move { if self.ask.follow { self.followed().await.map(Some) } else { self.merged().await } })
    }
}

/// The first that says something or ends, and which it is. None says anything where there is none.
async fn first(sources: &mut [Source]) -> (Result<Option<LogLine>, Failure>, usize) {
    if sources.is_empty() {
        return pending().await;
    }
    let (next, at, _) = select_all(sources.iter_mut().map(|source| Box::pin(source.next()))).await;
    (next, at)
}

impl Source {
    /// Its next line. Asked again after it was interrupted, it has lost nothing.
    async fn next(&mut self) -> Result<Option<LogLine>, Failure> {
        loop {
            if let Some(line) = self.lines.next() {
                return Ok(Some(self.named(line)));
            }
            if self.ended {
                return Ok(None);
            }
            if let Some(bytes) = self.stream.piece().await? {
                self.lines.feed(bytes);
            } else {
                self.ended = true;
                self.lines.end();
            }
        }
    }

    fn named(&mut self, line: Line) -> LogLine {
        self.last = line.at.or(self.last);
        let at = line.at.map(|at| Stamp(at.as_millisecond()));
        LogLine { at, instance: self.name.clone(), text: line.text, cut: line.cut }
    }
}

/// What the Engine is asked; `last` is up to when it was read before.
fn params(ask: &LogAsk, last: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let mut params: Vec<(&str, String)> = ["stdout", "stderr", "timestamps"].map(|name| (name, "1".to_owned())).into();
    params.push(("follow", u8::from(ask.follow).to_string()));
    let since = match last {
        Some(last) => Some(last.as_nanosecond() + 1),
        None => ask.since.map(|since| i128::from(since.0) * 1_000_000),
    };
    params.extend(since.filter(|since| *since > 0).map(|since| ("since", seconds(since))));
    if !ask.follow {
        // The whole of that millisecond.
        let until = ask.until.map(|until| i128::from(until.0) * 1_000_000 + 999_999);
        params.extend(until.filter(|until| *until > 0).map(|until| ("until", seconds(until))));
    }
    let tail = ask.tail.filter(|_| last.is_none()).map_or_else(|| "all".to_owned(), |tail| tail.to_string());
    params.push(("tail", tail));
    params
}

/// As the Engine reads instants.
fn seconds(nanoseconds: i128) -> String {
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

fn quiet(name: &str) -> Failure {
    Failure::new(FailureKind::Stalled, format!("the log of {name} said nothing for {}", human(QUIET)))
}

/// Some drivers send logs away, and cannot read them.
fn unreadable(name: &str, failure: Failure) -> Failure {
    let is_away = failure.what.contains("does not support reading");
    let told = Failure { what: format!("the log of {name}: {}", failure.what), ..failure };
    if is_away {
        told.mend("docker info --format '{{.LoggingDriver}}' tells where Docker sends logs: read it there")
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_in_the_engines_words() {
        let ask = LogAsk { since: Some(Stamp(1_500)), until: Some(Stamp(2_000)), tail: Some(3), ..LogAsk::default() };
        let said =
            |ask: &LogAsk, last| params(ask, last).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let told = said(&ask, None);
        assert!(told.contains(&"since=1.500000000".to_owned()) && told.contains(&"until=2.000999999".to_owned()), "{told:?}");
        assert!(told.contains(&"tail=3".to_owned()) && told.contains(&"follow=0".to_owned()), "{told:?}");
        let again = said(&LogAsk { follow: true, ..ask }, Timestamp::new(7, 5).ok());
        assert!(again.contains(&"since=7.000000006".to_owned()) && again.contains(&"tail=all".to_owned()), "{again:?}");
        assert!(!again.iter().any(|param| param.starts_with("until")), "{again:?}");
    }
}
