//! PostgreSQL's and Redis's own programs, run where a service wants them: the adapter behind [`crate::ports::tools`]. It knows
//! how programs are found, started and ended, and nothing of what they are asked to do.

use std::path::Path;
use std::sync::Arc;

use crate::adapters::secret;
use crate::adapters::tools::away::bench::FarBench;
use crate::adapters::tools::bench::HereBench;
use crate::adapters::tools::passfile::Passfile;
use crate::adapters::tools::route::{Place, Route};
use crate::adapters::tools::running::Program;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::Access;
use crate::domain::failure::Failure;
use crate::ports::Promise;
use crate::ports::tools::{Bench, Run, Running, Tools};

mod away;
mod bench;
mod connect;
pub mod find;
mod here;
mod passfile;
mod route;
mod running;
pub mod surroundings;

/// The tools that talk to a service. Secrets are looked for when a program needs them.
pub fn tools(access: &Access, around: &Surroundings) -> Arc<dyn Tools> {
    Arc::new(Kit { access: access.clone(), route: Route::to(access), around: around.clone(), passfile: Passfile::default() })
}

/// A line to the Docker Engine of another host, by its own client there: an end that speaks HTTP.
pub(in crate::adapters) fn docker_beyond(host: &str, around: &Surroundings) -> Result<Box<dyn Running>, Failure> {
    let route = Route { ssh: Some(host.to_owned()), place: Place::Host, folder: None, room: None };
    let command = away::command(&route.docker(&["system", "dial-stdio"]), around)?;
    Ok(Box::new(Program::start("ssh", command, true)?))
}

/// The tools of one service.
struct Kit {
    access: Access,
    /// The way to them; none where they run on this host; why there is no way at all.
    route: Result<Option<Route>, Failure>,
    around: Surroundings,
    passfile: Passfile,
}

impl Kit {
    fn route(&self) -> Result<Option<&Route>, Failure> {
        self.route.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}

impl Tools for Kit {
    fn access(&self) -> &Access {
        &self.access
    }

    fn postgres(&self, run: Run) -> Promise<'_, Run> {
        Box::pin(async move {
            let mut run = connect::postgres(&self.access, run)?;
            match &self.access.password {
                None => {}
                Some(from) if self.route()?.is_none() => {
                    run.env.push(("PGPASSFILE".to_owned(), self.passfile.path(from).await?));
                }
                Some(from) => run.secrets.push(("PGPASSWORD".to_owned(), secret::resolve(from).await?)),
            }
            Ok(run)
        })
    }

    fn redis(&self, run: Run) -> Promise<'_, Run> {
        Box::pin(async move {
            let mut run = connect::redis(&self.access, run)?;
            if let Some(from) = &self.access.password {
                run.secrets.push(("REDISCLI_AUTH".to_owned(), secret::resolve(from).await?));
            }
            Ok(run)
        })
    }

    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>> {
        Box::pin(async move {
            match self.route()? {
                None => here::start(&self.access.tools, run, &self.around, None),
                Some(route) => away::start(route, run, &self.around).await,
            }
        })
    }

    fn bench<'a>(&'a self, folder: &'a Path) -> Promise<'a, Box<dyn Bench>> {
        Box::pin(async move {
            Ok(match self.route()? {
                None => {
                    let place = self.access.tools.clone();
                    Box::new(HereBench::open(folder.to_owned(), place, self.around.clone()).await?) as Box<dyn Bench>
                }
                Some(route) => Box::new(FarBench::open(route, &self.around, folder).await?),
            })
        })
    }
}

#[cfg(test)]
mod tests;
