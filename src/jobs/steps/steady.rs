//! `steady`: waits for the steady state after a fault, and measures how long it took to come back. That it did not is a result.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::domain::chaos::end::Ended;
use crate::domain::chaos::{Baseline, Injected, Recovered, Sample};
use crate::domain::failure::Failure;
use crate::domain::job::Progress;
use crate::domain::plan::StepSpec;
use crate::domain::time::human;
use crate::jobs::drill::beat::Beats;
use crate::jobs::drill::eye::Eye;
use crate::jobs::drill::watch::{SHOWN, Seen, Watcher};
use crate::jobs::drill::{self, Drill};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::ports::Promise;

/// The step kind.
pub const STEADY: &dyn StepKind = &Steady;

/// How many looks in a row must be good.
const STREAK: usize = 3;

struct Steady;

impl StepKind for Steady {
    fn name(&self) -> &'static str {
        "steady"
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { told(&cx.unless_cancelled(wait(cx)).await?) })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn wait(cx: &Cx<'_>) -> Result<Recovered, Failure> {
    let drill = Drill::around(cx)?;
    let (baseline, injected, ended): (Baseline, Injected, Ended) =
        (drill::told(cx, "baseline")?, drill::told(cx, "inject")?, drill::told(cx, "end")?);
    let eye = Eye::open(cx.world, &drill).await?;
    let watcher = Watcher::new(&drill, &baseline);
    let now = cx.world.now();
    let (already, gone) = (now.since(ended.at), now.since(injected.at));
    let beats = Beats::of(&drill);
    tokio::select! {
        never = beats.ask(&eye) => match never {},
        recovered = look_on(cx, &drill, &eye, watcher, &beats, already, gone) => Ok(recovered),
    }
}

/// Looks on every beat until all has been well for a few beats, or nobody waits any longer.
async fn look_on(
    cx: &Cx<'_>,
    drill: &Drill,
    eye: &Eye<'_>,
    mut watcher: Watcher<'_>,
    beats: &Beats<'_>,
    already: Duration,
    gone: Duration,
) -> Recovered {
    loop {
        let elapsed = beats.at(0).elapsed();
        let alerts = eye.alerts().await;
        // Nothing is aborted any more, but an alert that fires late has fired.
        let _ = watcher.take(Seen { after: gone + elapsed, alerts, ill: Vec::new(), condition: None, disarmed: None });
        let samples = beats.answered(gone);
        let waited = already + beats.at(0).elapsed();
        let after = steady_since(&samples).map(|since| already + since.saturating_sub(gone));
        let readings = samples.last().map(|sample| sample.readings.clone()).unwrap_or_default();
        let fired = watcher.fired.clone();
        if after.is_some() || waited >= drill.steady {
            return Recovered { after, waited, readings, samples, fired };
        }
        let words = format!("{} since the fault ended", human(waited));
        let seen = Recovered { after, waited, readings, samples: Sample::thinned(&samples, SHOWN), fired };
        cx.reporter.progress(Progress { words, so_far: told(&seen).ok(), ..Progress::default() });
        sleep_until(beats.at(beats.begun(Instant::now()))).await;
    }
}

/// When the last looks began to be good, where they are enough in a row.
fn steady_since(samples: &[Sample]) -> Option<Duration> {
    let is_good = |sample: &&Sample| sample.readings.iter().all(|reading| reading.holds);
    let good = samples.iter().rev().take_while(is_good).count();
    let first = samples.len() - good;
    samples.get(first).filter(|_| good >= STREAK).map(|sample| sample.after)
}
