//! PostgreSQL is slow: some sessions count as fast as they can, and others share the processors with them.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Case, Faults, Means, SPARE, Scenario, outage};
use crate::jobs::steps::postgres_hold::{self, Held, HoldArgs};
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-slow",
    help: "PostgreSQL is slow: heavy queries take its processors",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresLongTransaction"],
    allows: &[
        &[
            "PostgresTooManyConnections",
            "PostgresSlowQueries",
            "PostgresReplicationLag",
            "AppPoolExhausted",
            "ProxyNoBackends",
            "QueueStalled",
        ],
        outage::CUSTOMERS,
        outage::WORK,
    ],
    longest: Duration::from_secs(600),
    end: "the server ends the queries by itself; a watchdog process has it do so on time",
    loses: false,
    sole: true,
    part: Some(Part::Leads),
    takes: &[],
    means: Means::Protocol(faults),
};

/// After how long midwatch's rule calls a transaction long.
const LONG: Duration = Duration::from_secs(60);
/// One session in so many counts: those who size a server's connections have its processors in mind.
const PART: usize = 16;

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        case.outlasts("PostgresLongTransaction", LONG)?;
        let room = postgres_hold::room(&*case.tools()).await?;
        let many = (room.most / PART).clamp(2, 32);
        postgres_hold::takeable(room, many, case.role())?;
        let lasts = case.lasts + SPARE;
        let (target, database) = (case.survey.target.clone(), case.database().to_owned());
        let notes = vec![format!("{many} sessions count in memory; the server ends them after {} s", lasts.as_secs())];
        let args = HoldArgs { target, database, held: Held::Processors(many), lasts };
        Ok(Faults::new(vec![args.step()], notes))
    })
}
