//! Faults that are held by a process of their own, and end with it: whatever kills that process ends the fault.

use crate::domain::chaos::hold::Held;
use crate::domain::job::JobId;
use crate::ports::Promise;

/// Who has faults held, one for each drill.
pub trait Hold: Send + Sync {
    /// What holding it would come to, for people; or why it is refused. Changes nothing.
    fn judge<'a>(&'a self, held: &'a Held) -> Promise<'a, Vec<String>>;

    /// Has a process of its own hold it; returns when the fault really is on. Refused where its end is not armed, and where that
    /// drill has something held already.
    fn hold<'a>(&'a self, job: JobId, held: &'a Held) -> Promise<'a, ()>;

    /// Ends whatever holds it, and verifies that nothing of it is left, here or where it was held. Where there is nothing, nothing
    /// is to be done.
    fn release<'a>(&'a self, job: JobId, held: &'a Held) -> Promise<'a, ()>;

    /// Why it is not held any more; none as long as it is.
    fn lost(&self, job: JobId) -> Promise<'_, Option<String>>;
}
