//! Processes that are started, stopped, paused, scaled and listened to: on this host, and the same behind a real OpenSSH.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use midwatch::adapters::control::open;
use midwatch::adapters::process::{self, Process};
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{ControlSpec, LONGEST_LINE, LogAsk, LogLine, Phase};
use midwatch::domain::failure::FailureKind;
use midwatch::domain::time::Stamp;
use midwatch::ports::control::Logs;

use crate::ssh::{HOST, Sshd};
use crate::stand::{BUSY, CARELESS, DEAF, GOOD, Stand, pause_by_half, phases, secs};

/// A service here, and one behind `ssh` where there is a server for it.
fn both(script: &str, sshd: Option<&Sshd>) -> Vec<Stand> {
    let far = sshd.map(|sshd| {
        let mut stand = Stand::of(script);
        stand.around = Surroundings::inherited().with_path(sshd.path());
        stand.ssh = Some(HOST.to_owned());
        stand
    });
    std::iter::once(Stand::of(script)).chain(far).collect()
}

async fn all(mut logs: Box<dyn Logs>) -> Vec<LogLine> {
    let mut lines = Vec::new();
    while let Some(line) = logs.next().await.unwrap() {
        lines.push(line);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_started_paused_let_go_on_and_stopped_with_its_children() {
    let sshd = Sshd::start(None);
    for stand in both(GOOD, sshd.as_ref()) {
        let control = stand.control("app", secs(20));
        assert_eq!(phases(&*control).await, [("app".to_owned(), Phase::Stopped)]);
        control.start(None).await.unwrap();
        let main = stand.process("app").unwrap();
        control.start(None).await.unwrap();
        assert_eq!(stand.process("app"), Some(main), "what runs stays as it is");
        let one = control.condition().await.unwrap().instances.remove(0);
        assert_eq!((one.name.as_str(), one.phase), ("app", Phase::Running));
        let age =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64 - one.since.unwrap().0 / 1000;
        assert!((-2..120).contains(&age), "since {age} s");
        assert!(one.usage.unwrap().memory_bytes > 100_000, "{one:?}");
        assert_ne!(main.look().unwrap().session, process::Process::myself().unwrap().look().unwrap().session);
        let key = control.keys().await.unwrap().remove(0);
        assert!(key.starts_with("process:") && key.ends_with("/app.pid"), "{key}");

        control.pause(None).await.unwrap();
        assert_eq!(phases(&*control).await[0].1, Phase::Paused);
        let children = || process::all().into_iter().filter(|seen| seen.parent == main.pid);
        assert!(children().count() > 0 && children().all(|child| child.stopped()), "its children too");
        control.unpause(None).await.unwrap();
        assert_eq!(phases(&*control).await[0].1, Phase::Running);
        assert!(children().all(|child| !child.stopped()));

        control.pause(None).await.unwrap();
        control.stop(None, false).await.unwrap();
        assert!(!main.alive() && process::all().iter().all(|seen| seen.session != main.pid), "one that was paused ends too");
        let one = control.condition().await.unwrap().instances.remove(0);
        assert_eq!(one.phase, Phase::Stopped);
        assert!(one.detail.unwrap().contains("is gone"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_paused_by_half_is_paused_and_goes_on() {
    let stand = Stand::of(BUSY);
    let control = stand.control("app", secs(20));
    control.start(None).await.unwrap();
    pause_by_half(stand.process("app").unwrap());
    control.pause(None).await.unwrap();
    assert_eq!(phases(&*control).await[0].1, Phase::Paused);
    control.unpause(None).await.unwrap();
    assert_eq!(phases(&*control).await[0].1, Phase::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ignores_its_signal_goes_on_and_is_killed_only_by_force() {
    let sshd = Sshd::start(None);
    for stand in both(DEAF, sshd.as_ref()) {
        let control = stand.control("app", secs(1));
        control.start(None).await.unwrap();
        let main = stand.process("app").unwrap();
        let failure = control.stop(None, false).await.unwrap_err();
        assert!(failure.what.contains("did not end within 1s of TERM: it goes on"), "{failure}");
        assert!(failure.what.contains(&main.pid.to_string()) && failure.mend.unwrap().contains("--force"));
        assert!(main.alive());
        control.stop(None, true).await.unwrap();
        assert!(!main.alive());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_leaves_running_is_told() {
    let stand = Stand::of(CARELESS);
    let control = stand.control("app", secs(1));
    control.start(None).await.unwrap();
    let main = stand.process("app").unwrap();
    let failure = control.stop(None, false).await.unwrap_err();
    assert!(failure.what.contains("it ended, and left app's process") && failure.what.contains("(sleep)"), "{failure}");
    assert!(!main.alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_given_to_another_process_is_left_alone() {
    let sshd = Sshd::start(None);
    for stand in both(GOOD, sshd.as_ref()) {
        let control = stand.control("app", secs(5));
        let mut stranger = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        fs::write(stand.path("app.pid"), stranger.id().to_string()).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(stand.path("app.pid")).unwrap().set_modified(long_ago).unwrap();
        let one = control.condition().await.unwrap().instances.remove(0);
        assert_eq!(one.phase, Phase::Stopped);
        assert!(one.detail.unwrap().contains("the number was given to another"));
        control.stop(None, true).await.unwrap();
        control.pause(None).await.unwrap();
        let alive = stranger.try_wait().unwrap().is_none();
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        assert!(alive, "the stranger was not touched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_in_the_folder_of_its_file_is_known_after_the_clock_was_set() {
    let sshd = Sshd::start(None);
    for stand in both(GOOD, sshd.as_ref()) {
        let control = stand.control("app", secs(5));
        let mut server = std::process::Command::new("sleep").arg("1000").current_dir(stand.path("")).spawn().unwrap();
        fs::write(stand.path("app.pid"), server.id().to_string()).unwrap();
        let before = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(stand.path("app.pid")).unwrap().set_modified(before).unwrap();
        let phase = control.condition().await.map(|condition| condition.instances[0].phase);
        server.kill().unwrap();
        server.wait().unwrap();
        assert_eq!(phase.unwrap(), Phase::Running);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_by_heart_is_let_go_on_after_the_clock_was_set_and_a_later_process_of_its_number_is_left_alone() {
    let sshd = Sshd::start(None);
    for stand in both(GOOD, sshd.as_ref()) {
        let control = stand.control("app", secs(5));
        let sleeping = || Sleeping(std::process::Command::new("sleep").arg("1000").current_dir("/").spawn().unwrap());
        let (server, stranger) = (sleeping(), sleeping());
        let pid_file = |pid: u32, age: u64| {
            fs::write(stand.path("app.pid"), pid.to_string()).unwrap();
            let written = SystemTime::now() - secs(age);
            File::options().write(true).open(stand.path("app.pid")).unwrap().set_modified(written).unwrap();
        };
        pid_file(server.0.id(), 0);
        let way = control.by_heart().await.unwrap().unwrap();
        let known = open(&ControlSpec { way, ssh: stand.ssh.clone(), grace: secs(5) }, &stand.around).unwrap();
        known.pause(None).await.unwrap();
        // As it looks once the clock was set forward by an hour.
        pid_file(server.0.id(), 3600);
        assert_eq!(phases(&*control).await[0].1, Phase::Stopped, "the file alone does not tell");
        assert_eq!(phases(&*known).await[0].1, Phase::Paused);
        known.unpause(None).await.unwrap();
        assert_eq!(phases(&*known).await[0].1, Phase::Running);
        pid_file(stranger.0.id(), 3600);
        assert_eq!(phases(&*known).await[0].1, Phase::Stopped);
        known.stop(None, true).await.unwrap();
        assert!(Process::of(stranger.0.id()).is_some(), "the stranger was not touched");
    }
}

/// A process that sleeps until this is dropped.
struct Sleeping(std::process::Child);

impl Drop for Sleeping {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_numbers_go_first_and_come_last() {
    let stand = Stand::of(GOOD);
    let control = stand.control("app-{n}", secs(20));
    let names =
        async || phases(&*control).await.into_iter().filter(|one| one.1 == Phase::Running).map(|one| one.0).collect::<Vec<_>>();
    control.start(None).await.unwrap();
    assert_eq!(names().await, ["app-1"], "the first one, where there was none");
    control.scale(3).await.unwrap();
    assert_eq!(names().await, ["app-1", "app-2", "app-3"]);
    control.stop(Some("app-1"), false).await.unwrap();
    control.scale(1).await.unwrap();
    assert_eq!(names().await, ["app-2"]);
    assert_eq!(control.keys().await.unwrap().len(), 3);
    control.scale(0).await.unwrap();
    assert_eq!(names().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_start_is_told_with_what_was_run() {
    let stand = Stand::of(GOOD);
    fs::write(stand.path("start"), "exit 3\n").unwrap();
    let failure = stand.control("app", secs(1)).start(None).await.unwrap_err();
    assert!(failure.what.contains("app was not started") && failure.what.contains("exit status: 3"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_read_backwards_by_time_and_over_rotations() {
    let sshd = Sshd::start(None);
    for stand in both(GOOD, sshd.as_ref()) {
        let control = stand.control("app", secs(5));
        let mut log = File::create(stand.path("app.log")).unwrap();
        for minute in 0..30 {
            writeln!(log, "2026-11-22T03:{minute:02}:00Z line {minute}\n  and more of it").unwrap();
        }
        log.write_all(b"evil \x1b]0;owned\x07").unwrap();
        log.write_all(&vec![b'x'; 1 << 20]).unwrap();
        log.write_all(b"\nlast\n").unwrap();
        let ask = |tail, since, until| LogAsk { tail, since, until, ..LogAsk::default() };
        let tail = all(control.logs(&ask(Some(2), None, None)).await.unwrap()).await;
        assert_eq!((tail.len(), tail[0].text.len(), tail[1].text.as_str()), (2, LONGEST_LINE, "last"));
        assert_eq!(tail[0].cut, (1 << 20) + 15 - LONGEST_LINE as u64);
        let at = |minute: i64| Some(Stamp(1_795_316_400_000 + minute * 60_000));
        let between = all(control.logs(&ask(None, at(10), at(11))).await.unwrap()).await;
        let texts: Vec<&str> = between.iter().map(|line| line.text.as_str()).collect();
        let and_more = "  and more of it";
        assert_eq!(texts, ["2026-11-22T03:10:00Z line 10", and_more, "2026-11-22T03:11:00Z line 11", and_more]);
        let last = all(control.logs(&ask(Some(1), None, at(11))).await.unwrap()).await;
        assert_eq!((last.len(), last[0].at), (1, at(11)));

        let mut followed = control.logs(&LogAsk { tail: Some(1), follow: true, ..LogAsk::default() }).await.unwrap();
        assert_eq!(followed.next().await.unwrap().unwrap().text, "last");
        fs::rename(stand.path("app.log"), stand.path("app.log.1")).unwrap();
        fs::write(stand.path("app.log"), "after the rotation\n").unwrap();
        assert_eq!(followed.next().await.unwrap().unwrap().text, "after the rotation");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_floods_waits_in_its_pipe_and_ends_with_its_reader() {
    let stand = Stand::of(GOOD);
    let flood = stand.path("app.log");
    fs::write(&flood, "y\n".repeat(8 << 20)).unwrap();
    let readers = || process::all().into_iter().filter(|seen| reads(seen.process.pid, &flood.display().to_string())).count();
    let ask = LogAsk { tail: Some(u32::MAX), follow: true, ..LogAsk::default() };
    let mut logs = stand.control("app", secs(5)).logs(&ask).await.unwrap();
    let before = resident();
    for _ in 0..1000 {
        assert_eq!(logs.next().await.unwrap().unwrap().text, "y");
    }
    crate::stand::eventually("what reads it stands still", || readers() == 1);
    assert!(resident() < before + (64 << 20), "{} bytes more", resident() - before);
    drop(logs);
    crate::stand::eventually("nobody reads it any more", || readers() == 0);
}

fn reads(pid: u32, path: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.starts_with("tail") && line.contains(path) || line.contains("/tail\0") && line.contains(path))
}

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_that_stalls_in_the_middle_of_an_action_is_unknown_and_ends_within_a_bound() {
    let Some(sshd) = Sshd::start(None) else { return };
    let stand = both(DEAF, Some(&sshd)).pop().unwrap();
    let control = stand.control("app", secs(300));
    control.start(None).await.unwrap();
    let main = stand.process("app").unwrap();
    let stopping = tokio::spawn({
        let control = control.clone();
        async move { control.stop(None, false).await }
    });
    // Every session, in the middle of whatever it does: one that is about to end proves nothing.
    crate::stand::eventually("it has an end", || {
        sshd.stall();
        stopping.is_finished()
    });
    let failure = stopping.await.unwrap().unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Stalled | FailureKind::Unavailable), "{failure}");
    assert!(failure.what.contains("db-1"), "{failure}");
    assert!(main.alive(), "nothing was assumed");
    drop(sshd);
    // Whoever asks anew finds that nobody is there.
    let failure = control.condition().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
}
