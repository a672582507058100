//! The rung of the ladder beyond the watchdog: where systemd is the first process, a transient timer of it has the end of a fault
//! performed once its time is over, whoever of midwatch was killed, the watchdog included. It starts what every watchdog is, which
//! does nothing where another waits already; it does so again and again, and is removed by whoever performed the end.
//!
//! Its unit gets midwatch's surroundings and no secret: what a unit is told everybody on the host may read. A secret that is kept
//! in a variable is therefore missing there, and one that is in a file is not.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::adapters::ledger::Home;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::runtime::ends::holder;
use crate::runtime::worker::copy;

/// There only where systemd is the first process.
const BOOTED: &str = "/run/systemd/system";
/// Below where a systemd keeps the units that were made for a while.
const TRANSIENT: &str = "systemd/transient";
/// How long it leaves the end to the watchdog, which is as a rule the quicker.
const SPARE: Duration = Duration::from_secs(3);
/// How long until it looks again whether the end was performed.
const AGAIN: &str = "15s";
/// How long systemd may take to answer; a fault needs no timer, and does not wait for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose systemd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The host's: root may ask it.
    Host,
    /// The user's own, which goes with the last login of who does not linger.
    User,
}

/// For people, what ends a fault where even the watchdog is killed; none where nothing does.
pub fn words() -> Option<&'static str> {
    whose().map(|whose| match whose {
        Whose::Host => "where even its watchdog is killed, a timer of systemd ends it",
        Whose::User => {
            "where even its watchdog is killed, a timer of your own systemd ends it, as long as you are logged in or linger"
        }
    })
}

/// Has it started; the name of its unit, none where there is no systemd that may be asked.
pub async fn arm(home: &Home, job: JobId, within: Duration) -> Result<Option<String>, Failure> {
    let (Some(whose), Some(unit)) = (whose(), unit(home, job)) else { return Ok(None) };
    let copy = copy::of_myself(home)?;
    let mut words: Vec<OsString> = [
        "--quiet",
        "--collect",
        &format!("--unit={unit}"),
        &format!("--description=The end of the fault of midwatch's drill {job}"),
        &format!("--on-active={}ms", (within + SPARE).as_millis()),
        "--timer-property=AccuracySec=1s",
        &format!("--timer-property=OnUnitInactiveSec={AGAIN}"),
        // What it starts again stays when it is done.
        "--property=KillMode=process",
    ]
    .map(OsString::from)
    .into();
    words.extend(Surroundings::inherited().for_carriers().map(|(name, value)| setenv(name, value)));
    words.extend(["--".into(), copy.program.clone().into()]);
    words.extend(holder::words(home, "fault-end", job));
    let asked = ask("systemd-run", whose, &words).await?;
    if asked.status.success() {
        return Ok(Some(unit));
    }
    let said = String::from_utf8_lossy(&asked.stderr).trim().to_owned();
    Err(Failure::new(FailureKind::Unavailable, format!("systemd-run: {said}")))
}

/// Removes it, where there is one. One that cannot be removed starts somebody who finds that all is done, and removes it then.
pub async fn disarm(home: &Home, job: JobId) {
    let (Some(whose), Some(unit)) = (whose(), unit(home, job)) else { return };
    if is_set(&unit) {
        drop(ask("systemctl", whose, &["stop".into(), format!("{unit}.timer").into()]).await);
    }
}

/// Whether there still is such a timer.
pub fn is_set(unit: &str) -> bool {
    let file = format!("{unit}.timer");
    whose().and_then(folder).is_some_and(|folder| folder.join(file).exists())
}

fn folder(whose: Whose) -> Option<PathBuf> {
    match whose {
        Whose::Host => Some(Path::new("/run").join(TRANSIENT)),
        Whose::User => Some(PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?).join(TRANSIENT)),
    }
}

fn whose() -> Option<Whose> {
    if !Path::new(BOOTED).is_dir() {
        return None;
    }
    if rustix::process::geteuid().is_root() {
        return Some(Whose::Host);
    }
    let runtime = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?);
    runtime.join("systemd/private").exists().then_some(Whose::User)
}

/// The same each time for a drill of a ledger, and another for that of another ledger.
fn unit(home: &Home, job: JobId) -> Option<String> {
    let folder = fs::metadata(home.path()).ok()?;
    Some(format!("midwatch-end-{}-{:x}-{:x}", job.0, folder.dev(), folder.ino()))
}

fn setenv(name: &str, value: &std::ffi::OsStr) -> OsString {
    let mut word = OsString::from(format!("--setenv={name}="));
    word.push(value);
    word
}

async fn ask(program: &str, whose: Whose, words: &[OsString]) -> Result<Output, Failure> {
    let mut command = Command::new(program);
    command.args((whose == Whose::User).then_some("--user")).arg("--no-ask-password").args(words);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let slow = |_| Failure::new(FailureKind::Stalled, format!("{program} does not answer"));
    let asked = timeout(PATIENCE, command.output()).await.map_err(slow)?;
    asked.map_err(|e| Failure { what: format!("{program}: {e}"), ..e.into() })
}
