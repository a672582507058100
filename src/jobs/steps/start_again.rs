//! `start-again`: starts what a forced stop has ended, or has only begun to end. What was asked to end and has not got there is ended
//! first: a PostgreSQL that waits for its last client lets nobody in, for as long as that stays.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::domain::failure::Failure;
use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::start::started;
use crate::jobs::target::{AgainArgs, Life, Target, Wanted, life};
use crate::ports::Promise;

/// The step kind.
pub const START_AGAIN: &dyn StepKind = &StartAgain;

/// How many looks in a row must find that nobody is answered; and how many are enough where each takes long.
const MUTE: u32 = 10;
const ENOUGH: u32 = 3;
/// How long that is: the end of the fault has its time, too.
const LONG: Duration = Duration::from_secs(5);
/// How long it may still take to end by itself, at the most: a Redis may be writing its data.
const GRACE: Duration = Duration::from_secs(10);
/// By how much a clock that is kept right may move meanwhile, in milliseconds. Nothing is stopped and started again as quickly.
const ADJUSTED: u64 = 2_000;

struct StartAgain;

impl StepKind for StartAgain {
    fn name(&self) -> &'static str {
        "start-again"
    }

    /// It undoes a stop itself.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: AgainArgs = cx.args()?;
            if is_ending(cx, &args).await? {
                cx.reporter.log(&format!("{} was asked to end and answers nobody: it is ended first", args.target.words()));
                ended(cx, &args.target.given(GRACE)).await?;
            }
            started(cx, &args.target).await
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move { cx.args::<AgainArgs>()?.target.probed(cx, Wanted::Up).await })
    }
}

/// Whether one goes on that ran before the stop, and answers nobody any more. One that was started since then may take its time: it
/// reads its journal first.
async fn is_ending(cx: &Cx<'_>, AgainArgs { target, lives }: &AgainArgs) -> Result<bool, Failure> {
    let condition = target.control(cx.world)?.condition().await?;
    let goes_on =
        target.meant(&condition).iter().any(|one| one.phase.is_up() && lives.iter().any(|before| is_same(before, &life(one))));
    Ok(goes_on && is_mute(cx, target).await)
}

/// When a process was started is told by the time of the boot, which follows the clock.
fn is_same((name, restarts, since): &Life, now: &Life) -> bool {
    let is_near = match (since, now.2) {
        (Some(then), Some(now)) => then.abs_diff(now) <= ADJUSTED,
        (then, now) => *then == now,
    };
    is_near && (name, restarts) == (&now.0, &now.1)
}

async fn is_mute(cx: &Cx<'_>, target: &Target) -> bool {
    let began = Instant::now();
    for look in 0..MUTE {
        if look >= ENOUGH && began.elapsed() > LONG {
            break;
        }
        // Who answers that it is ill lives, and is not on its way down.
        if cx.world.probe(&target.service).await.is_ok() {
            return false;
        }
        tokio::time::sleep(target.every).await;
    }
    true
}

async fn ended(cx: &Cx<'_>, target: &Target) -> Result<(), Failure> {
    let control = target.control(cx.world)?;
    let asked = control.stop(target.instance.as_deref(), true);
    target.change(cx, &*control, asked, Wanted::Down).await.map(drop)
}
