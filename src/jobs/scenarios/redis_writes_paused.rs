//! Redis holds back what writes: its clients wait, and the server itself counts for how long.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::service::ServiceKind;
use crate::jobs::redis::{self, knobs};
use crate::jobs::scenario::{Case, Faults, Means, SPARE, Scenario, outage};
use crate::jobs::steps::redis_pause::PauseArgs;
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "redis-writes-paused",
    help: "Redis holds back every write: its clients wait, reads go on",
    kinds: &[ServiceKind::Redis],
    expects: &["HighErrorRate"],
    allows: &[outage::CUSTOMERS, outage::WORK, outage::STANDSTILL],
    longest: Duration::from_secs(300),
    end: "the server lets writes go on by itself; a watchdog process has it do so on time",
    loses: false,
    sole: true,
    part: Some(Part::Leads),
    takes: &[],
    means: Means::Protocol(faults),
};

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let access = &case.survey.service.access;
        let link = redis::link(case.ask.world, access).await?;
        for asks in [&["CLIENT", "PAUSE", "1", "WRITE"][..], &["CLIENT", "UNPAUSE"]] {
            knobs::may(&*link, access, asks).await?;
        }
        let takes = knobs::takes_writes(&*link).await;
        if !takes.map_err(|failure| knobs::with_grant(failure, access, &["PFCOUNT"]))? {
            return Err(case.refuse("takes no writes already"));
        }
        let lasts = case.lasts + SPARE;
        let notes = vec![format!("the server lets writes go on after {} s, whoever lives then", lasts.as_secs())];
        Ok(Faults::new(vec![PauseArgs { target: case.survey.target.clone(), lasts }.step()], notes))
    })
}
