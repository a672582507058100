//! A PostgreSQL of ours, as its data folder tells of it: for ending it without leaving anything.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The server of a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postmaster {
    /// Its process number.
    pub pid: u32,
    /// The id of its System V shared memory; empty while it has none.
    memory: String,
}

impl Postmaster {
    /// What `postmaster.pid` in its data folder says; none where there is no such file. It may have ended since.
    pub fn of(data: &Path) -> Option<Self> {
        parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// Removes the segment of a server that had to be killed. One that ended in order took it along: then this finds nothing.
    pub fn remove_memory(&self) {
        let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
        let left = segments.lines().any(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            fields.get(1) == Some(&self.memory.as_str()) && fields.get(4) == Some(&self.pid.to_string().as_str())
        });
        if left {
            let _ = Command::new("ipcrm").args(["-m", &self.memory]).output();
        }
    }
}

/// Its number stands in the first line, key and id of its shared memory in the seventh.
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().collect();
    let memory = lines.get(6).and_then(|line| line.split_ascii_whitespace().nth(1)).unwrap_or_default();
    Some(Postmaster { pid: lines.first()?.trim().parse().ok()?, memory: memory.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_memory_are_read() {
        let text = "4711\n/data\n1795312800\n5432\n/tmp\nlocalhost\n  1048577    32769\nready   \n";
        assert_eq!(parse(text), Some(Postmaster { pid: 4711, memory: "32769".into() }));
        assert_eq!(parse("4711\n"), Some(Postmaster { pid: 4711, memory: String::new() }));
        assert_eq!(parse(""), None);
    }
}
