//! A standby falls behind: it receives, and applies nothing. Who reads from it reads what is old, and a failover would take long.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::ServiceKind;
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::scenario::{Case, Faults, Means, SPARE, Scenario};
use crate::jobs::steps::postgres_replay::{self, ReplayArgs};
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "standby-lagging",
    help: "A standby falls behind: it receives what its primary writes, and applies nothing",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresReplicationLag"],
    allows: &[&["PostgresLongTransaction"]],
    longest: Duration::from_secs(600),
    end: "the server goes on by itself; a watchdog process has it do so on time",
    loses: false,
    sole: true,
    part: Some(Part::Follows),
    takes: &[],
    means: Means::Protocol(faults),
};

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let mut session = maintenance(&*case.tools()).await?;
        let replay = postgres_replay::replay(&mut session).await?;
        session.close().await?;
        if replay.paused != Some(false) {
            return Err(case.refuse("does not replay now"));
        }
        if !replay.allowed {
            let what = format!("{} may not pause what {} replays", replay.me, case.survey.service.name);
            let grant = format!(
                "GRANT EXECUTE ON FUNCTION pg_wal_replay_pause(), pg_wal_replay_resume() TO {}; on its primary, in the database {}",
                replay.me, replay.database
            );
            return Err(Failure::new(FailureKind::Denied, what).mend(grant));
        }
        let lasts = case.lasts + SPARE;
        let notes = vec![
            format!("what it receives is kept on its disk meanwhile; it goes on by itself after {} s", lasts.as_secs()),
            "the alert counts bytes: where little is written, it does not fire, and that will be a finding".to_owned(),
        ];
        let args = ReplayArgs { target: case.survey.target.clone(), database: replay.database, lasts };
        Ok(Faults::new(vec![args.step()], notes))
    })
}
