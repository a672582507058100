//! A demo that is coming up, and what to do when the one who wanted it changes their mind.

use std::fs;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use crate::demo::client::{Client, Handle, Line, Options};
use crate::demo::error::DemoError;
use crate::demo::protocol::{Endpoints, Progress, Reply, Request};
use crate::demo::registry::{Claim, Registry};
use crate::demo::role::Role;
use crate::demo::supervisor::Supervisor;
use crate::demo::tools::Tools;

/// How long the supervisor may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// A demo that is coming up.
#[derive(Debug)]
pub struct Starting {
    client: Client,
    lease: Line,
}

impl Starting {
    /// Starts a supervisor in a new folder.
    pub async fn begin(options: &Options) -> Result<Self, DemoError> {
        Tools::find().map_err(DemoError::Missing)?;
        // Held until the supervisor listens: the name is not free any more, and does not look taken yet.
        let claim = Registry::of_user().claim(options.name.as_deref())?;
        let dir =
            tempfile::Builder::new().prefix("midwatch-demo-").tempdir().map_err(DemoError::io("making a temporary folder"))?;
        let mut child = spawn(&claim, &dir, options.linger)?;
        let client = Client { socket: claim.socket.clone() };
        let line = connect(&client, &mut child, &dir).await?;
        // From here on the folder is the supervisor's.
        let _ = dir.keep();
        Self::hold(client, line).await
    }

    /// Takes hold of a demo that somebody else started.
    pub(super) async fn join(client: Client) -> Result<Self, DemoError> {
        let line = client.dial().await?;
        Self::hold(client, line).await
    }

    async fn hold(client: Client, mut lease: Line) -> Result<Self, DemoError> {
        lease.say(&Request::Hold).await?;
        Ok(Self { client, lease })
    }

    /// Waits until all is up; each step that is done is told. When it fails, nothing is left.
    pub async fn ready(&mut self, mut progress: impl FnMut(&Progress)) -> Result<Endpoints, DemoError> {
        loop {
            match self.lease.hear().await? {
                Some(Reply::Progress(step)) => progress(&step),
                Some(Reply::Ready(endpoints)) => return Ok(*endpoints),
                Some(other) => {
                    while self.lease.hear().await?.is_some() {}
                    return Err(super::unexpected(&other));
                }
                None => return Err(DemoError::Gone(None)),
            }
        }
    }

    /// The demo that is up now.
    pub fn into_handle(self, endpoints: Endpoints) -> Handle {
        let (dir, config) = (endpoints.dir.clone(), endpoints.config.clone());
        Handle { dir, endpoints, config, client: self.client, lease: self.lease }
    }

    /// Ends it before it was ready, and waits until nothing is left.
    pub async fn abandon(self) -> Result<(), DemoError> {
        self.client.stop().await
    }
}

fn spawn(claim: &Claim, dir: &TempDir, linger: Duration) -> Result<Child, DemoError> {
    let log = dir.path().join("supervisor.log");
    let out = File::create(&log).map_err(DemoError::io(format!("writing {}", log.display())))?;
    let errors = out.try_clone().map_err(DemoError::io("sharing a log"))?;
    let role = Role::Supervise(Supervisor {
        name: claim.name.clone(),
        dir: dir.path().to_owned(),
        socket: claim.socket.clone(),
        linger: linger.as_secs(),
    });
    let mut command = tokio::process::Command::from(role.command());
    command.current_dir("/").stdin(Stdio::null()).stdout(out).stderr(errors);
    command.spawn().map_err(DemoError::io("starting the demo's supervisor"))
}

/// Waits until the supervisor listens, or is gone.
async fn connect(client: &Client, child: &mut Child, dir: &TempDir) -> Result<Line, DemoError> {
    let deadline = Instant::now() + LISTENS_WITHIN;
    loop {
        if let Ok(stream) = UnixStream::connect(&client.socket).await {
            return Ok(Line::new(stream));
        }
        let gone = !matches!(child.try_wait(), Ok(None));
        if gone || Instant::now() >= deadline {
            let _ = child.start_kill();
            let words = fs::read_to_string(dir.path().join("supervisor.log")).unwrap_or_default();
            return Err(DemoError::Gone(Some(words.trim().to_owned())));
        }
        sleep(Duration::from_millis(20)).await;
    }
}
