//! Units of a real systemd, which is the first process of a container made of this host's own files. Its `systemctl` and `journalctl`
//! are called through `docker exec`; everything else is as on a host.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use midwatch::adapters::control::open;
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{ControlSpec, Instance, LogAsk, Phase, Way};
use midwatch::ports::control::Control;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{DEAF, GOOD, only, phases};
use crate::booted::{Booted, NAME, PROGRAMS};
use crate::docker::Docker;

/// The most a journal may take for its next line; machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A container that was booted, and programs that lead into it.
pub struct Host<'a> {
    booted: Booted<'a>,
    doors: TempDir,
}

impl<'a> Host<'a> {
    /// Boots it; none, and said so, where that cannot be.
    pub fn boot(docker: &'a Docker) -> Option<Self> {
        let booted = Booted::boot(docker, &["--network=none"], &[], "/usr/bin:/bin")?;
        let host = Self { booted, doors: tempfile::tempdir().unwrap() };
        host.furnish();
        Some(host)
    }

    fn exec(&self, words: &[&str]) -> std::process::Output {
        self.booted.exec(words)
    }

    /// Its units, and the ways into it.
    fn furnish(&self) {
        self.booted.unit("app", GOOD);
        self.booted.unit("worker@", GOOD);
        self.booted.unit("deaf", DEAF);
        self.booted.unit("broken", "exit 3");
        self.booted.unit("teller", "n=0; while :; do n=$((n+1)); echo line $n; sleep 0.2; done");
        self.booted.reload();
        assert!(self.exec(&["systemctl", "start", "systemd-journald.service"]).status.success());
        for name in PROGRAMS {
            let door = self.doors.path().join(name);
            let text = format!("#!/bin/sh\nexec docker -H {} exec {NAME} {name} \"$@\"\n", self.booted.0.host());
            fs::write(&door, text).unwrap();
            fs::set_permissions(&door, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn control(&self, unit: &str, grace: u64) -> Arc<dyn Control> {
        let path = format!("{}:{}", self.doors.path().display(), std::env::var("PATH").unwrap());
        let way = Way::Systemd { unit: unit.to_owned(), user: false };
        let spec = ControlSpec { way, ssh: None, grace: Duration::from_secs(grace) };
        open(&spec, &Surroundings::inherited().with_path(path)).unwrap()
    }

    fn main(&self, unit: &str) -> String {
        let shown = self.exec(&["systemctl", "show", "-p", "MainPID", "--value", unit]);
        String::from_utf8_lossy(&shown.stdout).trim().to_owned()
    }

    pub async fn one_is_started_paused_restarted_and_stopped(&self) {
        let control = self.control("app", 20);
        assert_eq!(phases(&*control).await, [("app.service".to_owned(), Phase::Stopped)]);
        control.start(None).await.unwrap();
        let Instance { phase, restarts, since, usage, .. } = only(&*control).await;
        assert_eq!((phase, restarts, since.is_some()), (Phase::Running, Some(0), true));
        assert!(usage.is_none_or(|usage| usage.memory_bytes > 0), "where memory is counted there is some: {usage:?}");
        let before = self.main("app.service");
        control.start(None).await.unwrap();
        assert_eq!(self.main("app.service"), before, "what runs stays as it is");
        let key = control.keys().await.unwrap().remove(0);
        assert!(key.starts_with("systemd:") && key.ends_with("/app.service"), "{key}");

        control.pause(None).await.unwrap();
        assert_eq!(only(&*control).await.phase, Phase::Paused);
        control.unpause(None).await.unwrap();
        assert_eq!(only(&*control).await.phase, Phase::Running);
        assert_eq!(self.main("app.service"), before, "it was not started anew");
        control.pause(None).await.unwrap();
        control.stop(None, false).await.unwrap();
        assert_eq!(only(&*control).await.phase, Phase::Stopped, "one that was paused ends too");
        control.start(None).await.unwrap();
        assert_ne!(self.main("app.service"), before);
    }

    pub async fn several_are_scaled(&self) {
        let control = self.control("worker@{n}", 20);
        let running = async || -> Vec<String> {
            let all = phases(&*control).await;
            all.into_iter().filter(|(_, phase)| *phase == Phase::Running).map(|(name, _)| name).collect()
        };
        control.start(None).await.unwrap();
        assert_eq!(running().await, ["worker@1.service"], "the first one, where there was none");
        control.scale(3).await.unwrap();
        assert_eq!(running().await, ["worker@1.service", "worker@2.service", "worker@3.service"]);
        control.stop(Some("worker@1.service"), false).await.unwrap();
        control.start(Some("worker@1.service")).await.unwrap();
        assert_eq!(running().await.len(), 3, "what systemd has forgotten is started by its name");
        control.stop(Some("worker@1.service"), false).await.unwrap();
        control.scale(1).await.unwrap();
        assert_eq!(running().await, ["worker@2.service"], "the highest goes");
        control.scale(0).await.unwrap();
        assert_eq!(running().await, Vec::<String>::new());
    }

    pub async fn one_that_ignores_its_signal_goes_on_without_force(&self) {
        let control = self.control("deaf", 1);
        control.start(None).await.unwrap();
        let before = self.main("deaf.service");
        self.booted.0.eventually("it has set its trap", || {
            let log = self.exec(&["journalctl", "--no-pager", "--unit=deaf.service", "--output=cat"]);
            String::from_utf8_lossy(&log.stdout).lines().any(|line| line == "ready")
        });
        let failure = control.stop(None, false).await.unwrap_err();
        assert!(failure.what.contains("deaf.service did not end within 1s"), "{failure}");
        assert_eq!(self.main("deaf.service"), before, "it was not killed");
        control.stop(None, true).await.unwrap();
        assert_eq!(self.main("deaf.service"), "0");
    }

    pub async fn what_cannot_be_is_said(&self) {
        let unknown = self.control("nothing", 1);
        assert_eq!(only(&*unknown).await.phase, Phase::Absent);
        let failure = unknown.start(None).await.unwrap_err();
        assert!(failure.what.contains("Unit nothing.service not found"), "{failure}");
        let broken = self.control("broken", 1);
        _ = broken.start(None).await;
        self.booted.0.eventually("it has failed", || self.main("broken.service") == "0");
        let one = only(&*broken).await;
        assert_eq!((one.phase, one.detail.as_deref()), (Phase::Failed, Some("exit-code, status 3")));
    }

    pub async fn its_journal_is_read_and_followed(&self) {
        let control = self.control("teller", 20);
        let before = only(&*control).await.since;
        control.start(None).await.unwrap();
        self.booted.0.eventually("some lines", || {
            let log = self.exec(&["journalctl", "--no-pager", "--unit=teller.service", "--output=cat"]);
            String::from_utf8_lossy(&log.stdout).lines().any(|line| line == "line 5")
        });
        let mut last = control.logs(&LogAsk { tail: Some(2), ..LogAsk::default() }).await.unwrap();
        let line = last.next().await.unwrap().unwrap();
        assert!(line.text.starts_with("line ") && line.instance == "teller.service" && line.at > before, "{line:?}");
        assert!(last.next().await.unwrap().is_some() && last.next().await.unwrap().is_none(), "two, and no more");

        let mut followed = control.logs(&LogAsk { tail: Some(1), follow: true, ..LogAsk::default() }).await.unwrap();
        let mut numbers = Vec::new();
        while numbers.len() < 4 {
            let line = timeout(PATIENCE, followed.next()).await.unwrap().unwrap().unwrap();
            numbers.extend(line.text.strip_prefix("line ").and_then(|number| number.parse::<u32>().ok()));
        }
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        control.stop(None, false).await.unwrap();
    }
}
