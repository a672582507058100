//! Whether a drill may begin. Asked when its plan is made, so that the person knows, and again by its worker right before.

use std::time::Duration;

use crate::domain::backup::catalogue::{Catalogue, Standing};
use crate::domain::backup::policy::Policy;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::Guard;
use crate::domain::labels::Labels;
use crate::domain::name::Name;
use crate::domain::plan::StepSpec;
use crate::domain::rule::RuleGroup;
use crate::domain::service::about::about;
use crate::domain::service::spec::{self, ServiceSpec};
use crate::domain::target::Target as Scraped;
use crate::domain::time::{Stamp, human};
use crate::jobs::drill::eye::{Alerts, Eye, blind};
use crate::jobs::drill::{Begin, Drill};
use crate::jobs::scenario::{Means, Scenario, by_group};
use crate::jobs::scenarios;
use crate::jobs::step;
use crate::jobs::steps;
use crate::jobs::target::{StopArgs, Target};
use crate::ports::World;

/// Looks, and refuses; or says what the person should know.
pub async fn judge(world: &dyn World, begin: &Begin) -> Result<Vec<String>, Failure> {
    let drill = &begin.drill;
    let scenario = scenarios::find(&drill.scenario)?;
    unfinished(world).await?;
    alone(world, scenario, drill).await?;
    losable(world, scenario, begin).await?;
    let eye = Eye::open(world, drill).await?;
    let (groups, targets) = tokio::join!(eye.metrics.rules(), eye.metrics.targets());
    let (groups, targets) = (groups.map_err(|fault| blind(&fault))?, targets.map_err(|fault| blind(&fault))?);
    quiet(drill, &Alerts::of(&groups))?;
    long_enough(drill, &groups, &targets)?;
    steady(drill, &eye).await?;
    let mut notes = unheard(drill, &groups);
    notes.extend(able(world, drill).await?);
    Ok(notes)
}

/// What breaks it can: it has the rights, the programs and the kernel that it needs.
async fn able(world: &dyn World, drill: &Drill) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    for fault in &drill.faults {
        let unknown = || Failure::new(FailureKind::Bug, format!("no step is of the kind {:?}", fault.kind));
        notes.extend(steps::find(&fault.kind).ok_or_else(unknown)?.judge(world, fault).await?);
    }
    Ok(notes)
}

/// Refuses an environment that is called production and does not ask for its name before anything is changed in it.
pub fn guarded(environment: &Name, guard: Guard) -> Result<(), Failure> {
    if guard >= Guard::Strict || !is_production(environment) {
        return Ok(());
    }
    let what = format!("{environment} is production, and its guard is {guard}: nothing is broken there that was not unlocked");
    Err(Failure::refused(what).mend(format!("guard = \"strict\" in [environments.{environment}]")))
}

/// `production`, `prod-eu`, `live`; neither `preprod` nor `non-prod`.
fn is_production(environment: &Name) -> bool {
    let name = environment.as_str().to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphabetic()).collect();
    let is_mock = words.iter().any(|word| matches!(*word, "pre" | "non" | "no" | "like" | "pseudo"));
    !is_mock && words.iter().any(|word| matches!(*word, "prod" | "prd" | "live") || word.starts_with("produ"))
}

/// One fault at a time, and none while another's end is open.
async fn unfinished(world: &dyn World) -> Result<(), Failure> {
    let open = world.arm()?.open().await?;
    let Some(record) = open.first() else { return Ok(()) };
    let what = format!("the fault of drill {} is still on, or nobody has verified that it is not", record.undoing.job);
    Err(Failure::refused(what).mend("midwatch chaos sweep"))
}

/// Refuses the last healthy instance of what can do without none: of its own instances, or of the services that stand beside it.
async fn alone(world: &dyn World, scenario: &Scenario, drill: &Drill) -> Result<(), Failure> {
    let (target, service) = (&drill.target, &drill.target.service);
    let is_group = matches!(scenario.means, Means::Several(_));
    let hit = if is_group { hit(&drill.faults)? } else { vec![target.clone()] };
    if scenario.sole || serves(world, service, &hit).await? {
        return Ok(());
    }
    let others = if is_group { by_group::behind(service, &drill.services) } else { spec::beside(&drill.services, service) };
    for other in others.into_iter().filter(|other| hit.iter().all(|one| one.service.name != other.name)) {
        if world.probe(other).await.is_ok_and(|report| report.facts.trouble().is_none()) {
            return Ok(());
        }
    }
    if is_group {
        return Err(Failure::refused(format!("nothing would serve for {}: whoever was to be left is not well", target.words())));
    }
    let what = format!("{} is the last that is well of its kind: {} never takes that", target.words(), scenario.name);
    Err(Failure::refused(what)
        .mend("name one of several with --instance, or list in depends_on of who is in front of it its like: app-1, app-2"))
}

/// Whom the faults of a group kill.
fn hit(faults: &[StepSpec]) -> Result<Vec<Target>, Failure> {
    faults.iter().map(|fault| step::args::<StopArgs>(fault).map(|args| args.target)).collect()
}

/// Whether an instance of the service itself is well and is not hit.
async fn serves(world: &dyn World, service: &ServiceSpec, hit: &[Target]) -> Result<bool, Failure> {
    let Some(control) = service.control.as_ref().filter(|control| control.is_many()) else { return Ok(false) };
    let is_hit = |name: &String| {
        let own = hit.iter().filter(|one| one.service.name == service.name);
        own.map(|one| &one.instance).any(|instance| instance.as_ref().is_none_or(|instance| instance == name))
    };
    let condition = world.control(control)?.condition().await?;
    Ok(condition.instances.iter().any(|one| one.is_well() && !is_hit(&one.name)))
}

/// Refuses what can lose data where there is no proved backup within the RPO.
async fn losable(world: &dyn World, scenario: &Scenario, begin: &Begin) -> Result<(), Failure> {
    if !scenario.loses {
        return Ok(());
    }
    let (service, environment) = (&begin.drill.target.service, &begin.drill.target.environment);
    let policy = service.policy(environment)?;
    let unknown =
        || Failure::refused(format!("this can lose data, and the plan does not say where {} is backed up", service.name));
    let repository = begin.repository.as_ref().ok_or_else(unknown)?;
    let catalogue = world.repository(repository).await?.catalogue().await?;
    proved(&service.name, environment, policy, &catalogue, world.now())
}

/// An alert that fires already could not be told from the drill's; and whoever suffers already is not broken further. A dead man's
/// alert always fires.
pub fn quiet(drill: &Drill, alerts: &Alerts) -> Result<(), Failure> {
    let known = drill.expects.iter().chain(&drill.allows).find(|name| alerts.knows(name));
    let is_within = |labels: &Labels| about(labels, &drill.services).into_iter().any(|name| drill.radius.contains(name));
    let mut rest = alerts.firing.iter().filter(|(key, _)| !alerts.deadmen.contains(*key));
    let what = match known {
        Some(name) => format!("{name} is pending or fires already, within the blast radius"),
        None => match rest.find(|(_, firing)| is_within(&firing.labels)) {
            Some((key, _)) => format!("{key} fires already, within the blast radius"),
            None => return Ok(()),
        },
    };
    Err(Failure::refused(what).mend("midwatch alerts; drill when all is well"))
}

/// A fault must stay until the slowest of the expected alerts can have fired.
fn long_enough(drill: &Drill, groups: &[RuleGroup], targets: &[Scraped]) -> Result<(), Failure> {
    let Some((name, least)) = slowest(&drill.expects, groups, targets) else { return Ok(()) };
    if drill.lasts >= least {
        return Ok(());
    }
    let what = format!(
        "{} is too short: {name} needs up to {} to fire (a scrape, an evaluation and its `for`)",
        human(drill.lasts),
        human(least)
    );
    Err(Failure::refused(what).mend(format!("--for {}s", least.as_secs() + 1)))
}

/// The expected alert that takes longest to fire, and how long that is: a scrape that times out, an evaluation, and its `for`.
fn slowest(expects: &[String], groups: &[RuleGroup], targets: &[Scraped]) -> Option<(String, Duration)> {
    let scrape = targets.iter().map(|target| target.interval).max().unwrap_or_default();
    let rules = groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group.interval, rule)));
    let expected = rules.filter(|(_, rule)| expects.iter().any(|name| **name == *rule.name));
    let times = expected.filter_map(|(interval, rule)| {
        let hold = rule.alerting.as_ref()?.hold;
        Some((rule.name.to_string(), scrape + interval + hold))
    });
    times.max_by_key(|(_, time)| *time)
}

/// The steady state holds now.
async fn steady(drill: &Drill, eye: &Eye<'_>) -> Result<(), Failure> {
    let readings = eye.readings().await;
    let ill = drill.hypothesis.iter().zip(&readings).find(|(_, reading)| !reading.holds);
    ill.map_or(Ok(()), |(probe, reading)| {
        let seen = reading.why.clone().or(reading.value.map(|value| value.to_string())).unwrap_or_default();
        let what = format!(
            "the steady state does not hold before anything is broken: {} ({}): {seen}",
            probe.name,
            probe.tolerance.words()
        );
        Err(Failure::refused(what).mend("drill when all is well"))
    })
}

/// What cannot fire will not.
fn unheard(drill: &Drill, groups: &[RuleGroup]) -> Vec<String> {
    let names: Vec<&str> = groups.iter().flat_map(|group| &group.rules).map(|rule| &*rule.name).collect();
    let missing = drill.expects.iter().filter(|alert| !names.contains(&alert.as_str()));
    missing
        .map(|alert| format!("no rule is called {alert}: it cannot fire, and that will be a finding (--expect names others)"))
        .collect()
}

/// Refuses a fault that can lose data where no backup was proved within the RPO.
pub fn proved(service: &Name, environment: &Name, policy: &Policy, catalogue: &Catalogue, now: Stamp) -> Result<(), Failure> {
    let youngest = youngest(service, environment, catalogue, now);
    let mend = format!("midwatch backup {service} --prove");
    let what = match (youngest, policy.rpo) {
        (None, _) => format!("this can lose data, and no backup of {service} was ever proved"),
        (Some(age), Some(rpo)) if age > rpo => {
            format!(
                "this can lose data, and the last proved backup of {service} is {} old: its RPO is {}",
                human(age),
                human(rpo)
            )
        }
        (Some(_), _) => return Ok(()),
    };
    Err(Failure::new(FailureKind::Refused, what).mend(mend))
}

/// The age of the last proved backup of a service.
pub fn youngest(service: &Name, environment: &Name, catalogue: &Catalogue, now: Stamp) -> Option<Duration> {
    let proved = catalogue.of(environment, service).filter(|entry| entry.standing() == Standing::Proved);
    proved.map(|entry| now.since(entry.manifest.times.consistent)).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::backup::Method;
    use crate::domain::backup::retention::tests::{catalogue, entry, proved as restored};

    /// The longest of a scrape, an evaluation and its `for`, whichever rule and whichever target that is.
    #[test]
    fn rule_21_an_alert_needs_a_scrape_an_evaluation_and_its_for() {
        use crate::domain::rule::{Alerting, Rule};
        let rule = |name: &str, hold| Rule {
            name: name.into(),
            expr: "up == 0".into(),
            health: "ok".to_owned(),
            last_error: String::new(),
            evaluated_at: None,
            took: Duration::ZERO,
            alerting: Some(Alerting {
                hold: Duration::from_secs(hold),
                labels: Labels::default(),
                annotations: Labels::default(),
                alerts: vec![],
            }),
        };
        let rules = vec![rule("AppDown", 60), rule("Slow", 20), rule("Other", 600)];
        let groups = [RuleGroup { name: "g".into(), file: "f".into(), interval: Duration::from_secs(30), rules }];
        let scraped = |seconds| Scraped {
            labels: Labels::default(),
            pool: "app".to_owned(),
            url: "http://app/metrics".to_owned(),
            health: crate::domain::target::TargetHealth::Up,
            last_error: String::new(),
            last_scrape: None,
            took: Duration::ZERO,
            interval: Duration::from_secs(seconds),
        };
        let expects = ["Slow".to_owned(), "AppDown".to_owned()];
        let least = slowest(&expects, &groups, &[scraped(5), scraped(15)]);
        assert_eq!(least, Some(("AppDown".to_owned(), Duration::from_secs(15 + 30 + 60))));
    }

    /// What can lose data wants a backup that was proved, and not longer ago than may be lost.
    #[test]
    fn rule_20_a_backup_that_is_unproved_or_older_than_the_rpo_refuses_what_can_lose_data() {
        const HOUR: i64 = 3_600_000;
        let (environment, service) = ("production".into(), "shop-db".into());
        let policy = |rpo| Policy {
            repository: "main".into(),
            methods: vec![Method::Logical],
            databases: vec![],
            compression: crate::domain::backup::Compression::default(),
            rpo,
            rto: None,
            assertions: vec![],
        };
        let judged = |entries, rpo, at: i64| {
            let judged = proved(&service, &environment, &policy(rpo), &catalogue(entries), Stamp(at));
            judged.map_err(|failure| (failure.kind, failure.to_string()))
        };
        let rpo = Some(Duration::from_secs(6 * 3600));
        let refused = |entries, at, why: &str| {
            let (kind, said) = judged(entries, rpo, at).unwrap_err();
            assert!(kind == FailureKind::Refused && said.contains(why), "{said}");
            assert!(said.contains("midwatch backup shop-db --prove"), "{said}");
        };
        let old = || restored(entry(1, 0), true);
        refused(vec![], 0, "no backup of shop-db was ever proved");
        refused(vec![entry(1, 0)], HOUR, "no backup of shop-db was ever proved");
        refused(vec![restored(entry(1, 0), false)], HOUR, "no backup of shop-db was ever proved");
        refused(vec![old()], 6 * HOUR + 1000, "is 6h old: its RPO is 6h");
        refused(vec![old(), entry(2, 6 * HOUR)], 7 * HOUR, "is 7h old: its RPO is 6h");
        assert_eq!(judged(vec![old()], rpo, 6 * HOUR), Ok(()));
        assert_eq!(judged(vec![old(), restored(entry(2, 6 * HOUR), true)], rpo, 7 * HOUR), Ok(()));
        assert_eq!(judged(vec![old()], None, 1000 * HOUR), Ok(()), "where nobody has said how much may be lost");
    }

    #[test]
    fn rule_20_production_is_broken_only_where_it_is_strict() {
        for name in ["production", "prod", "prod-eu", "eu.PROD", "live", "produccion"] {
            for guard in [Guard::Open, Guard::Confirm] {
                let refused = guarded(&name.into(), guard).err().map(|failure| failure.kind);
                assert_eq!(refused, Some(FailureKind::Refused), "{name} {guard}");
            }
            assert_eq!(guarded(&name.into(), Guard::Strict), Ok(()), "{name}");
        }
        for name in ["demo", "staging", "preprod", "non-prod", "pre-production", "olive"] {
            assert_eq!(guarded(&name.into(), Guard::Open), Ok(()), "{name}");
        }
    }
}
