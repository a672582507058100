//! Containers of a real daemon, with and without Compose's labels, and their bad days.

#[path = "docker/compose.rs"]
mod compose;
#[path = "docker/doors.rs"]
mod doors;
#[path = "docker/logs.rs"]
mod logs;
#[path = "docker/network.rs"]
mod network;
#[path = "docker/units.rs"]
mod units;

use std::sync::Arc;
use std::time::Duration;

use midwatch::adapters::control::open;
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{Condition, ControlSpec, Instance, Phase, Way};
use midwatch::domain::failure::FailureKind;
use midwatch::ports::control::Control;

use crate::docker::{Docker, IMAGE};

/// What obeys `TERM` at once, and says that it is there.
const GOOD: &str = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done";
/// What does not hear `TERM`.
const DEAF: &str = "trap '' TERM; echo ready; while :; do sleep 0.1; done";

fn control_of(docker: &Docker, way: Way, grace: u64) -> Arc<dyn Control> {
    let spec = ControlSpec { way, ssh: None, grace: Duration::from_secs(grace) };
    open(&spec, &Surroundings::inherited().with_docker(docker.host())).unwrap()
}

/// A container of the daemon at an address.
fn control_at(host: &str, container: &str) -> Arc<dyn Control> {
    let spec = ControlSpec { way: Way::Docker { container: container.to_owned() }, ssh: None, grace: Duration::from_secs(2) };
    open(&spec, &Surroundings::inherited().with_docker(host)).unwrap()
}

fn container(docker: &Docker, name: &str) -> Arc<dyn Control> {
    control_of(docker, Way::Docker { container: name.to_owned() }, 2)
}

fn compose_of(docker: &Docker, project: &str, service: &str) -> Arc<dyn Control> {
    control_of(docker, Way::Compose { project: project.to_owned(), service: service.to_owned() }, 20)
}

/// Runs a script in a container of its own, and waits until it said that it is there, if it does.
fn run(docker: &Docker, name: &str, options: &[&str], script: &str) {
    let network = if options.contains(&"--network") { &[][..] } else { &["--network", "none"] };
    let words = [&["run", "-d", "--name", name][..], network, options, &[IMAGE, "sh", "-c", script]].concat();
    docker.succeed(&words);
    if script.contains("echo ready") {
        docker.eventually("the container's first word", || docker.succeed(&["logs", name]).contains("ready"));
    }
}

async fn only(control: &dyn Control) -> Instance {
    let Condition { mut instances } = control.condition().await.unwrap();
    assert_eq!(instances.len(), 1, "{instances:?}");
    instances.remove(0)
}

async fn phases(control: &dyn Control) -> Vec<(String, Phase)> {
    let condition = control.condition().await.unwrap();
    condition.instances.into_iter().map(|instance| (instance.name, instance.phase)).collect()
}

fn pid(docker: &Docker, name: &str) -> String {
    docker.succeed(&["inspect", "-f", "{{.State.Pid}}", name])
}

/// One daemon for all of a test: each costs seconds.
#[tokio::test(flavor = "multi_thread")]
async fn containers_are_controlled() {
    let door = doors::Secured::new();
    let Some(docker) = Docker::with_options(&door.options()) else { return };
    one_is_stopped_started_and_paused(&docker).await;
    one_that_ignores_its_signal_goes_on_without_force(&docker).await;
    what_is_paused_is_not_stopped_in_order(&docker).await;
    a_loop_is_a_loop(&docker).await;
    two_operators_do_not_hinder_each_other(&docker).await;
    what_is_not_there_is_said_with_what_is_near(&docker).await;
    several_by_their_numbers_are_scaled(&docker).await;
    network::a_container_is_cut_off_and_let_through_again(&docker).await;
    doors::without_rights_the_group_is_named(&docker);
    door.lets_in_only_whom_its_authority_knows(&docker);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_compose_are_scaled_and_read() {
    let Some(docker) = Docker::start() else { return };
    compose::are_scaled(&docker).await;
    compose::what_cannot_be_two_is_refused_and_what_never_ran_is_removed(&docker).await;
    logs::are_merged_and_limited(&docker).await;
    logs::long_lines_are_cut(&docker).await;
    logs::are_followed_over_a_restart(&docker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_controlled_through_openssh() {
    let Some(docker) = Docker::start() else { return };
    doors::it_is_controlled_through_openssh(&docker).await;
    doors::ssh_may_stall_in_the_middle_of_a_stop(&docker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_a_real_systemd_are_controlled() {
    let Some(docker) = Docker::bare(&[]) else { return };
    let Some(host) = units::Host::boot(&docker) else { return };
    host.one_is_started_paused_restarted_and_stopped().await;
    host.several_are_scaled().await;
    host.one_that_ignores_its_signal_goes_on_without_force().await;
    host.what_cannot_be_is_said().await;
    host.its_journal_is_read_and_followed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_that_do_not_answer_are_said() {
    doors::without_a_daemon_it_is_said().await;
    doors::what_is_wrong_over_there_is_said().await;
    tokio::join!(doors::one_that_says_nothing_is_given_up(), logs::a_flood_waits_in_its_pipe());
}

async fn one_is_stopped_started_and_paused(docker: &Docker) {
    run(docker, "plain", &["--memory", "64m"], GOOD);
    let control = container(docker, "plain");
    let instance = only(&*control).await;
    assert_eq!((instance.name.as_str(), instance.phase, instance.restarts), ("plain", Phase::Running, Some(0)));
    assert_eq!((instance.image.as_deref(), instance.healthy, instance.detail), (Some(IMAGE), None, None));
    let usage = instance.usage.unwrap();
    assert!(usage.cpu_seconds > 0.0 && usage.memory_bytes > 0 && usage.memory_limit_bytes == Some(64 << 20), "{usage:?}");
    let id = docker.succeed(&["inspect", "-f", "{{.Id}}", "plain"]);
    assert_eq!(control.keys().await.unwrap(), [format!("docker:{id}")]);
    assert_eq!(container(docker, &id[..12]).keys().await.unwrap(), [format!("docker:{id}")], "the same by its id: no alias");

    let before = pid(docker, "plain");
    control.start(None).await.unwrap();
    assert_eq!(pid(docker, "plain"), before, "what runs stays as it is");
    control.pause(None).await.unwrap();
    assert_eq!(only(&*control).await.phase, Phase::Paused);
    control.pause(None).await.unwrap();
    let failure = control.start(None).await.unwrap_err();
    assert!(failure.kind == FailureKind::Refused && failure.what.contains("paused"), "{failure}");
    control.unpause(None).await.unwrap();
    control.unpause(Some("plain")).await.unwrap();
    assert_eq!(only(&*control).await.phase, Phase::Running);
    control.stop(None, false).await.unwrap();
    let stopped = only(&*control).await;
    assert_eq!((stopped.phase, stopped.usage, stopped.detail.as_deref()), (Phase::Stopped, None, Some("exit code 0")));
    assert!(stopped.since > instance.since, "{stopped:?}");
    let failure = control.pause(None).await.unwrap_err();
    assert!(failure.kind == FailureKind::Refused && failure.what.contains("plain does not run"), "{failure}");
    control.start(None).await.unwrap();
    assert_eq!(only(&*control).await.phase, Phase::Running);
}

async fn one_that_ignores_its_signal_goes_on_without_force(docker: &Docker) {
    run(docker, "deaf", &["--restart", "always"], DEAF);
    let (control, before) = (container(docker, "deaf"), pid(docker, "deaf"));
    let failure = control.stop(None, false).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stalled, "{failure}");
    for part in ["deaf was sent SIGTERM", "2s", &format!("{before} sh"), "not restart it by itself"] {
        assert!(failure.what.contains(part), "{part}: {failure}");
    }
    assert!(failure.mend.unwrap().contains("force"));
    assert_eq!((pid(docker, "deaf"), only(&*control).await.phase), (before, Phase::Running), "it was not killed");
    control.stop(None, true).await.unwrap();
    let killed = only(&*control).await;
    assert_eq!((killed.phase, killed.detail.as_deref()), (Phase::Stopped, Some("exit code 137")));
}

async fn what_is_paused_is_not_stopped_in_order(docker: &Docker) {
    // A fenced primary must not go on for a while, only to be stopped.
    run(docker, "fenced", &[], GOOD);
    let control = container(docker, "fenced");
    control.pause(None).await.unwrap();
    let failure = control.stop(None, false).await.unwrap_err();
    assert!(failure.kind == FailureKind::Refused && failure.mend.unwrap().contains("unpause"));
    assert_eq!(only(&*control).await.phase, Phase::Paused);
    control.stop(None, true).await.unwrap();
    let killed = only(&*control).await;
    assert_eq!(killed.detail.as_deref(), Some("exit code 137"), "it did not go on to hear its signal");
}

async fn a_loop_is_a_loop(docker: &Docker) {
    run(docker, "looping", &["--restart", "always"], "exit 3");
    let control = container(docker, "looping");
    // Docker waits longer before each restart: what is seen between two of them stays for a while.
    let between = |told: &str| told.strip_prefix("restarting ").is_some_and(|count| count.parse::<u32>().unwrap() > 3);
    let told = || docker.succeed(&["inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "looping"]);
    docker.eventually("a loop", || between(&told()));
    let instance = only(&*control).await;
    assert_eq!(instance.phase, Phase::Restarting, "{instance:?}");
    assert!(instance.restarts > Some(2), "{instance:?}");
    assert!(instance.detail.unwrap().ends_with("exit code 3"));
    let failure = control.start(None).await.unwrap_err();
    assert!(failure.what.contains("over and over") && failure.what.contains("exit code 3"), "{failure}");
    control.stop(None, false).await.unwrap();
    assert_eq!(only(&*control).await.phase, Phase::Failed);
    let failure = control.start(None).await.unwrap_err();
    assert!(failure.what.contains("exit code 3"), "{failure}");
    control.stop(None, false).await.unwrap();
    docker.succeed(&["create", "--network", "none", "--name", "short", IMAGE, "sh", "-c", "exit 7"]);
    let failure = container(docker, "short").start(None).await.unwrap_err();
    assert!(failure.what.contains("ended at once: exit code 7"), "{failure}");
}

async fn two_operators_do_not_hinder_each_other(docker: &Docker) {
    run(docker, "shared", &[], GOOD);
    let (anna, ben) = (container(docker, "shared"), container(docker, "shared"));
    let both = tokio::join!(anna.stop(None, false), ben.stop(None, false));
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(only(&*anna).await.phase, Phase::Stopped);
    let both = tokio::join!(anna.start(None), ben.start(None));
    assert_eq!(both, (Ok(()), Ok(())));
    let both = tokio::join!(anna.pause(None), ben.pause(None));
    assert_eq!(both, (Ok(()), Ok(())));
    let both = tokio::join!(anna.unpause(None), ben.unpause(None));
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(only(&*ben).await.phase, Phase::Running);
}

async fn what_is_not_there_is_said_with_what_is_near(docker: &Docker) {
    let control = container(docker, "plane");
    let instance = only(&*control).await;
    assert_eq!((instance.name.as_str(), instance.phase), ("plane", Phase::Absent));
    assert!(instance.detail.unwrap().contains("plain"));
    for failed in [control.start(None).await, control.stop(None, true).await, control.keys().await.map(drop)] {
        let failure = failed.unwrap_err();
        assert!(failure.what.contains("plane; near to it: plain"), "{failure}");
        assert_eq!(failure.mend.unwrap(), "docker ps --all lists what there is");
    }
    // The Engine itself would take the beginning of an id for a name.
    let id = docker.succeed(&["inspect", "-f", "{{.Id}}", "plain"]);
    assert_eq!(only(&*container(docker, &id[..4])).await.phase, Phase::Absent);
    let failure = compose_of(docker, "shop", "worker").start(None).await.unwrap_err();
    assert!(failure.what.contains("Compose's labels of shop/worker"), "{failure}");
    let failure = container(docker, "plain").stop(Some("other"), false).await.unwrap_err();
    assert!(failure.what.contains("no container other; it has plain"), "{failure}");
}

async fn several_by_their_numbers_are_scaled(docker: &Docker) {
    for number in [1, 2, 10] {
        run(docker, &format!("number-{number}"), &[], GOOD);
    }
    let control = control_of(docker, Way::Docker { container: "number-{n}".to_owned() }, 20);
    let all = |phases: [Phase; 3]| -> Vec<(String, Phase)> {
        ["number-1", "number-2", "number-10"].into_iter().map(str::to_owned).zip(phases).collect()
    };
    assert_eq!(phases(&*control).await, all([Phase::Running; 3]));
    control.stop(Some("number-2"), false).await.unwrap();
    assert_eq!(phases(&*control).await, all([Phase::Running, Phase::Stopped, Phase::Running]));
    control.pause(None).await.unwrap();
    assert_eq!(phases(&*control).await, all([Phase::Paused, Phase::Stopped, Phase::Paused]), "what is down stays down");
    let failure = control.scale(1).await.unwrap_err();
    assert!(failure.what.contains("paused"), "{failure}");
    control.unpause(None).await.unwrap();
    let failure = control.scale(4).await.unwrap_err();
    assert!(failure.what.contains("number-3, number-4"), "{failure}");
    assert_eq!(phases(&*control).await, all([Phase::Running, Phase::Stopped, Phase::Running]), "nothing half done");
    control.scale(2).await.unwrap();
    assert_eq!(phases(&*control).await, all([Phase::Running, Phase::Running, Phase::Stopped]), "the highest goes");
    control.scale(0).await.unwrap();
    assert_eq!(phases(&*control).await, all([Phase::Stopped; 3]));
    let failure = container(docker, "plain").scale(2).await.unwrap_err();
    assert!(failure.mend.unwrap().contains("plain-{n}"));
}
