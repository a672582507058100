//! Redis disconnects its clients, as when a proxy before it is restarted: those who pool connections find them broken.

use std::time::Duration;

use crate::domain::number::subject;
use crate::domain::service::ServiceKind;
use crate::jobs::redis::{self, knobs};
use crate::jobs::scenario::{Case, Faults, Means, Scenario, outage};
use crate::jobs::steps::redis_clients::{self, KILL};
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "redis-clients-killed",
    help: "Every client of Redis is disconnected once; replicas and subscribers stay",
    kinds: &[ServiceKind::Redis],
    expects: &[],
    allows: &[outage::CUSTOMERS, outage::WORK],
    longest: Duration::from_secs(600),
    end: "it is over at once; a watchdog process makes sure that the server is well",
    loses: false,
    sole: true,
    part: None,
    takes: &[],
    means: Means::Protocol(faults),
};

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let access = &case.survey.service.access;
        let link = redis::link(case.ask.world, access).await?;
        let listed = redis_clients::normal(&*link).await;
        let listed = listed.map_err(|failure| knobs::with_grant(failure, access, &["CLIENT", "LIST"]))?;
        knobs::may(&*link, access, KILL).await?;
        // One of them is this question's own.
        let clients = subject(listed.len().saturating_sub(1), "client", "is", "are");
        let notes = vec![format!("{clients} disconnected: no answer comes to what was asked before")];
        Ok(Faults::new(vec![redis_clients::drop_clients(&case.survey.target)], notes))
    })
}
