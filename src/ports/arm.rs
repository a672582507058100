//! Arming the end of a fault outside the process that injects it: whoever kills that process, and the console, and both, does not
//! keep the fault from ending.

use std::time::Duration;

use crate::domain::chaos::end::{Ended, Record, Standing, Undoing};
use crate::domain::job::JobId;
use crate::domain::time::Stamp;
use crate::ports::Promise;

/// Who arms the ends of faults, one for each drill.
pub trait Arm: Send + Sync {
    /// For people, what performs an end where even whoever was armed for it is killed; none where nothing does.
    fn beyond(&self) -> Option<&'static str> {
        None
    }

    /// Arms an end; returns when somebody waits to perform it who needs nobody, and says until when at the latest. Refused where
    /// another fault's end is still open.
    fn arm(&self, undoing: Undoing, within: Duration) -> Promise<'_, Stamp>;

    /// Where the end of a drill's fault stands.
    fn look(&self, job: JobId) -> Promise<'_, Standing>;

    /// To be held while the fault is being injected: as long as it is, an end that was performed is performed again. Refused
    /// where nobody waits to perform it, or less than `least` of its time is left.
    fn injecting(&self, job: JobId, least: Duration) -> Promise<'_, Box<dyn Send + Sync>>;

    /// Has it performed now, and waits until that is verified. Whoever was to do that may be gone: then somebody else is started.
    /// Where nothing was armed there is nothing to end.
    fn end(&self, job: JobId) -> Promise<'_, Option<Ended>>;

    /// Every end that is still to be performed.
    fn open(&self) -> Promise<'_, Vec<Record>>;
}
