//! `watch`: looks on while a fault is on: what it does to the probes, which alerts fire and when. It ends early where the drill
//! has to be aborted; that is a result, so that the report can tell of it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::domain::chaos::end::Standing;
use crate::domain::chaos::{Baseline, Injected, Sample, Watched};
use crate::domain::failure::Failure;
use crate::domain::job::Progress;
use crate::domain::plan::StepSpec;
use crate::domain::time::human;
use crate::jobs::drill::beat::Beats;
use crate::jobs::drill::eye::Eye;
use crate::jobs::drill::watch::{SHOWN, Seen, Watcher};
use crate::jobs::drill::{self, Drill};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::jobs::steps::hold;
use crate::ports::Promise;

/// The step kind.
pub const WATCH: &dyn StepKind = &Watch;

struct Watch;

impl StepKind for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { told(&cx.unless_cancelled(watch(cx)).await?) })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn watch(cx: &Cx<'_>) -> Result<Watched, Failure> {
    let drill = Drill::around(cx)?;
    let (baseline, injected): (Baseline, Injected) = (drill::told(cx, "baseline")?, drill::told(cx, "inject")?);
    let eye = Eye::open(cx.world, &drill).await?;
    // What injecting took is part of the fault's time.
    let already = cx.world.now().since(injected.at).min(drill.lasts);
    let beats = Beats::of(&drill);
    let watcher = Watcher::new(&drill, &baseline);
    tokio::select! {
        never = beats.ask(&eye) => match never {},
        seen = look_on(cx, &drill, &eye, watcher, &beats, already) => Ok(seen),
    }
}

/// Looks at the alerts on every beat, or as fast as they can be seen, until the fault's time is over. Nothing that hangs makes it
/// longer.
async fn look_on(
    cx: &Cx<'_>,
    drill: &Drill,
    eye: &Eye<'_>,
    mut watcher: Watcher<'_>,
    beats: &Beats<'_>,
    already: Duration,
) -> Watched {
    let began = beats.at(0);
    let end = began + drill.lasts.saturating_sub(already);
    let mut aborted = None;
    while aborted.is_none() && Instant::now() < end {
        let look = Instant::now();
        let after = already + look.duration_since(began);
        let Ok(seen) = timeout_at(end, see(cx, eye, drill, after)).await else { break };
        aborted = watcher.take(seen);
        say(cx, drill, already + began.elapsed(), &watcher, &beats.answered(already));
        if aborted.is_none() {
            sleep_until(beats.at(beats.begun(Instant::now())).min(end)).await;
        }
    }
    let now = Instant::now();
    Watched { lasted: already + now.duration_since(began), samples: beats.until(already, now), fired: watcher.fired, aborted }
}

async fn see(cx: &Cx<'_>, eye: &Eye<'_>, drill: &Drill, after: Duration) -> Seen {
    let (alerts, ill, condition, disarmed, lost) =
        tokio::join!(eye.alerts(), eye.ill(drill.outside()), eye.condition(), disarmed(cx), hold::lost(cx, drill));
    Seen { after, alerts, ill, condition, disarmed: disarmed.or(lost) }
}

/// Why the end is not armed any more.
async fn disarmed(cx: &Cx<'_>) -> Option<String> {
    let standing = match cx.world.arm() {
        Ok(arm) => arm.look(cx.job).await,
        Err(failure) => Err(failure),
    };
    match standing {
        Ok(Standing::Armed(_)) => None,
        Ok(Standing::Unarmed) => Some("its end is not armed".to_owned()),
        Ok(Standing::Deserted(_)) => Some("the watchdog that would end it is gone".to_owned()),
        Ok(Standing::Ended(ended)) => Some(format!("it was ended already: {}", ended.why.words())),
        Err(failure) => Some(format!("nobody knows whether its end is armed: {failure}")),
    }
}

fn say(cx: &Cx<'_>, drill: &Drill, after: Duration, watcher: &Watcher<'_>, samples: &[Sample]) {
    let readings = samples.last().into_iter().flat_map(|sample| &sample.readings);
    let ill: Vec<&str> = drill
        .hypothesis
        .iter()
        .zip(readings)
        .filter(|(_, reading)| !reading.holds)
        .map(|(probe, _)| probe.name.as_str())
        .collect();
    let steady = if ill.is_empty() { "steady".to_owned() } else { format!("not steady: {}", ill.join(", ")) };
    let heard = format!("{} of {} expected alerts fire", watcher.detected(), drill.expects.len());
    let words = format!("{} of {}; {steady}; {heard}", human(after), human(drill.lasts));
    let seen =
        Watched { lasted: after, samples: Sample::thinned(samples, SHOWN), fired: watcher.fired.clone(), ..Watched::default() };
    cx.reporter.progress(Progress { words, so_far: told(&seen).ok(), ..Progress::default() });
}
