//! Backups and proofs by the whole program, as a person or a timer asks for them: real servers, real workers, a repository in a
//! folder. What each part does on its own is tested beside it.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "backups/containers.rs"]
mod containers;
#[path = "backups/damage.rs"]
mod damage;
#[path = "backups/desk.rs"]
mod desk;
#[path = "support/docker.rs"]
mod docker;
#[path = "backups/full.rs"]
mod full;
#[path = "backups/lost.rs"]
mod lost;
#[path = "support/servers.rs"]
mod servers;

use std::time::Duration;

use desk::Desk;
use servers::{Postgres, Redis};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_backup_is_taken_listed_proved_and_told_to_prometheus() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS what FROM generate_series(1, 500) n").unwrap();
    let desk = Desk::on_postgres(&server);
    let listed = desk.ok("backup db");
    assert!(listed.contains("done"), "{listed}");
    let backups = desk.backups();
    assert_eq!((backups.len(), &backups[0]["standing"]), (1, &"checksum only".into()), "a checksum alone is called a checksum");
    desk.ok("verify db");
    let proved = &desk.backups()[0];
    assert_eq!(proved["standing"], "proved");
    assert_eq!(proved["manifest"]["census"]["databases"][0]["tables"][0]["rows"], 500);
    let metrics = desk.ok("metrics");
    assert!(metrics.contains("midwatch_backup_proved_timestamp_seconds{"), "{metrics}");
    let nothing = desk.run("verify --all");
    assert_eq!((nothing.status, nothing.err.contains("nothing to prove")), (77, true), "{nothing:?}");
}

#[test]
fn every_method_is_proved_in_the_same_job() {
    let (postgres, redis) = (Postgres::primary(), Redis::start(&[]));
    redis.cli(&["SET", "cart", "7"]);
    let desk = Desk::on_both(&postgres, &redis);
    for words in ["backup db --prove", "backup db --method physical --prove", "backup cache --prove"] {
        desk.ok(words);
    }
    let standings: Vec<_> = desk.backups().iter().map(|backup| backup["standing"].clone()).collect();
    assert_eq!(standings, ["proved"; 3]);
}

#[test]
fn a_plan_is_shown_and_nothing_is_done() {
    let server = Postgres::primary();
    let desk = Desk::on_postgres(&server);
    let plan = desk.plain("backup db --dry-run");
    assert!(plan.contains("PostgreSQL 15") && plan.contains("undone if the job fails"), "{plan}");
    assert_eq!(desk.backups().len(), 0);
    assert_eq!(desk.jobs().len(), 0);
}

#[test]
fn rule_13_what_the_guard_wants_is_asked_of_scripts_too() {
    let server = Postgres::primary();
    let desk = Desk::on_postgres(&server);
    for (guard, words, status) in [
        ("confirm", "backup db --yes", 77),
        ("confirm", "backup db --yes --confirm=cache", 77),
        ("confirm", "backup db --yes --confirm=db", 0),
        ("strict", "backup db --yes --confirm=db", 77),
        ("read-only", "backup db --yes --confirm=db", 77),
    ] {
        desk.guard(guard);
        let ran = desk.exactly(words);
        assert_eq!(ran.status, status, "{guard}: {words}: {ran:?}");
    }
    assert_eq!(desk.backups().len(), 1);
}

#[test]
fn what_is_wrong_is_told_with_what_mends_it() {
    let server = Postgres::primary();
    let desk = Desk::on_postgres(&server);
    for (words, status, told) in [
        ("backup bd", 64, "did you mean \"db\"?"),
        ("backup db --method rdb", 64, "the configuration allows logical, physical"),
        ("backup", 64, "backup needs a service"),
        ("verify nothing", 64, "midwatch backups lists them"),
        ("clean", 77, "nothing to clean"),
    ] {
        let ran = desk.run(words);
        assert_eq!((ran.status, ran.err.contains(told)), (status, true), "{words}: {ran:?}");
    }
    desk.password("wrong");
    let ran = desk.run("backup db");
    assert_eq!((ran.status, ran.err.contains("password authentication failed")), (77, true), "{ran:?}");
}

#[test]
fn what_another_host_may_be_writing_is_cleaned_only_by_its_name() {
    let desk = Desk::with("");
    let (old, fresh) = ("20261101T000000Z-db-logical-aaaaaa", "20261102T000000Z-db-logical-bbbbbb");
    desk.leave(old, HOUR * 49);
    desk.leave(fresh, HOUR * 47);
    let told = format!("midwatch clean main --id {fresh}");
    assert!(desk.plain("clean --dry-run").contains(&told));
    desk.ok("clean");
    assert_eq!(desk.orphans(), [fresh]);
    let ran = desk.run("clean");
    assert_eq!((ran.status, ran.err.contains(&told)), (77, true), "{ran:?}");
    desk.ok(&format!("clean main --id {fresh}"));
    assert_eq!(desk.orphans(), [""; 0]);
}

#[test]
fn rule_12_no_secret_is_left_anywhere() {
    let (postgres, redis) = (Postgres::primary(), Redis::start(&[]));
    let desk = Desk::on_both(&postgres, &redis);
    desk.ok("backup db --prove");
    desk.ok("backup cache --prove");
    let found = desk.files_with(servers::PASSWORD);
    assert_eq!(found, [desk.password_file()], "the password stands where it was put, and nowhere else");
}
