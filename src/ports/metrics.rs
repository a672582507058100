//! What is measured of an environment, as jobs ask for it.

use futures_util::future::BoxFuture;

use crate::domain::fault::Fault;
use crate::domain::rule::RuleGroup;
use crate::domain::series::Answer;
use crate::domain::target::Target;

/// What a question of metrics comes to. The fault says why there is no answer.
pub type Told<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// One Prometheus. Everything asked of it ends within its configured timeout.
pub trait Metrics: Send + Sync {
    /// The value of an expression now.
    fn query<'a>(&'a self, expr: &'a str) -> Told<'a, Answer>;

    /// Its rules, with the alerts that are pending or firing.
    fn rules(&self) -> Told<'_, Vec<RuleGroup>>;

    /// What it scrapes.
    fn targets(&self) -> Told<'_, Vec<Target>>;
}
