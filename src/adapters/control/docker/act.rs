//! Starting, stopping and pausing one container: each is done once it was seen.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::adapters::control::docker::container::{Container, Facts};
use crate::adapters::control::docker::engine::Engine;
use crate::adapters::control::docker::set::inspect;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;

/// How long one must have run to be called started.
const STEADY: Duration = Duration::from_secs(1);
/// How long the kernel may take to end what was killed, and to freeze or thaw.
const KERNEL: Duration = Duration::from_secs(10);
/// How long is waited between two looks; through `ssh` each takes longer by itself.
const LOOK: Duration = Duration::from_millis(100);

/// How a service is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// How long one may take that was asked to end.
    pub grace: Duration,
    /// Whether it is killed after that.
    pub force: bool,
}

/// Whether a container can be started; nothing is changed.
pub fn may_start(container: &Container) -> Result<(), Failure> {
    let name = container.facts.name();
    if container.facts.state.paused {
        return Err(Failure::refused(format!("{name} is paused, so it cannot be started")).mend("let it go on: unpause it"));
    }
    Ok(())
}

/// Whether a container can be stopped so; nothing is changed.
pub fn may_stop(container: &Container, stop: Stop) -> Result<(), Failure> {
    let name = container.facts.name();
    if container.facts.state.paused && !stop.force {
        let what = format!("{name} is paused and hears no signal: to stop it in order it would have to go on for a while");
        return Err(Failure::refused(what).mend("unpause it first; or stop it with force, which kills it where it stands"));
    }
    Ok(())
}

/// Those of these containers that can be paused: what does not run stays as it is. Refused where there is nothing to pause, or where
/// one would run again while the others hold still; nothing is changed.
pub fn pausable(all: Vec<Container>) -> Result<Vec<Container>, Failure> {
    let name = |container: &Container| container.facts.name().to_owned();
    if let Some(looping) = all.iter().find(|container| container.facts.state.restarting) {
        let what = format!("{} is between two restarts ({}): it cannot be paused", name(looping), looping.facts.ending());
        return Err(Failure::refused(what).mend("stop it, or mend what ends it: its log tells"));
    }
    let (running, down): (Vec<_>, Vec<_>) = all.into_iter().partition(|container| container.facts.state.running);
    if running.is_empty() {
        let names: Vec<String> = down.iter().map(name).collect();
        return Err(Failure::refused(format!("{} does not run: there is nothing to pause", names.join(", "))));
    }
    Ok(running)
}

/// Starts one, and sees it run for a moment: what ends at once was not started.
pub async fn start(engine: &Engine, container: &Container) -> Result<(), Failure> {
    let facts = &container.facts;
    if facts.state.running && !facts.state.restarting {
        return Ok(());
    }
    let reply = engine.post(&format!("/containers/{}/start", facts.id), &[], None).await?;
    reply.done().map_err(|failure| about(facts.name(), "was not started", failure))?;
    let begun = Instant::now();
    let mut first: Option<String> = None;
    while begun.elapsed() < STEADY {
        let now = look(engine, facts, "was asked to start").await?;
        let started = first.get_or_insert_with(|| now.state.started_at.clone());
        if now.state.restarting || now.restart_count > 0 || *started != now.state.started_at {
            let what = format!(
                "{} ends and is restarted, over and over: {} times so far, {}",
                now.name(),
                now.restart_count,
                now.ending()
            );
            return Err(Failure::new(FailureKind::Unavailable, what).mend("its log tells why"));
        }
        if !now.state.running {
            let what = format!("{} was started and ended at once: {}", now.name(), now.ending());
            return Err(Failure::new(FailureKind::Unavailable, what).mend("its log tells why"));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Asks one to end and waits; kills it only with force. Not by Docker's own stop, which kills whatever is not quick enough.
pub async fn stop(engine: &Engine, container: &Container, stop: Stop) -> Result<(), Failure> {
    let facts = &container.facts;
    if !facts.state.running {
        return Ok(());
    }
    let signal = facts.stop_signal();
    // What is paused would hear the signal only after it went on.
    if !facts.state.paused && asked_to_end(engine, facts, signal, stop.grace).await? {
        return Ok(());
    }
    if !stop.force {
        return Err(deaf(engine, facts, stop.grace).await);
    }
    if asked_to_end(engine, facts, "SIGKILL", KERNEL).await? {
        return Ok(());
    }
    let what = format!("{} was killed and is still there after {}: the kernel holds its processes", facts.name(), human(KERNEL));
    Err(Failure::new(FailureKind::Stalled, what).mend("a disk or a network file system that hangs does that: dmesg tells"))
}

/// Sends a signal; says whether it ended within that time.
async fn asked_to_end(engine: &Engine, facts: &Facts, signal: &str, within: Duration) -> Result<bool, Failure> {
    let deadline = Instant::now() + within;
    let after = format!("was sent {signal}");
    loop {
        let reply = engine.post(&format!("/containers/{}/kill", facts.id), &[("signal", signal)], None).await?;
        let heard = !matches!(reply.status, 404 | 409);
        if heard {
            reply.done().map_err(|failure| about(facts.name(), &format!("was not sent {signal}"), failure))?;
        }
        // What is between two restarts may have had no process to hear it: it is told again.
        let left = if heard { deadline.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
        if until(engine, facts, &after, left, |facts| !facts.state.running).await? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(LOOK).await;
    }
}

/// That one did not obey, with what is left of it.
async fn deaf(engine: &Engine, facts: &Facts, grace: Duration) -> Failure {
    let left = processes(engine, facts).await.unwrap_or_default();
    let left = if left.is_empty() { String::new() } else { format!("; left are {}", left.join(", ")) };
    let policy =
        if facts.is_restarted() { ". Docker will not restart it by itself any more until somebody starts it" } else { "" };
    let what = format!("{} was sent {} and goes on after {}{left}{policy}", facts.name(), facts.stop_signal(), human(grace));
    Failure::new(FailureKind::Stalled, what).mend("give it more time (grace), or stop it with force, which kills it")
}

/// Its processes, the first few: `5111 sh`.
async fn processes(engine: &Engine, facts: &Facts) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Top {
        titles: Vec<String>,
        processes: Vec<Vec<String>>,
    }
    let top: Top = engine.get(&format!("/containers/{}/top", facts.id), &[]).await.ok()?.read().ok()?;
    let column = |title: &str| top.titles.iter().position(|known| known == title);
    let (pid, command) = (column("PID")?, column("CMD").or_else(|| column("COMMAND"))?);
    // No more than its program: what it was told may be a secret.
    let shown = |row: &Vec<String>| Some(format!("{} {}", row.get(pid)?, row.get(command)?.split_whitespace().next()?));
    Some(top.processes.iter().take(3).filter_map(shown).collect())
}

/// Stops one in its tracks.
pub async fn pause(engine: &Engine, container: &Container) -> Result<(), Failure> {
    if container.facts.state.paused {
        return Ok(());
    }
    frozen(engine, &container.facts, true).await
}

/// Lets one go on.
pub async fn unpause(engine: &Engine, container: &Container) -> Result<(), Failure> {
    if !container.facts.state.paused {
        return Ok(());
    }
    frozen(engine, &container.facts, false).await
}

async fn frozen(engine: &Engine, facts: &Facts, want: bool) -> Result<(), Failure> {
    let verb = if want { "pause" } else { "unpause" };
    let reply = engine.post(&format!("/containers/{}/{verb}", facts.id), &[], None).await?;
    let refused = reply.done().err();
    // Somebody else may have been quicker.
    let within = if refused.is_some() { Duration::ZERO } else { KERNEL };
    let after = format!("was asked to {verb}");
    let seen = until(engine, facts, &after, within, |facts| facts.state.running && facts.state.paused == want).await?;
    match (seen, refused) {
        (true, _) => Ok(()),
        (false, Some(failure)) => Err(about(facts.name(), &format!("did not {verb}"), failure)),
        (false, None) => {
            let what = format!("Docker says that it let {} {verb}, and it did not within {}", facts.name(), human(KERNEL));
            Err(Failure::new(FailureKind::Stalled, what))
        }
    }
}

/// Whether it is so within that time. One that is gone is seen as one that ended.
async fn until(
    engine: &Engine,
    facts: &Facts,
    after: &str,
    within: Duration,
    so: impl Fn(&Facts) -> bool,
) -> Result<bool, Failure> {
    let deadline = Instant::now() + within;
    loop {
        let now = look(engine, facts, after).await?;
        if so(&now) {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(LOOK).await;
    }
}

/// How it is now. Where that cannot be told, what was done before must be.
async fn look(engine: &Engine, facts: &Facts, after: &str) -> Result<Facts, Failure> {
    let unseen = |failure: Failure| about(facts.name(), &format!("{after}, and what came of it could not be seen"), failure);
    let found = inspect(engine, &facts.id, 0).await.map_err(unseen)?;
    Ok(found.map_or_else(|| facts.gone(), |container| container.facts))
}

fn about(name: &str, what: &str, failure: Failure) -> Failure {
    Failure { what: format!("{name} {what}: {}", failure.what), ..failure }
}
