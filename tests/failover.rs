//! Promotion, and the way back, on the real demo: the primary well, killed, paused; what is refused; and a server that was the
//! primary made a standby again. Each test starts a whole stack; nextest runs them one at a time.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "failover/customers.rs"]
mod customers;
#[path = "demo/host.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod host;
#[path = "shell/schema.rs"]
mod schema;
#[path = "demo/stack.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod stack;

use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

use customers::Customers;
use host::{Process, in_folder, until};
use serde_json::Value;
use stack::{Place, Stack};

/// How long something may take that should take seconds.
const SOON: Duration = Duration::from_secs(90);

/// A demo, and midwatch with a ledger of its own beside it.
struct Stage<'a> {
    place: &'a Place,
    stack: Stack<'a>,
}

impl<'a> Stage<'a> {
    fn of(place: &'a Place) -> Self {
        Self { place, stack: place.start(&[]) }
    }

    fn midwatch(&self, words: &str) -> Output {
        self.with(&self.stack.dir().join("midwatch.toml"), words)
    }

    fn with(&self, config: &std::path::Path, words: &str) -> Output {
        let state = self.place.path().join("state");
        let config = config.display().to_string();
        let mut command = self.place.midwatch(&["--config", &config, "--state", &state.display().to_string()]);
        command.args(words.split(' ')).stdin(std::process::Stdio::null()).output().unwrap()
    }

    /// Runs it; it must succeed. The job as it ended.
    fn job(&self, words: &str) -> Value {
        let ran = self.midwatch(&format!("{words} --yes --json"));
        let out = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{words}: {ran:?}");
        serde_json::from_str(out.lines().last().unwrap()).unwrap()
    }

    fn plan(&self, words: &str) -> Value {
        let ran = self.midwatch(&format!("{words} --dry-run --json"));
        assert!(ran.status.success(), "{words}: {ran:?}");
        serde_json::from_slice::<Value>(&ran.stdout).unwrap()["plan"].take()
    }

    fn refused(&self, words: &str) -> String {
        let ran = self.midwatch(&format!("{words} --yes"));
        assert!(!ran.status.success(), "{words}: {ran:?}");
        String::from_utf8_lossy(&ran.stderr).into_owned()
    }

    /// Every process of a PostgreSQL, its postmaster first.
    fn servers(&self, name: &str) -> Vec<Process> {
        in_folder(&self.stack.dir().join(name).join("data"))
    }

    fn customers(&self) -> Customers {
        let port = |pointer: &str| self.stack.text(pointer).rsplit(':').next().unwrap().parse().unwrap();
        let password = fs::read_to_string(self.stack.dir().join("secrets/shop")).unwrap();
        Customers::new([port("/postgres/primary/address"), port("/postgres/standby/address")], password.trim())
    }

    fn sells_again(&self, since: Instant) -> Duration {
        let placed = || self.stack.query("sum(rate(shop_orders_total{result='ok'}[6s]))") > Some(0.0);
        let failed = || self.stack.query("sum(rate(shop_orders_total{result='failed'}[6s]))") == Some(0.0);
        until("orders are placed again, and none fails", SOON, || placed() && failed());
        since.elapsed()
    }

    fn notes(plan: &Value) -> String {
        plan["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect::<Vec<_>>().join("\n")
    }
}

fn words(job: &Value) -> String {
    let done = job["history"].as_array().unwrap().iter().filter_map(|entry| entry["event"]["output"]["words"].as_str());
    done.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_switchover_loses_nothing_and_the_old_primary_becomes_a_standby() {
    let place = Place::new();
    let stage = Stage::of(&place);
    let customers = stage.customers();
    customers.prepare();
    let orders = customers.order();
    until("orders are kept", SOON, || orders.kept() > 20);

    let plan = stage.plan("promote standby");
    let notes = Stage::notes(&plan);
    assert!(notes.contains("un-replicated WAL: ") && notes.contains("nothing is lost"), "{notes}");
    let began = Instant::now();
    let job = stage.job("promote standby");
    println!("promote: {}; shop again after {:?}", words(&job), stage.sells_again(began));
    until("orders are kept by the new primary", SOON, || orders.kept_since_break() > 20);
    let kept = orders.end();
    let there = customers.all();
    let lost: Vec<_> = kept.iter().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {lost:?}", lost.len(), kept.len());
    assert!(stage.servers("primary").is_empty(), "the old primary is down");
    let refused = stage.refused("promote standby");
    assert!(refused.contains("is no standby"), "{refused}");
    for verb in ["start", "restart"] {
        let refused = stage.refused(&format!("{verb} postgres"));
        assert!(refused.contains("standby has taken over from postgres"), "{verb}: {refused}");
        assert!(refused.contains("midwatch rebuild postgres --from standby"), "{verb}: {refused}");
    }
    assert!(stage.servers("primary").is_empty(), "nothing was started");

    let plan = stage.plan("rebuild postgres --from standby");
    assert!(Stage::notes(&plan).contains("data.set-aside-"), "{plan}");
    let began = Instant::now();
    let job = stage.job("rebuild postgres");
    println!("rebuild: {} after {:?}", words(&job), began.elapsed());
    let aside = fs::read_dir(stage.stack.dir().join("primary")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(aside.into_iter().any(|name| name.to_string_lossy().starts_with("data.set-aside-")));
    until("what is ordered arrives there", SOON, || customers.follows());
    // What follows is started as ever.
    stage.job("stop postgres");
    stage.job("start postgres");
    until("it follows again", SOON, || customers.follows());
    // And back again.
    let job = stage.job("promote postgres");
    println!("back: {}", words(&job));
    let refused = stage.refused("start standby");
    assert!(refused.contains("midwatch rebuild standby --from postgres"), "by its data, whatever depends on what: {refused}");
    assert_eq!(customers.all().len(), there.len());
}

#[test]
fn a_primary_that_was_killed_is_followed_by_its_standby() {
    let place = Place::new();
    let stage = Stage::of(&place);
    stage.servers("primary")[0].signal("KILL");
    until("it is gone", SOON, || stage.servers("primary").is_empty());
    let notes = Stage::notes(&stage.plan("promote standby"));
    assert!(notes.contains("un-replicated WAL: unknown; what postgres wrote after "), "{notes}");
    let began = Instant::now();
    let job = stage.job("promote standby");
    println!("killed: {}; shop again after {:?}", words(&job), stage.sells_again(began));
    let handed = stage.midwatch("recover postgres --dry-run");
    let told = String::from_utf8_lossy(&handed.stdout).into_owned();
    assert!(told.contains("standby has taken over from postgres") && told.contains("rebuild postgres --from standby"), "{told}");

    redis_fails_over(&stage);
}

/// The same of Redis: nothing is lost, the shop finds the new one, and the old one is not started beside it.
fn redis_fails_over(stage: &Stage<'_>) {
    let refused = stage.refused("failover redis-replica --fenced");
    assert!(refused.contains("redis is not fenced: it answers"), "{refused}");
    let refused = stage.refused("failover redis");
    assert!(refused.contains("redis is no replica"), "{refused}");
    stage.stack.redis(&["SET", "written-last", "here"]);
    let notes = Stage::notes(&stage.plan("failover redis-replica"));
    assert!(notes.contains("nothing is lost: writes are held") && notes.contains("clients must find redis-replica"), "{notes}");
    let began = Instant::now();
    let job = stage.job("failover redis-replica");
    println!("redis: {}; shop again after {:?}", words(&job), stage.sells_again(began));
    assert_eq!(stage.stack.redis_at("replica", &["GET", "written-last"]), "here");
    assert_eq!(stage.stack.redis_at("replica", &["EXISTS", &format!("midwatch:failover:{}", job["id"])]), "0", "nothing is left");
    let handed = stage.midwatch("recover redis --dry-run");
    let told = String::from_utf8_lossy(&handed.stdout).into_owned();
    assert!(told.contains("redis-replica has taken over from redis"), "{told}");
    redis_comes_back(stage);
}

/// The old primary is not started beside the new one, but as its replica; and after that as one, too.
fn redis_comes_back(stage: &Stage<'_>) {
    let refused = stage.refused("start redis");
    assert!(refused.contains("midwatch rebuild redis --from redis-replica --discard"), "{refused}");
    let refused = stage.refused("rebuild redis");
    assert!(refused.contains("would be dropped") && refused.contains("--discard"), "{refused}");
    let ran = stage.midwatch("start redis --follows --yes");
    let told = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(told.contains("takes writes, and was said to follow: it was stopped again"), "{told}");
    println!("redis comes back: {}", words(&stage.job("rebuild redis --discard")));
    stage.stack.redis_at("replica", &["SET", "written-there", "arrives"]);
    until("it follows", SOON, || stage.stack.redis_at("primary", &["GET", "written-there"]) == "arrives");
    stage.job("stop redis");
    stage.job("start redis --follows");
    until("it follows after a restart, too", SOON, || {
        stage.stack.redis_at("primary", &["INFO", "replication"]).contains("role:slave")
    });
}

#[test]
fn a_primary_that_was_paused_is_killed_before_another_takes_over() {
    let place = Place::new();
    let stage = Stage::of(&place);
    for process in stage.servers("primary") {
        process.signal("STOP");
    }
    let plan = stage.plan("promote standby");
    assert!(Stage::notes(&plan).contains("killed where it does not end"), "{plan}");
    let began = Instant::now();
    let job = stage.job("promote standby");
    println!("paused: {}; shop again after {:?}", words(&job), stage.sells_again(began));
    assert!(stage.servers("primary").is_empty(), "nothing of it can go on");
}

#[test]
fn a_primary_that_answers_is_never_left_beside_another() {
    let place = Place::new();
    let stage = Stage::of(&place);
    let refused = stage.refused("promote standby --fenced");
    assert!(refused.contains("postgres is not fenced: it answers"), "{refused}");
    let refused = stage.refused("promote postgres");
    assert!(refused.contains("postgres is no standby"), "{refused}");
    let refused = stage.refused("rebuild postgres");
    assert!(refused.contains("not one of standby is the one that takes writes"), "{refused}");

    // The same without a control.
    let text = fs::read_to_string(stage.stack.dir().join("midwatch.toml")).unwrap();
    let head = "[environments.demo.services.postgres.control]";
    let cut = text.find(head).unwrap();
    let rest = &text[cut + head.len()..];
    let without = format!("{}{}", &text[..cut], &rest[rest.find("\n[").unwrap()..]);
    let config = stage.stack.dir().join("without.toml");
    fs::write(&config, without).unwrap();
    let refused = |words: &str| {
        let ran = stage.with(&config, words);
        assert!(!ran.status.success(), "{words}: {ran:?}");
        String::from_utf8_lossy(&ran.stderr).into_owned()
    };
    let said = refused("promote standby --yes");
    assert!(said.contains("postgres answers, and cannot be stopped from here"), "{said}");

    // Paused it does not answer, and is alive all the same: the operator's word counts only while that is so.
    let processes = stage.servers("primary");
    for process in &processes {
        process.signal("STOP");
    }
    let said = refused("promote standby --yes");
    assert!(said.contains("may be alive"), "{said}");
    let plan = stage.with(&config, "promote standby --fenced --dry-run --json");
    assert!(plan.status.success(), "{plan:?}");
    for process in &processes {
        process.signal("CONT");
    }
    until("it answers again", SOON, || stage.stack.query("pg_up{instance='primary'}") == Some(1.0));
    let said = refused("promote standby --fenced --yes");
    assert!(said.contains("is not fenced"), "{said}");
}

#[test]
fn a_rebuild_whose_worker_is_killed_leaves_the_old_data_and_is_asked_for_again() {
    let place = Place::new();
    let stage = Stage::of(&place);
    stage.job("promote standby");
    let folders = || -> Vec<String> {
        let all = fs::read_dir(stage.stack.dir().join("primary")).unwrap();
        all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("data"))
            .collect()
    };
    let ledger = place.path().join("state").display().to_string();
    let named = |words: [&str; 2]| -> Vec<Process> {
        let is_meant = |process: &Process| words.iter().all(|word| process.arguments().contains(word));
        host::all().into_iter().filter(is_meant).collect()
    };
    let copies = || named(["pg_basebackup", "data.copy-"]);
    // A copy begins with a checkpoint: without one it neither goes on nor ends, and surely outlives its worker.
    let checkpointer = stage.servers("standby").into_iter().find(|one| one.arguments().contains("checkpointer")).unwrap();
    checkpointer.signal("STOP");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| stage.midwatch("rebuild postgres --yes"));
        until("the copy has begun", SOON, || folders().iter().any(|name| name.contains(".copy-")) && !copies().is_empty());
        for worker in named(["job-worker", &ledger]) {
            worker.signal("KILL");
        }
        let ran = asked.join().unwrap();
        assert!(!ran.status.success(), "{ran:?}");
    });
    assert!(!copies().is_empty(), "somebody still copies");
    assert!(
        folders().contains(&"data".to_owned()) && !folders().iter().any(|name| name.contains("set-aside")),
        "{:?}",
        folders()
    );
    let cancelled = stage.midwatch("jobs cancel 2");
    assert!(cancelled.status.success(), "{cancelled:?}");
    let log = stage.midwatch("jobs attach 2").stdout;
    assert_eq!(folders(), ["data"], "the copy is removed: {}", String::from_utf8_lossy(&log));
    assert!(copies().is_empty(), "nobody copies any more: {}", String::from_utf8_lossy(&log));
    assert_eq!(stage.customers().kept_by_slots(), 0, "no slot keeps WAL: {}", String::from_utf8_lossy(&log));
    checkpointer.signal("CONT");
    println!("after a killed worker: {}", words(&stage.job("rebuild postgres")));
    assert_eq!(folders().len(), 2, "{:?}", folders());
}

#[test]
fn two_operators_who_promote_at_once_do_it_once() {
    let place = Place::new();
    let stage = Stage::of(&place);
    let ran = std::thread::scope(|scope| {
        let first = scope.spawn(|| stage.midwatch("promote standby --yes"));
        let second = stage.midwatch("promote standby --yes");
        [first.join().unwrap(), second]
    });
    let won = ran.iter().filter(|ran| ran.status.success()).count();
    assert_eq!(won, 1, "{ran:?}");
    assert!(stage.servers("primary").is_empty() && !stage.servers("standby").is_empty());
}
