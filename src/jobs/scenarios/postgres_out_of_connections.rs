//! PostgreSQL has no connection left, as when a pool leaks: whoever is connected goes on, and nobody else gets in.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::service::ServiceKind;
use crate::jobs::scenario::{Case, Faults, Means, SPARE, Scenario, outage};
use crate::jobs::steps::postgres_hold::{self, Held, HoldArgs};
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-out-of-connections",
    help: "PostgreSQL has hardly a connection left: whoever is connected goes on, and few others get in",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresTooManyConnections"],
    allows: &[
        &[
            "PostgresDown",
            "PostgresLongTransaction",
            "PostgresReplicaLost",
            "AppPoolExhausted",
            "ProxyNoBackends",
            "QueueStalled",
        ],
        outage::CUSTOMERS,
        outage::WORK,
    ],
    longest: Duration::from_secs(240),
    end: "the server ends the sessions by itself; a watchdog process has it do so on time",
    loses: false,
    sole: true,
    part: Some(Part::Leads),
    takes: &[],
    means: Means::Protocol(faults),
};

/// How many are left, beside those of superusers: for what measures it, and for what ends it.
const FREE: usize = 3;

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let room = postgres_hold::room(&*case.tools()).await?;
        let taken = postgres_hold::takeable(room, room.taken(FREE), case.role())?;
        let lasts = case.lasts + SPARE;
        let (target, database) = (case.survey.target.clone(), case.database().to_owned());
        let notes = vec![
            format!("{} of {} connections are in use, and {taken} more are taken", room.used, room.most),
            format!(
                "{FREE} are left, and {} for superusers; the server ends the others after {} s",
                room.reserved,
                lasts.as_secs()
            ),
        ];
        let args = HoldArgs { target, database, held: Held::Connections(FREE), lasts };
        Ok(Faults::new(vec![args.step()], notes))
    })
}
