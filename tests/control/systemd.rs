//! Units of systemd, by a **stand-in** for `systemctl` and `journalctl` on `PATH`, for hosts where the real one cannot be had:
//! `docker/units.rs` has it as the first process of a container, which takes root and Docker. The units here are scripts, and the
//! processes that are started, signalled and lost are real.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use midwatch::adapters::control::open;
use midwatch::adapters::process::{self, Process};
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{ControlSpec, Phase, Way};
use midwatch::ports::control::Control;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::stand::{BUSY, DEAF, eventually, pause_by_half, phases, secs};

/// A host whose systemd is none.
struct StandIn(TempDir);

impl StandIn {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().display().to_string();
        fs::create_dir(folder.path().join("units")).unwrap();
        for (name, text) in
            [("systemctl", include_str!("stand_in/systemctl")), ("journalctl", include_str!("stand_in/journalctl"))]
        {
            fs::write(folder.path().join(name), text.replace("FOLDER", &here)).unwrap();
            fs::set_permissions(folder.path().join(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        for (unit, script) in [("deaf.service", DEAF), ("busy.service", BUSY)] {
            fs::write(folder.path().join("units").join(unit), script).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn control(&self, unit: &str, grace: Duration) -> Arc<dyn Control> {
        let path = format!("{}:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        let spec = ControlSpec { way: Way::Systemd { unit: unit.to_owned(), user: false }, ssh: None, grace };
        open(&spec, &Surroundings::inherited().with_path(path)).unwrap()
    }

    fn main(&self, unit: &str) -> Process {
        Process::of(fs::read_to_string(self.path(&format!("{unit}.pid"))).unwrap().trim().parse().unwrap()).unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let units =
            fs::read_dir(self.0.path()).unwrap().flatten().filter(|file| file.path().extension().is_some_and(|e| e == "pid"));
        let mains: Vec<u32> = units.filter_map(|file| fs::read_to_string(file.path()).ok()?.trim().parse().ok()).collect();
        for seen in process::all().into_iter().filter(|seen| mains.contains(&seen.session)) {
            let _ = seen.process.signal(Signal::KILL);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_a_stand_in_that_does_not_end_goes_on_and_is_killed_only_by_force() {
    let stand = StandIn::new();
    let control = stand.control("deaf", secs(1));
    control.start(None).await.unwrap();
    let main = stand.main("deaf.service");
    eventually("it has set its trap", || {
        fs::read_to_string(stand.path("deaf.service.log")).is_ok_and(|log| log.contains("ready"))
    });
    let failure = control.stop(None, false).await.unwrap_err();
    assert!(failure.what.contains("deaf.service did not end within 1s"), "{failure}");
    assert!(main.alive());
    control.stop(None, true).await.unwrap();
    assert!(!main.alive());
    let unknown = stand.control("nothing", secs(1));
    assert_eq!(phases(&*unknown).await[0].1, Phase::Absent);
    assert!(unknown.start(None).await.unwrap_err().what.contains("Unit nothing.service not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_a_stand_in_that_begins_programs_all_the_time_holds_still_and_goes_on() {
    let stand = StandIn::new();
    let control = stand.control("busy", secs(1));
    control.start(None).await.unwrap();
    for _ in 0..20 {
        control.pause(None).await.unwrap();
        assert_eq!(phases(&*control).await, [("busy.service".to_owned(), Phase::Paused)]);
        control.unpause(None).await.unwrap();
        assert_eq!(phases(&*control).await, [("busy.service".to_owned(), Phase::Running)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_a_stand_in_that_was_paused_by_half_goes_on() {
    let stand = StandIn::new();
    let control = stand.control("busy", secs(1));
    control.start(None).await.unwrap();
    let main = stand.main("busy.service");
    pause_by_half(main);
    control.unpause(None).await.unwrap();
    assert!(process::all().iter().all(|seen| seen.session != main.pid || !seen.stopped()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_a_stand_in_is_paused_once_it_holds_still_however_slow_its_host_is() {
    let stand = StandIn::new();
    let control = stand.control("deaf", secs(1));
    control.start(None).await.unwrap();
    fs::write(stand.path("slow"), "").unwrap();
    control.pause(None).await.unwrap();
    assert_eq!(phases(&*control).await, [("deaf.service".to_owned(), Phase::Paused)]);
    control.unpause(None).await.unwrap();
}
