//! The clock that deadlines are told by: nobody can set it, it goes on while the host sleeps, and it begins anew with each boot.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::chaos::end::Deadline;
use crate::domain::failure::Failure;

/// What tells one boot from another.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// So long from now.
pub fn after(time: Duration) -> Result<Deadline, Failure> {
    Ok(Deadline { boot: boot()?, at: now() + time })
}

/// How long until a deadline.
pub fn left(deadline: &Deadline) -> Result<Duration, Failure> {
    Ok(deadline.left(&boot()?, now()))
}

fn boot() -> Result<String, Failure> {
    let read = fs::read_to_string(BOOT);
    read.map(|text| text.trim().to_owned()).map_err(|e| Failure { what: format!("{BOOT}: {e}"), ..e.into() })
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
