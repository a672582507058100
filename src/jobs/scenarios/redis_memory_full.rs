//! Redis is full: it refuses what writes, and answers the rest.

use std::time::Duration;

use crate::domain::chaos::offer::Part;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::ServiceKind;
use crate::domain::unit::Unit;
use crate::jobs::redis::info::Info;
use crate::jobs::redis::{self, knobs};
use crate::jobs::scenario::{Case, Faults, Means, Scenario, outage};
use crate::jobs::steps::redis_setting::SettingArgs;
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "redis-memory-full",
    help: "Redis is full: every write is refused, reads go on; maxmemory falls below what is used, and no key is thrown away",
    kinds: &[ServiceKind::Redis],
    expects: &["RedisMemoryHigh", "RedisRefusesWrites"],
    allows: &[&["ProxyNoBackends", "QueueStalled"], outage::CUSTOMERS, outage::WORK],
    longest: Duration::from_secs(600),
    end: "a watchdog process sets maxmemory to what it was; a restart of the server does so too",
    loses: false,
    sole: true,
    part: Some(Part::Leads),
    takes: &[],
    means: Means::Protocol(faults),
};

/// The only policy under which less memory costs no key.
const KEEPS: &str = "noeviction";

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let (service, target) = (case.survey.service, &case.survey.target);
        let asks = ["CONFIG", "SET", "maxmemory", "0"];
        let link = redis::link(case.ask.world, &service.access).await?;
        let policy = knobs::setting(&*link, "maxmemory-policy").await;
        let policy = policy.map_err(|failure| knobs::with_grant(failure, &service.access, &["CONFIG", "GET"]))?;
        keeps(service.name.as_str(), &policy)?;
        knobs::may(&*link, &service.access, &asks).await?;
        let info = Info::ask(&*link, &["memory"]).await?;
        let used = info.number("used_memory").filter(|used| *used > 1);
        let used = used.ok_or_else(|| Failure::new(FailureKind::Unavailable, "the server does not tell its used_memory"))?;
        let from = knobs::setting(&*link, "maxmemory").await?;
        if from.parse().is_ok_and(|limit: u64| limit > 0 && limit <= used) {
            return Err(case.refuse("is full already"));
        }
        let to = used / 2;
        let limit = if from == "0" { "no limit".to_owned() } else { from.parse().map_or(from.clone(), bytes) };
        let notes = vec![format!("{} are used; maxmemory goes from {limit} to {}", bytes(used), bytes(to))];
        let provided = vec![("maxmemory-policy".to_owned(), KEEPS.to_owned())];
        let args = SettingArgs { target: target.clone(), setting: "maxmemory".to_owned(), to: to.to_string(), from, provided };
        Ok(Faults::new(vec![args.step()], notes))
    })
}

fn bytes(count: u64) -> String {
    Unit("bytes".to_owned()).format(count as f64, None).to_string()
}

/// Under any other policy it would throw keys away, and nothing brings those back.
fn keeps(name: &str, policy: &str) -> Result<(), Failure> {
    if policy == KEEPS {
        return Ok(());
    }
    let what = format!("{name} has the policy {policy}: with less memory it throws keys away, and nothing brings them back");
    Err(Failure::refused(what).mend("redis-writes-paused takes no key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_throw_keys_away_is_refused() {
        assert_eq!(keeps("cache", "noeviction"), Ok(()));
        for policy in ["allkeys-lru", "volatile-ttl", ""] {
            assert!(keeps("cache", policy).is_err_and(|failure| failure.kind == FailureKind::Refused), "{policy}");
        }
    }
}
