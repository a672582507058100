//! The kinds of faults that a packet filter can make of a service's connections: each as long as its rules stand.

use std::ops::Range;
use std::time::Duration;

use crate::domain::access::Reach;
use crate::domain::chaos::hold::SlowLine;
use crate::domain::control::{Phase, Way};
use crate::domain::failure::Failure;
use crate::domain::firewall::{Fate, Toll};
use crate::jobs::routines::control::{Blow, Survey};
use crate::jobs::scenario::Faults;
use crate::jobs::steps::firewall::{AddArgs, add};
use crate::jobs::steps::hold::hold;

/// What ends each of them, for people.
pub const END: &str =
    "a watchdog process removes its rules by their mark; where the kernel can, they lapse by themselves soon after";
/// Of how many packets one is lost: a bad link, over which everything still comes through in the end.
const LOSS: u32 = 4;
/// Of how many packets one resets its connection: connections come to be, and few of them last.
const RESETS: u32 = 8;
/// How long each packet is kept, each way.
const DELAY: Duration = Duration::from_millis(300);
/// Where proxies listen: below the ports that Linux chooses by itself.
const PROXIES: Range<u16> = 20_000..32_000;

/// No packet comes through.
pub fn partition(survey: &Survey<'_>) -> Result<Faults, Failure> {
    cut(survey, Blow::CutOff, Toll { fate: Fate::Lost, one_in: 1 })
}

/// Some packets do not come through.
pub fn lose(survey: &Survey<'_>) -> Result<Faults, Failure> {
    cut(survey, Blow::Disturb, Toll { fate: Fate::Lost, one_in: LOSS })
}

/// Every connection is refused, and those there are are reset.
pub fn refuse(survey: &Survey<'_>) -> Result<Faults, Failure> {
    cut(survey, Blow::Refuse, Toll { fate: Fate::Reset, one_in: 1 })
}

/// Connections are reset in the middle.
pub fn reset(survey: &Survey<'_>) -> Result<Faults, Failure> {
    cut(survey, Blow::Disturb, Toll { fate: Fate::Reset, one_in: RESETS })
}

/// Each packet comes late: every connection from this host is led through a proxy that keeps it for a while.
pub fn delay(survey: &Survey<'_>) -> Result<Faults, Failure> {
    let Some(before) = port_here(survey) else {
        let what =
            format!("{} does not run on this host at a port of its own: no proxy can stand before it", survey.service.name);
        return Err(Failure::refused(what).mend("run the drill where it runs"));
    };
    let listen = fastrand::u16(PROXIES);
    let title = format!("Keep packets before {} for {} ms, each way", survey.target.words(), DELAY.as_millis());
    let mut faults = cut(survey, Blow::Disturb, Toll { fate: Fate::Diverted { to: listen }, one_in: 1 })?;
    // First: nobody is led to where nobody stands.
    faults.steps.insert(0, hold(title, "proxy", &SlowLine { listen, before, delay: DELAY })?);
    Ok(faults)
}

/// The port that the target is reached by, where it is one of this very host's.
fn port_here(survey: &Survey<'_>) -> Option<u16> {
    let control = survey.service.control.as_ref();
    let is_here = control.is_some_and(|one| one.ssh.is_none() && matches!(one.way, Way::Process(_) | Way::Systemd { .. }));
    match &survey.service.access.reach {
        Reach::Tcp { port, .. } if is_here => Some(*port),
        _ => None,
    }
}

fn cut(survey: &Survey<'_>, blow: Blow, toll: Toll) -> Result<Faults, Failure> {
    if survey.count(|phase| phase == Phase::Running) == 0 {
        return Err(survey.refuse("cut off"));
    }
    let step = add(&AddArgs { target: survey.target.clone(), toll, planned: survey.now() });
    Ok(Faults::new(vec![step], survey.price(blow)))
}
