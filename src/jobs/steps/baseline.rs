//! `baseline`: measures the steady state before anything is broken. It must hold, look after look.

use serde_json::Value;

use crate::domain::chaos::{Baseline, Reading};
use crate::domain::failure::Failure;
use crate::domain::plan::StepSpec;
use crate::jobs::drill::eye::{Alerts, Eye, blind};
use crate::jobs::drill::{Drill, preflight};
use crate::jobs::step::{Checked, Cx, StepKind, told};
use crate::ports::Promise;

/// The step kind.
pub const BASELINE: &dyn StepKind = &Measure;

/// How many looks in a row must be good.
const LOOKS: u32 = 3;

struct Measure;

impl StepKind for Measure {
    fn name(&self) -> &'static str {
        "baseline"
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move { told(&cx.unless_cancelled(measure(cx)).await?) })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn measure(cx: &Cx<'_>) -> Result<Baseline, Failure> {
    let drill = Drill::around(cx)?;
    let eye = Eye::open(cx.world, &drill).await?;
    let mut readings = look(&drill, &eye).await?;
    for _ in 1..LOOKS {
        tokio::time::sleep(drill.every).await;
        readings = look(&drill, &eye).await?;
    }
    let alerts = eye.alerts().await.map_err(|fault| blind(&fault))?;
    preflight::quiet(&drill, &alerts)?;
    let ill = eye.ill(drill.outside()).await;
    let controls = drill.outside().map(|service| service.name.clone()).filter(|name| !ill.contains(name)).collect();
    let Alerts { firing, deadmen, .. } = alerts;
    Ok(Baseline {
        at: cx.world.now(),
        readings,
        firing: firing.into_keys().collect(),
        deadmen: deadmen.into_iter().collect(),
        controls,
    })
}

async fn look(drill: &Drill, eye: &Eye<'_>) -> Result<Vec<Reading>, Failure> {
    let readings = eye.readings().await;
    let ill = drill.hypothesis.iter().zip(&readings).find(|(_, reading)| !reading.holds);
    let Some((probe, reading)) = ill else { return Ok(readings) };
    let seen = reading.why.clone().or(reading.value.map(|value| value.to_string())).unwrap_or_default();
    Err(Failure::refused(format!("the steady state does not hold: {} ({}): {seen}", probe.name, probe.tolerance.words())))
}
