//! PostgreSQL's and Redis's own programs, run where a service wants them: the adapter behind [`crate::ports::tools`]. It knows
//! how programs are found, started and ended, and nothing of what they are asked to do.

use std::path::Path;
use std::sync::Arc;

use crate::adapters::secret;
use crate::adapters::tools::bench::HereBench;
use crate::domain::access::Access;
use crate::ports::Promise;
use crate::ports::tools::{Bench, Run, Running, Tools};

mod bench;
mod connect;
pub mod find;
mod here;
mod passfile;
mod running;

/// The tools that talk to a service. Secrets are looked for when a program needs them.
pub fn tools(access: &Access) -> Arc<dyn Tools> {
    Arc::new(Here { access: access.clone(), passfile: passfile::Passfile::default() })
}

/// Tools of this host, for a service that this host talks to.
struct Here {
    access: Access,
    passfile: passfile::Passfile,
}

impl Tools for Here {
    fn access(&self) -> &Access {
        &self.access
    }

    fn postgres(&self, run: Run) -> Promise<'_, Run> {
        Box::pin(async move {
            let mut run = connect::postgres(&self.access, run)?;
            if let Some(from) = &self.access.password {
                let path = self.passfile.path(from).await?;
                run.env.push(("PGPASSFILE".to_owned(), path));
            }
            Ok(run)
        })
    }

    fn redis(&self, run: Run) -> Promise<'_, Run> {
        Box::pin(async move {
            let mut run = connect::redis(&self.access, run)?;
            if let Some(from) = &self.access.password {
                let password = secret::resolve(from).await?;
                run.secrets.push(("REDISCLI_AUTH".to_owned(), password));
            }
            Ok(run)
        })
    }

    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>> {
        Box::pin(async move { here::start(&self.access.tools, run, None) })
    }

    fn bench<'a>(&'a self, folder: &'a Path) -> Promise<'a, Box<dyn Bench>> {
        Box::pin(async move {
            let bench = HereBench::open(folder.to_owned(), self.access.tools.clone()).await?;
            Ok(Box::new(bench) as Box<dyn Bench>)
        })
    }
}

#[cfg(test)]
mod tests;
