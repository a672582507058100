//! How much memory this worker needed. Source: `VmHWM` in `proc_pid_status(5)`, the largest resident set so far.

use crate::domain::unit::Unit;

/// A line for the job's log; none where the kernel does not tell.
pub fn line() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(format!("this worker held {} of memory at most", Unit("bytes".to_owned()).format(peak(&status)?, None)))
}

/// In bytes.
fn peak(status: &str) -> Option<f64> {
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))?;
    Some(kib.trim().parse::<f64>().ok()? * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_resident_set_is_found() {
        assert_eq!(peak("Name:\tmidwatch\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n"), Some(2_097_152.0));
        assert_eq!(peak("Name:\tmidwatch\n"), None);
        assert!(line().is_some_and(|line| line.contains("iB of memory")));
    }
}
