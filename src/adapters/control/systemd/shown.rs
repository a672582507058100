//! What `systemctl show` prints: `NAME=VALUE`, an empty line between units.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use crate::domain::control::{Instance, Phase, Usage};
use crate::domain::time::Stamp;

/// One unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// As everybody sees it.
    pub instance: Instance,
    /// Its main process, while it has one.
    pub main: Option<u32>,
    /// Whether the kernel's freezer holds it.
    pub is_frozen: bool,
    /// Whether its main process waits for the kernel, or for a process that it has just begun, and hears no signal meanwhile.
    pub takes_no_signal: bool,
}

impl Unit {
    /// Every unit that was printed.
    pub fn read(text: &str) -> Vec<Self> {
        let blocks = text.split("\n\n").map(|block| block.lines().filter_map(|line| line.split_once('=')).collect());
        blocks.filter(|block: &BTreeMap<&str, &str>| block.contains_key("Id")).map(|block| unit(&block)).collect()
    }
}

fn unit(shown: &BTreeMap<&str, &str>) -> Unit {
    let word = |name: &str| shown.get(name).copied().unwrap_or_default();
    // `[not set]`, and the largest number, stand for none.
    let number = |name: &str| word(name).parse::<u64>().ok().filter(|value| *value != u64::MAX);
    let is_frozen = word("FreezerState") == "frozen";
    let phase = if is_frozen { Phase::Paused } else { phase(word("LoadState"), word("ActiveState"), word("SubState")) };
    let since = if phase.is_up() { "ActiveEnterTimestamp" } else { "InactiveEnterTimestamp" };
    let usage = number("MemoryCurrent").filter(|_| phase.is_up()).map(|memory_bytes| Usage {
        cpu_seconds: number("CPUUsageNSec").unwrap_or_default() as f64 / 1e9,
        memory_bytes,
        memory_limit_bytes: number("MemoryMax"),
    });
    let instance = Instance {
        name: word("Id").to_owned(),
        phase,
        since: stamp(word(since)),
        restarts: number("NRestarts"),
        image: None,
        healthy: None,
        usage,
        detail: detail(word("Result"), word("ExecMainStatus"), phase),
    };
    Unit { instance, main: number("MainPID").filter(|pid| *pid > 0).map(|pid| pid as u32), is_frozen, takes_no_signal: false }
}

fn phase(load: &str, active: &str, sub: &str) -> Phase {
    match (active, sub) {
        ("activating", "auto-restart" | "auto-restart-queued") => Phase::Restarting,
        ("activating", _) => Phase::Starting,
        ("deactivating", _) => Phase::Stopping,
        ("active" | "reloading" | "refreshing", _) => Phase::Running,
        ("failed", _) => Phase::Failed,
        _ if load == "not-found" || load == "masked" => Phase::Absent,
        _ => Phase::Stopped,
    }
}

fn detail(result: &str, status: &str, phase: Phase) -> Option<String> {
    let failed = !matches!(result, "" | "success") && phase != Phase::Running;
    let status = if matches!(status, "" | "0") { String::new() } else { format!(", status {status}") };
    failed.then(|| format!("{result}{status}"))
}

/// `Sun 2026-11-22 03:00:00 UTC`.
fn stamp(text: &str) -> Option<Stamp> {
    let mut words = text.split(' ').skip(1);
    let time: DateTime = format!("{}T{}", words.next()?, words.next()?).parse().ok()?;
    Some(Stamp(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "Id=app.service\nLoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=2\n\
        MemoryCurrent=1048576\nMemoryMax=infinity\nCPUUsageNSec=1500000000\nFreezerState=running\nMainPID=7\nExecMainStatus=0\n\
        ActiveEnterTimestamp=Sun 2026-11-22 03:00:00 UTC\n\nId=b.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n\
        Result=exit-code\nMemoryCurrent=[not set]\nCPUUsageNSec=18446744073709551615\nMainPID=0\nExecMainStatus=3\n\n\
        Id=c.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n";

    #[test]
    fn units_are_read_as_they_are() {
        let units = Unit::read(SHOWN);
        let [app, b, c] = units.as_slice() else { panic!("{units:?}") };
        assert_eq!((app.instance.phase, app.main, app.instance.restarts), (Phase::Running, Some(7), Some(2)));
        assert_eq!(app.instance.since, Some(Stamp(1_795_316_400_000)));
        let usage = Usage { cpu_seconds: 1.5, memory_bytes: 1 << 20, memory_limit_bytes: None };
        assert_eq!(app.instance.usage, Some(usage));
        assert_eq!((b.instance.phase, b.instance.detail.as_deref()), (Phase::Failed, Some("exit-code, status 3")));
        assert_eq!((c.instance.phase, c.main), (Phase::Absent, None));
    }

    #[test]
    fn what_is_frozen_is_paused_and_what_is_restarted_over_and_over_is_told_apart() {
        let changed = |from: &str, to: &str| Unit::read(&SHOWN.replacen(from, to, 1))[0].instance.phase;
        assert_eq!(changed("FreezerState=running", "FreezerState=frozen"), Phase::Paused);
        assert_eq!(
            changed("ActiveState=active\nSubState=running", "ActiveState=activating\nSubState=auto-restart"),
            Phase::Restarting
        );
        assert_eq!(changed("ActiveState=active\nSubState=running", "ActiveState=activating\nSubState=start"), Phase::Starting);
    }
}
