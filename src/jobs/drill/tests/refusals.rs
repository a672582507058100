//! What a drill is refused for, when it is planned and again before it begins.

use super::*;

/// Everything that a drill is refused for, before anything is touched.
#[tokio::test]
async fn rule_20_a_drill_that_may_not_begin_says_why() {
    let refused = async |town: &Town, line: &str, why: &str| {
        let failure = town.plan(line).await.expect_err(why);
        assert!(failure.to_string().contains(why), "{line}: {failure}");
        assert_eq!(town.shared.asked(), Vec::<String>::new());
    };
    refused(&town(), &DRILL.replace("20s", "2h"), "at the longest").await;
    refused(&town(), &DRILL.replace("20s", "soon"), "--for cannot be").await;
    refused(&town(), &DRILL.replace("app-instance-paused", "the-world"), "no scenario is called").await;
    refused(&town(), &DRILL.replace("app-instance", "redis"), "is for a redis").await;
    refused(&town(), &format!("{DRILL} --on t"), "--on names a table of postgres-locked").await;
    refused(&town(), "drill app-instance-paused --target app --for 20s", "is the last that is well").await;
    let noisy = town().with(|words| words.manner = Manner::Noisy);
    for role in ["allow", "expect"] {
        refused(&noisy, &format!("{DRILL} --{role} Noise"), "Noise is pending or fires already").await;
    }
    let sick = town();
    *sick.shared.0.status.lock().unwrap() = Some(500);
    refused(&sick, DRILL, "the steady state does not hold").await;
    let busy = town();
    let plan = busy.plan(DRILL).await.unwrap();
    busy.with(|words| {
        let (operator, host) = (String::new(), String::new());
        words.armed = Some(Undoing { job: JobId(3), plan, operator, host, steps: vec![] });
    })
    .refused_open()
    .await;
}

/// Wherever it is asked for, not only where it is judged.
#[tokio::test]
async fn rule_20_production_without_its_lock_and_data_without_a_backup_are_not_drilled() {
    for guard in [Guard::Open, Guard::Confirm] {
        let refused = town().plan_in(&Site { guard, ..Town::site() }, DRILL).await.unwrap_err();
        assert!(refused.what.contains("production is production, and its guard is"), "{refused}");
    }
    let cache = ServiceSpec { kind: ServiceKind::Redis, ..stage::service("cache", Some("app-{n}"), &[]) };
    let mut site = Town::site();
    site.services.push(cache);
    let refused = town().plan_in(&site, "drill redis-down --target cache --for 20s").await.unwrap_err();
    assert!(refused.to_string().contains("backup"), "{refused}");
}

/// What fires when the plan is made may not yet; what fires when it begins decides.
#[tokio::test]
async fn rule_20_what_was_quiet_when_it_was_planned_is_asked_again_before_it_begins() {
    let (town, book) = (town(), Book::new());
    let plan = town.plan(&format!("{DRILL} --allow Noise")).await.unwrap();
    let town = town.with(|words| words.manner = Manner::Noisy);
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(book.failure().what.contains("Noise is pending or fires already"), "{}", book.failure());
    assert_eq!(town.shared.asked(), Vec::<String>::new());
}

/// Whatever it is that fires about whoever may suffer; the alerts of others, and those that always fire, are nothing.
#[test]
fn rule_20_an_alert_that_fires_already_in_the_blast_radius_refuses_whatever_it_is_called() {
    use crate::jobs::drill::eye::{Alerts, Firing};
    let mut drill = drill();
    drill.services[0].labels = [("job".to_owned(), "app".to_owned())].into();
    drill.services.push(stage::service("elsewhere", None, &[]));
    let firing = |job: &str| {
        let firing = Firing { name: "DiskFull".to_owned(), labels: [("job", job)].into_iter().collect() };
        Alerts { firing: [("DiskFull{}".to_owned(), firing)].into(), ..Alerts::default() }
    };
    let refused = preflight::quiet(&drill, &firing("app")).unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("DiskFull{} fires already"), "{refused}");
    assert_eq!(preflight::quiet(&drill, &firing("elsewhere")), Ok(()));
    assert_eq!(preflight::quiet(&drill, &firing("node")), Ok(()));
    let deadman = Alerts { deadmen: ["DiskFull{}".to_owned()].into(), ..firing("app") };
    assert_eq!(preflight::quiet(&drill, &deadman), Ok(()));
}

/// One that runs and fails its own health check serves nobody.
#[tokio::test]
async fn rule_20_an_instance_that_is_not_well_leaves_the_other_one_the_last() {
    let town = town();
    let ill = |name: usize, healthy| town.shared.0.condition.lock().unwrap().instances[name].healthy = healthy;
    ill(0, Some(false));
    let refused = town.plan(DRILL).await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("is the last that is well"), "{refused}");
    ill(0, Some(true));
    ill(1, Some(false));
    assert!(town.plan(DRILL).await.is_ok(), "another is well, whatever the one is that is hit");
}

/// Hours may lie between a plan and its yes.
#[tokio::test]
async fn rule_20_who_is_left_is_asked_again_before_it_begins() {
    for (line, why) in [
        (DRILL, "app-2 of app is the last that is well"),
        ("drill all-but-one --target app --for 20s --on app-1", "nothing would serve for app"),
    ] {
        let (town, book) = (town(), Book::new());
        let plan = town.plan(line).await.unwrap();
        town.shared.0.condition.lock().unwrap().instances[0].phase = Phase::Failed;
        assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed), "{line}");
        assert!(book.failure().what.contains(why), "{line}: {}", book.failure());
        assert_eq!(town.shared.asked(), Vec::<String>::new(), "{line}");
    }
}

#[tokio::test]
async fn rule_20_the_backup_is_looked_for_again_before_what_loses_data_begins() {
    use crate::domain::backup::retention::tests::{catalogue, entry, proved};
    let (town, site) = (town().with(|words| words.shelf = catalogue(vec![proved(entry(1, 0), true)])), lossy());
    let plan = town.plan_in(&site, "drill redis-down --target shop-db --for 20s").await.unwrap();
    assert!(town.step(&plan, "preflight").await.is_ok());
    let refused = town.with(|words| words.shelf = catalogue(vec![entry(2, 0)])).step(&plan, "preflight").await.unwrap_err();
    assert!(refused.kind == FailureKind::Refused && refused.what.contains("no backup of shop-db was ever proved"), "{refused}");
}

/// A Redis that is backed up.
fn lossy() -> Site {
    use crate::domain::backup::policy::Policy;
    use crate::domain::backup::{Compression, Method};
    use crate::domain::repository::{Keep, RepositoryPlace, RepositorySpec};
    let (methods, compression) = (vec![Method::Logical], Compression::default());
    let (rpo, rto, databases, assertions) = (None, None, vec![], vec![]);
    let backup = Some(Policy { repository: "main".into(), methods, databases, compression, rpo, rto, assertions });
    let cache = stage::service("shop-db", Some("app-{n}"), &[]);
    let mut site = Town::site();
    site.services.push(ServiceSpec { kind: ServiceKind::Redis, backup, ..cache });
    let keep = Keep { last: 1, daily: 0, weekly: 0, monthly: 0, proved: 0 };
    let place = RepositoryPlace::Folder("/nowhere".into());
    site.repositories.push(RepositorySpec { name: "main".into(), place, encrypt: vec![], identity: None, keep });
    site
}

impl Town {
    async fn refused_open(&self) {
        let failure = self.plan(DRILL).await.unwrap_err();
        assert!(failure.what.contains("the fault of drill #3 is still on"), "{failure}");
    }
}

/// What `--allow` and `--expect` mean: an alert is expected, or allowed, or strange; never two of these.
#[tokio::test]
async fn rule_20_what_is_expected_instead_leaves_the_scenarios_own_alerts_allowed() {
    let drill = async |more: &str| Drill::of(&town().plan(&format!("{DRILL}{more}")).await.unwrap()).unwrap();
    let own = drill("").await;
    assert!(own.expects == ["AppInstanceDown"] && !own.allows.contains(&"Mine".to_owned()));
    let more = drill(" --allow Mine,AppInstanceDown").await;
    assert_eq!(more.expects, ["AppInstanceDown"], "what is expected stays so");
    assert!(more.allows.contains(&"Mine".to_owned()) && !more.allows.contains(&"AppInstanceDown".to_owned()));
    let none = drill(" --expect ,").await;
    assert!(none.expects.is_empty() && none.allows.contains(&"AppInstanceDown".to_owned()), "it may fire, and need not");
    let other = drill(" --expect Noise").await;
    assert!(other.expects == ["Noise"] && other.allows.contains(&"AppInstanceDown".to_owned()));
}

#[tokio::test]
async fn rule_20_a_second_drill_at_once_is_kept_out_by_a_lock() {
    let plan = town().plan(DRILL).await.unwrap();
    assert!(plan.target.keys.contains(&"drill:one-at-a-time".to_owned()), "{:?}", plan.target.keys);
}
