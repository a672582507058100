//! One attempt at something a step kind does, under its deadline, watched for standing still, and stopped when an operator says so.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::domain::time::human;
use crate::jobs::driver::gauge::Gauge;
use crate::jobs::driver::{GRACE, Shift, TICK};
use crate::jobs::engine;
use crate::jobs::step::{Cx, StepKind};
use crate::ports::Promise;

/// What is asked of a step kind.
pub(super) type Act<T> = for<'c> fn(&'static dyn StepKind, &'c Cx<'c>) -> Promise<'c, T>;

/// Why a step was told to stop, and since when.
struct Stopping {
    since: Duration,
    reason: Failure,
}

impl Shift<'_> {
    /// Does something with a step: of itself, or one that undoes it. The outer failure is the ledger's, and nothing may go on after
    /// it; the inner one is the step's.
    pub(super) async fn attempt<T>(
        &mut self,
        step: StepId,
        spec: &StepSpec,
        is_cancellable: bool,
        act: Act<T>,
    ) -> Result<Result<T, Failure>, Failure> {
        let driver = self.driver;
        let kind = driver.kind(spec)?;
        let outputs = engine::outputs(&self.history);
        let gauge = Gauge::new(driver.journal, driver.clock, step);
        let (cancel, cancelled) = watch::channel(false);
        let (job, operator, host, plan, world) = (driver.job, driver.operator, driver.host, driver.plan, driver.world);
        let cx = Cx { job, operator, host, plan, spec, outputs: &outputs, world, reporter: &gauge, cancel: cancelled };
        let began = driver.clock.mono();
        let mut stopping: Option<Stopping> = None;
        let mut act = act(kind, &cx);
        loop {
            let ended = tokio::select! {
                biased;
                ended = &mut act => Some(ended),
                () = driver.clock.sleep(TICK) => None,
            };
            if let Some(ended) = ended {
                return Ok(judged(ended, stopping));
            }
            let (ended, heard) = alongside(act.as_mut(), self.listen()).await;
            heard?;
            let now = driver.clock.mono();
            match (ended, &stopping) {
                (Some(ended), _) => return Ok(judged(ended, stopping)),
                (None, Some(Stopping { since, reason })) if now.saturating_sub(*since) >= GRACE => {
                    return Ok(Err(reason.clone()));
                }
                (None, Some(_)) => {}
                (None, None) => {
                    let reason = self.cancelled_by().filter(|_| is_cancellable).map(cancelled_by);
                    let reason = reason.or_else(|| overdue(spec, now.saturating_sub(began), now.saturating_sub(gauge.moved())));
                    stopping = reason.map(|reason| Stopping { since: now, reason });
                    cancel.send_replace(stopping.is_some());
                }
            }
        }
    }
}

/// A step that could still complete is done; one that stopped has failed for the reason it was stopped for.
fn judged<T>(ended: Result<T, Failure>, stopping: Option<Stopping>) -> Result<T, Failure> {
    ended.map_err(|failure| stopping.map_or(failure, |stopping| stopping.reason))
}

fn cancelled_by(operator: &str) -> Failure {
    Failure::new(FailureKind::Cancelled, format!("cancelled by {operator}"))
}

/// Why a step must stop that has run for `run` and has not moved for `still`.
fn overdue(spec: &StepSpec, run: Duration, still: Duration) -> Option<Failure> {
    let stalled = |what: String| Some(Failure::new(FailureKind::Stalled, what));
    if run >= spec.deadline {
        stalled(format!("{}: not done within {}", spec.title, human(spec.deadline)))
    } else if still >= spec.stall {
        stalled(format!("{}: nothing moved for {}", spec.title, human(spec.stall)))
    } else {
        None
    }
}

/// Waits for `aside` while `main` goes on; tells `main`'s end if it came meanwhile.
async fn alongside<M, A>(
    mut main: Pin<&mut (impl Future<Output = M> + ?Sized)>,
    aside: impl Future<Output = A>,
) -> (Option<M>, A) {
    let mut aside = std::pin::pin!(aside);
    let mut ended = None;
    std::future::poll_fn(move |cx| {
        if ended.is_none()
            && let Poll::Ready(end) = main.as_mut().poll(cx)
        {
            ended = Some(end);
        }
        aside.as_mut().poll(cx).map(|aside| (ended.take(), aside))
    })
    .await
}
