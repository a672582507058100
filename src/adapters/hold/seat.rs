//! Where a process holds something: on this host, or in the control groups of a container, whose limits then count for it too. It does
//! not take a place in the group that freezes: it has to be able to end while the container is paused.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::adapters::control;
use crate::adapters::process;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::chaos::hold::Seat;
use crate::domain::control::ControlSpec;
use crate::domain::failure::{Failure, FailureKind};

/// The controllers whose limits are shared.
const SHARED: [&str; 5] = ["memory", "cpu", "cpuacct", "cpuset", "blkio"];
const MEMBERS: &str = "cgroup.procs";

/// A place that was found.
pub struct Place {
    /// The folders of the control groups; none on the host itself.
    groups: Vec<PathBuf>,
    /// For people.
    pub words: String,
}

/// Finds it, and that this process may go there.
pub async fn find(seat: &Seat) -> Result<Place, Failure> {
    match seat {
        Seat::Host => Ok(Place { groups: Vec::new(), words: "of this host".to_owned() }),
        Seat::Container(control) => container(control).await,
    }
}

async fn container(spec: &ControlSpec) -> Result<Place, Failure> {
    let keys = control::open(spec, &Surroundings::inherited())?.keys().await?;
    let id = keys.iter().find_map(|key| key.strip_prefix("docker:"));
    let missing = || Failure::refused(format!("no process of {spec} runs on this host: nothing can be held beside it"));
    let member = id.and_then(member).ok_or_else(missing)?;
    let groups = groups(&member, &fs::read_to_string("/proc/mounts")?);
    let barred = groups.iter().find(|group| access(group.join(MEMBERS), Access::WRITE_OK).is_err());
    match (barred, groups.is_empty()) {
        (Some(group), _) => {
            let what = format!("{}: this user may not take a place there", group.display());
            Err(Failure::new(FailureKind::Denied, what).mend("run the drill as root: sudo midwatch …"))
        }
        (None, true) => Err(missing()),
        (None, false) => Ok(Place { groups, words: format!("of {spec}") }),
    }
}

/// What the kernel says of the groups of some process in a container.
fn member(id: &str) -> Option<String> {
    let groups = |pid| fs::read_to_string(format!("/proc/{pid}/cgroup")).ok();
    process::all().into_iter().filter_map(|seen| groups(seen.process.pid)).find(|groups| groups.contains(id))
}

/// The folders of these groups. Sources: `cgroups(7)`, `proc_pid_cgroup(5)`.
fn groups(member: &str, mounts: &str) -> Vec<PathBuf> {
    let mount = |is: &dyn Fn(&str, &str) -> bool| {
        mounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            is(fields.get(2)?, fields.get(3)?).then(|| PathBuf::from(fields[1]))
        })
    };
    let lines = member.lines().filter_map(|line| line.splitn(3, ':').skip(1).collect::<Vec<_>>().try_into().ok());
    let lines: Vec<[&str; 2]> = lines.collect();
    let mut found: Vec<PathBuf> = Vec::new();
    for controller in SHARED {
        let line = lines.iter().find(|[controllers, _]| controllers.split(',').any(|one| one == controller));
        let at = mount(&|kind, options| kind == "cgroup" && options.split(',').any(|one| one == controller));
        if let (Some([_, path]), Some(at)) = (line, at) {
            found.push(at.join(path.trim_start_matches('/')));
        }
    }
    let unified = lines.iter().find(|[controllers, _]| controllers.is_empty());
    if let (true, Some([_, path]), Some(at)) = (found.is_empty(), unified, mount(&|kind, _| kind == "cgroup2")) {
        found.push(at.join(path.trim_start_matches('/')));
    }
    found.dedup();
    found
}

impl Place {
    /// Takes it, for good.
    pub fn enter(&self) -> Result<(), Failure> {
        for group in &self.groups {
            let file = group.join(MEMBERS);
            let entered = fs::write(&file, std::process::id().to_string());
            entered.map_err(|e| Failure { what: format!("{}: {e}", file.display()), ..e.into() })?;
        }
        Ok(())
    }

    /// How much memory is available there, in bytes.
    pub fn memory(&self) -> Result<u64, Failure> {
        let host = of_host()?;
        Ok(self.groups.iter().filter_map(|group| within(group)).fold(host, u64::min))
    }
}

/// How much of the limit of a group is left, in bytes; none where it has none.
fn within(group: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let number = |names: [&str; 2]| names.iter().find_map(|name| read(name)?.trim().parse::<u64>().ok());
    let limit = number(["memory.max", "memory.limit_in_bytes"])?;
    let used = number(["memory.current", "memory.usage_in_bytes"])?;
    // What was read from files goes first.
    let stat = read("memory.stat").unwrap_or_default();
    let cache = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cache)))
}

/// Source: `proc_meminfo(5)`.
fn of_host() -> Result<u64, Failure> {
    let path = "/proc/meminfo";
    let text = fs::read_to_string(path).map_err(|e| Failure { what: format!("{path}: {e}"), ..e.into() })?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix(" kB"));
    let kib: Option<u64> = line.and_then(|kib| kib.trim().parse().ok());
    let unknown = || Failure::new(FailureKind::Unavailable, format!("{path} does not say how much memory is available"));
    kib.map(|kib| kib * 1024).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_both_versions_are_found_but_never_the_one_that_freezes() {
        let one = "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
                   cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let member = "5:freezer:/docker/abc\n4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n0::/docker/abc\n";
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(groups(member, one), paths(&["/sys/fs/cgroup/memory/docker/abc", "/sys/fs/cgroup/cpu,cpuacct/docker/abc"]));
        let two = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
        let member = "0::/system.slice/docker-abc.scope\n";
        assert_eq!(groups(member, two), paths(&["/sys/fs/cgroup/system.slice/docker-abc.scope"]));
        assert_eq!(groups("", two), paths(&[]));
    }
}
