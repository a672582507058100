//! The packet filter before a service, wherever its connections come in. A method returns once its effect was seen.

use crate::domain::firewall::{Cut, Gate};
use crate::ports::Promise;

/// The packet filter before one service.
pub trait Firewall: Send + Sync {
    /// Where the service's connections come in: one gate for each of its instances that runs, or for the one that is named. Refused
    /// where nothing of it listens on the network, and where the port is one that midwatch or its operators need.
    fn gates<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, Vec<Gate>>;

    /// Whether a cut could be made: the right, the program, the kernel. Changes nothing. Answers whether the kernel would let it
    /// lapse by itself.
    fn judge<'a>(&'a self, cut: &'a Cut) -> Promise<'a, bool>;

    /// Makes it; where it fails, rules may have been left.
    fn cut<'a>(&'a self, cut: &'a Cut) -> Promise<'a, ()>;

    /// Removes every rule of a cut's mark at its gate, and looks that none is left; says how many there were.
    fn clear<'a>(&'a self, cut: &'a Cut) -> Promise<'a, usize>;
}
