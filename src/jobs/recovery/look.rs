//! How services are now: what their controls say, and how they answer.

use futures_util::future::{join, join_all};

use crate::domain::control::Condition;
use crate::domain::failure::Failure;
use crate::domain::fault::Fault;
use crate::domain::service::Report;
use crate::domain::service::spec::ServiceSpec;
use crate::ports::World;

/// One service as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen<'a> {
    /// Which.
    pub service: &'a ServiceSpec,
    /// What its control says; none where it has none.
    pub condition: Option<Result<Condition, Failure>>,
    /// How it answers.
    pub report: Result<Report, Fault>,
}

/// Looks at services, all at once, in their order.
pub async fn look<'a>(world: &dyn World, services: &[&'a ServiceSpec]) -> Vec<Seen<'a>> {
    join_all(services.iter().map(|service| one(world, service))).await
}

async fn one<'a>(world: &dyn World, service: &'a ServiceSpec) -> Seen<'a> {
    let condition = async {
        match world.control(service.control.as_ref()?) {
            Ok(control) => Some(control.condition().await),
            Err(failure) => Some(Err(failure)),
        }
    };
    let (condition, report) = join(condition, world.probe(service)).await;
    Seen { service, condition, report }
}
