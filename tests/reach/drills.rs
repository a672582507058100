//! Drills against containers of a real daemon, alone, as Compose's, and behind a real `ssh`: stopped, paused, killed, cut off, short of
//! memory, each ended and verified, the worker killed in the middle of some, and whoever at a random moment of as many as there is time
//! for.

use std::thread;
use std::time::Duration;

use crate::bastion::Bastion;
use crate::docker::Docker;
use crate::drilled::{ends, is_refused, kill_in_the_middle};
use crate::places::{BEHIND, PLACES};
use crate::trials::{self, Field as _, Trials};

/// How long trials may begin where nobody waits for the soak.
const BUDGET: Duration = Duration::from_secs(20);
/// On how many daemons a soak tries at once.
const DAEMONS: usize = 3;

impl Bastion<'_> {
    fn is(&self, container: &str, state: &str) {
        let now = || self.docker.succeed(&["inspect", "-f", "{{.State.Status}}", container]);
        self.docker.eventually(&format!("{container} is {state}"), || now() == state);
    }

    /// A client that stays keeps PostgreSQL from ending, and everybody else out of it: the end of the fault comes before the fault is
    /// on. It is started again then, not waited for until it is killed after all.
    fn is_back_though_a_client_stays(&self) {
        let before = self.state();
        self.docker.succeed(&["exec", "-d", "db", "psql", "-XU", "postgres", "-c", "SELECT pg_sleep(600)"]);
        let stays = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(6%' AND pid <> pg_backend_pid()";
        self.docker.eventually("a client that stays", || self.docker.psql("db", stays) == "1");
        let ran = trials::run(self, "drill postgres-down --target db --for 2s --expect , --yes");
        assert!(!ran.status.success(), "a fault that was never on is no drill");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(said.contains("the time of the fault was over before it was on"), "{said}");
        assert_eq!((trials::open(self), self.state()), (vec![], before));
    }
}

/// One daemon for all of them: each costs seconds.
#[test]
fn rule_19_what_drills_do_to_containers_ends() {
    let Some(docker) = Docker::start() else { return };
    let bastion = Bastion::new(&docker);
    let behind = if bastion.is_behind() { BEHIND } else { &[] };
    let trials = Trials::of(&trials::chosen(PLACES.iter().chain(behind)), BUDGET);
    if trials::is_soak() {
        return soak(trials, &bastion);
    }
    each(&bastion);
    trials.run(&bastion);
    trials.end();
}

fn soak(trials: Trials, bastion: &Bastion<'_>) {
    thread::scope(|scope| {
        for _ in 1..DAEMONS {
            scope.spawn(|| {
                let docker = Docker::start().unwrap();
                trials.run(&Bastion::new(&docker));
            });
        }
        trials.run(bastion);
    });
    trials.end();
}

/// Each by one of the doors: what is done behind them is the same.
fn each(bastion: &Bastion<'_>) {
    ends(bastion, "postgres-down --target db", |_| bastion.is("db", "exited"));
    ends(bastion, "app-instance-killed --target app --instance app-2 --environment composed", |_| bastion.is("app-2", "exited"));
    ends(bastion, "memory-pressure --target cache --most 64", |_| {
        let [holder] = trials::holders(bastion)[..] else { panic!("one holds") };
        let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", holder.pid)).unwrap();
        let id = bastion.docker.succeed(&["inspect", "-f", "{{.Id}}", "cache"]);
        assert!(groups.contains(&id), "within the container's own limits: {groups}");
    });
    ends(bastion, "redis-partition --target cache", |_| {
        let rules = bastion.rules("cache");
        assert!(rules.contains("midwatch:drill-") && rules.contains("--dport 6379"), "within the container's network: {rules}");
    });
    bastion.is_back_though_a_client_stays();
    kill_in_the_middle(bastion, "postgres-paused --target db --environment composed");
    kill_in_the_middle(bastion, "memory-pressure --target cache --most 64");
    is_refused(bastion, "disk-filled --target cache", "nobody knows in which folder");
    let door = if bastion.is_behind() { "behind" } else { "e" };
    ends(bastion, &format!("redis-paused --target cache --environment {door}"), |_| bastion.is("cache", "paused"));
    kill_in_the_middle(bastion, &format!("redis-partition --target cache --environment {door}"));
    if bastion.is_behind() {
        is_refused(bastion, "memory-pressure --target cache --environment behind", "runs on db-1");
        is_refused(bastion, "network-latency --target cache --environment behind", "does not run on this host");
    }
}
