//! Services that only Docker or `ssh` reaches: their tools run in their containers, and leave nothing behind however they end.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "reach/afar.rs"]
mod afar;
#[path = "reach/bastion.rs"]
mod bastion;
#[path = "reach/benches.rs"]
mod benches;
#[path = "support/booted.rs"]
mod booted;
#[path = "support/catalogue.rs"]
mod catalogue;
#[path = "reach/check.rs"]
mod check;
#[path = "backups/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "support/docker.rs"]
mod docker;
#[path = "reach/drilled.rs"]
mod drilled;
#[path = "reach/drills.rs"]
mod drills;
#[path = "reach/places.rs"]
mod places;
#[path = "reach/programs.rs"]
mod programs;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/ssh.rs"]
mod ssh;
#[path = "support/trials.rs"]
mod trials;
#[path = "reach/units.rs"]
mod units;

use std::sync::Arc;

use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::adapters::tools::tools;
use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::ports::tools::{Ended, Run, Running, Tools};
use tokio::io::AsyncReadExt as _;

use crate::docker::{Docker, IMAGE};

/// A service in a container.
fn inside(container: &str, tools: ToolPlace) -> Access {
    Access {
        reach: Reach::Docker { container: container.to_owned() },
        ssh: None,
        tools,
        user: None,
        password: None,
        database: None,
        tls: Tls::Disable,
    }
}

fn image() -> ToolPlace {
    ToolPlace::Image(IMAGE.to_owned())
}

fn tools_of(docker: &Docker, access: &Access) -> Arc<dyn Tools> {
    tools(access, &Surroundings::inherited().with_docker(docker.host()))
}

/// All that a program says, and how it ended.
async fn finish(mut running: Box<dyn Running>) -> (Vec<u8>, Ended) {
    let mut said = Vec::new();
    running.stdout().unwrap().read_to_end(&mut said).await.unwrap();
    (said, running.ended().await.unwrap())
}

async fn text(tools: &dyn Tools, run: &Run) -> String {
    let (said, ended) = finish(tools.start(run).await.unwrap()).await;
    assert!(ended.status.success(), "{run:?}: {ended:?}");
    String::from_utf8(said).unwrap().trim().to_owned()
}
