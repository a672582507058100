//! Why a server would not load a snapshot, from its own log.

use std::os::unix::process::ExitStatusExt;

use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::Ended;

/// What the line that tells the cause says.
const CAUSES: &[&str] = &[
    "Wrong RDB checksum",
    "Wrong signature",
    "Short read",
    "Internal error in RDB",
    "Unknown RDB",
    "Unexpected EOF",
    "Bad ",
    "orrupt",
    "RDB ERROR DETECTED",
    "crashed by signal",
    "FATAL",
    "Fatal error",
];
/// The same, where not the snapshot is to blame but the server: too old for it, or without its modules.
const UNFIT: &[&str] =
    &["Can't handle RDB format", "matching module", "module data I can't load", "Can't open the", "Bad directive"];
/// How many lines are told from there on.
const LINES: usize = 3;

/// Whether a server that ended instead of loading blames the snapshot, or cannot tell. The latter is a failure of ours.
pub fn judge(ended: &Ended, log: &str) -> Result<Failure, Failure> {
    let lines: Vec<&str> = log.lines().chain(ended.stderr.lines()).map(message).filter(|line| !line.is_empty()).collect();
    let told = |marks: &[&str]| {
        let at = lines.iter().position(|line| marks.iter().any(|mark| line.contains(mark)))?;
        Some(lines.iter().skip(at).take(LINES).copied().collect::<Vec<_>>().join("; "))
    };
    if let Some(words) = told(UNFIT) {
        let failure = Failure::new(FailureKind::Tool, format!("this scratch server cannot load such a snapshot: {words}"));
        return Err(failure.mend("let its tools be the service's own image: tools = { image = \"…\" }"));
    }
    if let Some(words) = told(CAUSES) {
        return Ok(Failure::new(FailureKind::Damaged, format!("the server refuses it: {words}")));
    }
    let end = lines.iter().rev().take(LINES).rev().copied().collect::<Vec<_>>().join("; ");
    let words = format!("the scratch server ended before it had loaded ({}): {end}", ended.status);
    match ended.status.signal() {
        // Damage that nobody looked for can make it fall.
        Some(4 | 6 | 7 | 8 | 11) => Ok(Failure::new(FailureKind::Damaged, words)),
        _ => Err(Failure::new(FailureKind::Unavailable, words)),
    }
}

/// A line of the log without its process, time and level: `31541:S 22 Nov 2026 05:43:40.889 # Fatal error…`.
fn message(line: &str) -> &str {
    let begins = [" # ", " * ", " - ", " . "].iter().filter_map(|mark| line.find(mark).map(|at| at + mark.len()));
    let is_stamped = line.split(' ').next().is_some_and(|first| first.contains(':'));
    begins.min().filter(|_| is_stamped).map_or(line, |at| &line[at..]).trim()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::ExitStatus;

    use super::*;

    fn ended(raw: i32) -> Ended {
        Ended { status: ExitStatus::from_raw(raw), stderr: String::new() }
    }

    #[test]
    fn a_wrong_checksum_is_the_snapshots_fault_in_the_servers_words() {
        let log = "9:C 22 Nov 2026 05:43:39.8 # oO0OoO0OoO0Oo Redis is starting\n9:S 22 Nov 2026 05:43:39.8 * Loading RDB\n\
            9:S 22 Nov 2026 05:43:39.9 # Wrong RDB checksum expected: (1) but got (2). Aborting now.\n[offset 0] Checking\n";
        let failure = judge(&ended(256), log).unwrap();
        assert_eq!(failure.kind, FailureKind::Damaged);
        assert!(failure.what.contains("refuses it: Wrong RDB checksum expected: (1) but got (2). Aborting now.; [offset 0]"));
    }

    #[test]
    fn a_server_that_is_too_old_accuses_nobody() {
        let failure = judge(&ended(256), "9:S 22 Nov 2026 05:43:39.9 # Can't handle RDB format version 12\n").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Tool);
        assert!(failure.mend.is_some());
    }

    #[test]
    fn a_server_that_was_killed_accuses_nobody_and_one_that_fell_does() {
        assert_eq!(judge(&ended(9), "").unwrap_err().kind, FailureKind::Unavailable);
        assert_eq!(judge(&ended(11), "").unwrap().kind, FailureKind::Damaged);
    }
}
