//! More or fewer containers of a service. Those with the lowest numbers stay; a new one is made after the one with the highest,
//! and only what midwatch made is removed again.

use std::time::Duration;

use crate::adapters::control::docker::act::{self, Stop};
use crate::adapters::control::docker::container::{Container, MADE};
use crate::adapters::control::docker::engine::Engine;
use crate::adapters::control::docker::make::Mould;
use crate::adapters::control::docker::set::Set;
use crate::domain::control;
use crate::domain::failure::{Failure, FailureKind};

/// Makes it so many that run. Whatever cannot be done is found before the first is touched.
pub async fn scale(engine: &Engine, set: &Set, to: u16, grace: Duration) -> Result<(), Failure> {
    let stop = Stop { grace, force: false };
    let all = set.chosen(engine, None).await?;
    let (stay, go) = divided(set, &all, to)?;
    stay.iter().try_for_each(|container| act::may_start(container))?;
    go.iter().try_for_each(|container| act::may_stop(container, stop))?;
    let highest = all.iter().map(|container| container.number).max().unwrap_or_default();
    let missing = usize::from(to).saturating_sub(stay.len());
    let mould = match all.last() {
        Some(last) if missing > 0 => Some(Mould::of(engine, last).await?),
        _ => None,
    };
    for container in stay {
        act::start(engine, container).await?;
    }
    // Somebody else who scales at the same time makes the same numbers, and is told.
    for number in (1..).map(|more| highest + more).take(missing) {
        if let Some(mould) = &mould {
            mould.cast(engine, number).await?;
        }
    }
    for container in go.iter().rev() {
        act::stop(engine, container, stop).await?;
        if container.facts.label(MADE).is_some() {
            remove(engine, container).await?;
        }
    }
    Ok(())
}

/// Those that stay and those that go.
fn divided<'a>(set: &Set, all: &'a [Container], to: u16) -> Result<(Vec<&'a Container>, Vec<&'a Container>), Failure> {
    match set {
        Set::One(name) => {
            let what = format!("{name} is one container, and is not made several");
            Err(Failure::refused(what)
                .mend(format!("docker = \"{name}-{}\" stands for several, compose = \"…\" too", control::NUMBER)))
        }
        Set::Numbered { .. } => {
            let there = |number: u32| all.iter().any(|container| container.number == number);
            let missing: Vec<String> = (1..=to)
                .filter(|number| !there(u32::from(*number)))
                .map(|number| control::numbered(&set.to_string(), number))
                .collect();
            if !missing.is_empty() {
                let what =
                    format!("there is no container {} to start, and midwatch does not know how to make one", missing.join(", "));
                return Err(Failure::refused(what).mend("docker run --name … makes it"));
            }
            Ok(all.iter().partition(|container| (1..=u32::from(to)).contains(&container.number)))
        }
        Set::Compose { .. } => {
            let (stay, go) = all.split_at(all.len().min(usize::from(to)));
            Ok((stay.iter().collect(), go.iter().collect()))
        }
    }
}

/// Removes one that midwatch made; its volumes stay.
async fn remove(engine: &Engine, container: &Container) -> Result<(), Failure> {
    let facts = &container.facts;
    let reply = engine.delete(&format!("/containers/{}", facts.id), &[]).await?;
    if reply.status == 404 || reply.is_done() {
        return Ok(());
    }
    let what = format!("{}, which midwatch made, is stopped and was not removed: {}", facts.name(), reply.words());
    Err(Failure::new(FailureKind::Unavailable, what).mend(format!("docker rm {}", facts.name())))
}
