//! The kinds of faults that hit several instances of an app at once, and leave one: its own instances, or the services behind it that
//! stand for them.

use crate::domain::control::{ControlSpec, Instance, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::problem::nearest;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::routines::control::Survey;
use crate::jobs::scenario::{Case, Faults, by_control};
use crate::jobs::target::{Target, told};
use crate::ports::Promise;

/// One instance, which may be hit or left.
struct Member {
    name: String,
    target: Target,
    runs: bool,
    /// It runs, and nothing is known to be wrong with it.
    is_well: bool,
    /// How it is, for people.
    words: String,
    /// Where it is a service of its own: that, and what is locked of it.
    besides: Option<(Name, Vec<String>)>,
}

/// The services behind another that stand for its instances: what it depends on that is of its kind, has a control, and is alike. Where
/// there are several such groups, the largest.
pub fn behind<'s>(service: &ServiceSpec, services: &'s [ServiceSpec]) -> Vec<&'s ServiceSpec> {
    let stands =
        |other: &&ServiceSpec| service.depends_on.contains(&other.name) && other.kind == service.kind && other.control.is_some();
    let all: Vec<&ServiceSpec> = services.iter().filter(stands).collect();
    let groups = all.iter().rev().map(|one| all.iter().copied().filter(|other| one.is_alike(other)).collect::<Vec<_>>());
    groups.max_by_key(Vec::len).unwrap_or_default()
}

/// All but one are killed without a word.
pub fn kill_all_but_one<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        let members = members(case).await?;
        let left = left(case, &members)?;
        let mut faults = Faults { notes: price(case, &members, left), ..Faults::default() };
        for hit in members.iter().filter(|one| one.runs && one.name != left.name) {
            faults.steps.push(by_control::killed(&hit.target)?);
            faults.besides.extend(hit.besides.clone());
        }
        Ok(faults)
    })
}

async fn members(case: &Case<'_>) -> Result<Vec<Member>, Failure> {
    let survey = case.survey;
    if survey.target.instance.is_some() {
        let what = "every instance but one is hit: --instance would name one that is";
        return Err(Failure::new(FailureKind::Usage, what).mend("--on names the one that stays"));
    }
    let services = &case.ask.site.services;
    if survey.service.control.as_ref().is_some_and(ControlSpec::is_many) {
        return Ok(survey.condition.instances.iter().map(|one| own(survey, one)).collect());
    }
    let mut members = Vec::new();
    for service in behind(survey.service, services) {
        members.push(other(&Survey::on(case.ask, service).await?));
    }
    Ok(members)
}

/// One of the target's own instances.
fn own(survey: &Survey<'_>, instance: &Instance) -> Member {
    Member {
        name: instance.name.clone(),
        target: survey.target.only(&instance.name),
        runs: instance.phase == Phase::Running,
        is_well: instance.is_well(),
        words: told(instance),
        besides: None,
    }
}

/// A service that stands for one.
fn other(survey: &Survey<'_>) -> Member {
    let words = match &survey.report {
        Ok(report) => report.facts.trouble().unwrap_or_else(|| "it is well".to_owned()),
        Err(fault) => fault.to_string(),
    };
    let runs = survey.condition.running() > 0;
    Member {
        name: survey.service.name.to_string(),
        target: survey.target.clone(),
        runs,
        is_well: runs && survey.is_well(),
        words,
        besides: Some((survey.service.name.clone(), survey.keys().to_vec())),
    }
}

/// The one that stays: the one that was named, or the first that is well. Refused where nothing could be hit beside it.
fn left<'m>(case: &Case<'_>, members: &'m [Member]) -> Result<&'m Member, Failure> {
    let how = |members: &mut dyn Iterator<Item = &Member>| -> String {
        let how: Vec<String> = members.map(|one| format!("{}: {}", one.name, one.words)).collect();
        if how.is_empty() { "it has none".to_owned() } else { how.join("; ") }
    };
    let whose = case.survey.target.words();
    if members.iter().filter(|one| one.runs).count() < 2 {
        let what = format!("fewer than two instances of {whose} run ({})", how(&mut members.iter()));
        return Err(Failure::refused(what).mend("start the others first"));
    }
    let left = match case.on() {
        Some(on) => Some(members.iter().find(|one| one.name == on).ok_or_else(|| unknown(&whose, on, members))?),
        None => members.iter().find(|one| one.is_well),
    };
    left.filter(|one| one.is_well).ok_or_else(|| {
        let what =
            format!("nothing would serve: {}", how(&mut members.iter().filter(|one| left.is_none_or(|it| it.name == one.name))));
        Failure::refused(what).mend("--on names one to be left that is well")
    })
}

fn unknown(whose: &str, on: &str, members: &[Member]) -> Failure {
    let names: Vec<&str> = members.iter().map(|one| one.name.as_str()).collect();
    let failure = Failure::new(FailureKind::Usage, format!("{whose} has no instance {on:?}"));
    match nearest(on, names.iter().copied()) {
        Some(near) => failure.mend(format!("did you mean {near:?}?")),
        None => failure.mend(format!("there are {}", names.join(", "))),
    }
}

/// What it means to others: who is hit, and who still serves.
fn price(case: &Case<'_>, members: &[Member], left: &Member) -> Vec<String> {
    let names = |is: &dyn Fn(&Member) -> bool| -> Vec<&str> {
        members.iter().filter(|one| is(one)).map(|one| one.name.as_str()).collect()
    };
    let hit = names(&|one| one.runs && one.name != left.name).join(", ");
    let whose = case.survey.target.words();
    let mut notes = vec![format!("hits {hit}; leaves {}, which alone serves for {whose} until they go on", left.name)];
    let down = names(&|one| !one.runs);
    if !down.is_empty() {
        notes.push(format!("{} did not run before, and will not after", down.join(", ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::domain::guard::Guard;
    use crate::jobs::routine::{Ask, Given};
    use crate::jobs::routines::control::tests::stage::{self, Shared};
    use crate::jobs::scenarios;
    use crate::jobs::site::Site;
    use crate::jobs::target::StopArgs;

    /// An app of several instances; one of as many services, with what stands in front of them; and one that is alone.
    fn site() -> Site {
        let services = vec![
            stage::service("app", Some("app-{n}"), &[]),
            stage::service("web-1", Some("one"), &[]),
            stage::service("web-2", Some("two"), &[]),
            stage::service("web-3", None, &[]),
            stage::service("auth", Some("auth"), &[]),
            stage::service("front", Some("front"), &["auth", "web-1", "web-2", "web-3"]),
            stage::service("site", Some("site"), &["front", "app"]),
        ];
        Site { environment: "e".into(), guard: Guard::Open, services, repositories: vec![], signals: vec![] }
    }

    async fn asked(world: &Shared, service: &str, words: &[(&str, &str)]) -> Result<Faults, Failure> {
        let (site, given) = (site(), Given(words.iter().map(|(name, word)| ((*name).into(), (*word).into())).collect()));
        let ask = Ask { call: &[], given: &given, site: &site, world, live: &[] };
        let survey = Survey::on(&ask, site.service(service)?).await?;
        kill_all_but_one(&Case { ask: &ask, survey: &survey, lasts: Duration::from_secs(60) }).await
    }

    /// Who is killed, and the notes.
    async fn hits(world: &Shared, service: &str, words: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let faults = asked(world, service, words).await.unwrap();
        let args = faults.steps.iter().map(|step| serde_json::from_value::<StopArgs>(step.args.clone()).unwrap());
        let killed = args.map(|args| {
            assert!(args.force && args.target.service.control.as_ref().unwrap().grace.is_zero());
            args.target.words()
        });
        (killed.collect(), faults.notes)
    }

    #[tokio::test]
    async fn one_that_is_well_is_left_or_the_one_that_was_named() {
        let world = stage::stage(&[Phase::Running, Phase::Stopped, Phase::Running, Phase::Running]);
        world.0.condition.lock().unwrap().instances[0].healthy = Some(false);
        let (killed, notes) = hits(&world, "app", &[]).await;
        assert_eq!(killed, ["app-1 of app", "app-4 of app"], "the first is not well, and the second does not run");
        assert_eq!(notes[0], "hits app-1, app-4; leaves app-3, which alone serves for app until they go on");
        assert_eq!(notes[1], "app-2 did not run before, and will not after");
        assert_eq!(hits(&world, "app", &[("on", "app-4")]).await.0, ["app-1 of app", "app-3 of app"]);
        let why = async |words: (&str, &str)| asked(&world, "app", &[words]).await.unwrap_err().to_string();
        assert!(why(("on", "app-1")).await.contains("nothing would serve: app-1: running"));
        assert!(why(("on", "app-2")).await.contains("nothing would serve: app-2: stopped"));
        assert!(why(("on", "app-9")).await.contains("app has no instance \"app-9\""));
        assert!(why(("instance", "app-1")).await.contains("--instance would name one that is"));
    }

    #[tokio::test]
    async fn services_behind_a_front_are_its_instances_and_are_locked_with_it() {
        let world = stage::stage(&[Phase::Running]);
        let faults = asked(&world, "front", &[("on", "web-1")]).await.unwrap();
        assert_eq!(faults.steps.len(), 1);
        let besides: Vec<_> = faults.besides.iter().collect();
        assert_eq!(besides[0].0.as_str(), "web-2");
        assert!(besides.len() == 1 && besides[0].1.contains(&"docker:app-1".to_owned()), "{besides:?}");
        assert_eq!(hits(&world, "front", &[]).await.0, ["web-2"]);
    }

    #[tokio::test]
    async fn where_fewer_than_two_run_nothing_is_hit() {
        for phases in [&[Phase::Running, Phase::Stopped][..], &[Phase::Running], &[]] {
            let refused = asked(&stage::stage(phases), "app", &[]).await.unwrap_err();
            assert!(
                refused.kind == FailureKind::Refused && refused.what.contains("fewer than two instances of app run"),
                "{refused}"
            );
        }
        let ill = stage::stage(&[Phase::Running]);
        *ill.0.status.lock().unwrap() = Some(500);
        let refused = asked(&ill, "front", &[]).await.unwrap_err();
        assert!(refused.what.contains("nothing would serve"), "{refused}");
    }

    #[test]
    fn it_is_offered_where_there_are_several_and_the_others_say_why_not() {
        let services = site().services;
        let offer = scenarios::find("all-but-one").unwrap().offer(&services);
        assert_eq!(offer.here(), "hits app, front");
        assert_eq!(offer.hits[1].radius, ["web-1".into(), "web-2".into(), "site".into()] as [Name; 3]);
        let killed = scenarios::find("app-instance-killed").unwrap();
        assert_eq!(killed.offer(&services).here(), "hits app, web-1, web-2", "neither auth nor front is an instance of another");
        let front = services[5..6].to_vec();
        assert_eq!(killed.offer(&front).here(), "hits nothing here: front (nothing stands beside it)");
        let several = scenarios::find("all-but-one").unwrap().offer(&services[1..6]);
        assert_eq!(several.here(), "hits front");
        let alone =
            scenarios::find("all-but-one").unwrap().offer(&[services[1].clone(), services[3].clone(), services[4].clone()]);
        assert_eq!(alone.here(), "hits nothing here: web-1 (one instance only); web-3 (no control); auth (one instance only)");
    }

    #[test]
    fn services_are_one_app_where_only_the_ends_of_their_names_tell_them_apart() {
        let service = |name: &str| stage::service(name, Some("x"), &[]);
        for (one, other) in [("app-1", "app-2"), ("app1", "app2"), ("app-blue", "app-green")] {
            assert!(service(one).is_alike(&service(other)), "{one} {other}");
        }
        assert!(!service("auth-1").is_alike(&service("api-1")));
        assert!(!service("app-1").is_alike(&ServiceSpec { depends_on: vec!["db".into()], ..service("app-2") }));
        let labels = [("job".to_owned(), "worker".to_owned())].into();
        assert!(!service("app-1").is_alike(&ServiceSpec { labels, ..service("app-2") }));
    }
}
