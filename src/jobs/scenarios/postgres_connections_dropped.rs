//! PostgreSQL ends the sessions of an app, as a failover of a managed database does: those who pool connections find them broken.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::number::counted;
use crate::domain::service::ServiceKind;
use crate::jobs::postgres::identity::maintenance;
use crate::jobs::scenario::{Case, Faults, Means, Scenario, outage};
use crate::jobs::steps::postgres_sessions::DropArgs;
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-connections-dropped",
    help: "Every session of an app's role is ended once (--on ROLE; the role with the most where none is named)",
    kinds: &[ServiceKind::Postgres],
    expects: &[],
    allows: &[&["AppPoolExhausted"], outage::CUSTOMERS, outage::WORK],
    longest: Duration::from_secs(600),
    end: "it is over at once; a watchdog process makes sure that the server is well",
    loses: false,
    sole: true,
    part: None,
    takes: &[("on", "a role")],
    means: Means::Protocol(faults),
};

#[derive(Deserialize)]
struct Holder {
    role: String,
    sessions: u32,
    superuser: bool,
    allowed: bool,
    own: bool,
}

const HOLDERS: &str = "\
SELECT their.rolname::text AS role, count(*) AS sessions, their.rolsuper AS superuser, me.oid = their.oid AS own,
  me.rolsuper OR (NOT their.rolsuper AND (pg_has_role(me.oid, their.oid, 'USAGE')
    OR pg_has_role(me.oid, 'pg_signal_backend', 'USAGE'))) AS allowed
FROM pg_stat_activity AS a JOIN pg_roles AS their ON their.oid = a.usesysid, pg_roles AS me
WHERE me.rolname = current_user AND a.datid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'
GROUP BY me.oid, me.rolsuper, their.oid, their.rolname, their.rolsuper ORDER BY sessions DESC, role";

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let mut session = maintenance(&*case.tools()).await?;
        let holders: Vec<Holder> = session.rows(HOLDERS).await?;
        session.close().await?;
        let holder = chosen(&holders, case.on())?;
        if !holder.allowed {
            return Err(denied(holder, case.role()));
        }
        let (target, role) = (case.survey.target.clone(), holder.role.clone());
        let notes = vec![format!("{role} loses {}, and open transactions end undone", counted(holder.sessions, "session"))];
        Ok(Faults::new(vec![DropArgs { target, role }.step()], notes))
    })
}

/// The role that was named, or the one with the most sessions that is neither midwatch's own nor a superuser's.
fn chosen<'h>(holders: &'h [Holder], on: Option<&str>) -> Result<&'h Holder, Failure> {
    let found = match on {
        Some(on) => holders.iter().find(|holder| holder.role == on),
        None => holders.iter().find(|holder| !holder.own && !holder.superuser),
    };
    found.ok_or_else(|| match on {
        Some(on) => {
            let names: Vec<&str> = holders.iter().map(|holder| holder.role.as_str()).collect();
            Failure::refused(format!("no role {on:?} has a session")).mend(format!("these have: {}", names.join(", ")))
        }
        None => Failure::refused("no role of an app has a session").mend("--on names one"),
    })
}

fn denied(holder: &Holder, me: &str) -> Failure {
    let what = format!("{me} may not end the sessions of {}", holder.role);
    let failure = Failure::new(FailureKind::Denied, what);
    if holder.superuser {
        return failure.mend("only a superuser may end those of one: name another with --on");
    }
    failure.mend(format!("GRANT pg_signal_backend TO {me}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_apps_role_is_neither_midwatchs_own_nor_a_superusers() {
        let holder = |role: &str, superuser, own| Holder { role: role.to_owned(), sessions: 3, superuser, allowed: false, own };
        let holders = [holder("postgres", true, false), holder("midwatch", false, true), holder("shop", false, false)];
        assert_eq!(chosen(&holders, None).unwrap().role, "shop");
        assert_eq!(chosen(&holders, Some("postgres")).unwrap().role, "postgres");
        assert!(chosen(&holders, Some("nobody")).is_err() && chosen(&holders[..2], None).is_err());
        assert!(denied(&holders[2], "midwatch").to_string().contains("GRANT pg_signal_backend TO midwatch"));
        assert!(denied(&holders[0], "midwatch").to_string().contains("only a superuser"));
    }
}
