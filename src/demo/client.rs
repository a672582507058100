//! Starting, finding, holding and ending demos, from the console's side of the control socket.

mod starting;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

pub use starting::Starting;

use crate::adapters::process::{self, Process};
use crate::demo::error::DemoError;
use crate::demo::faults::{FaultKind, FaultStatus};
use crate::demo::protocol::{Endpoints, Progress, Reply, Request, Status};
use crate::demo::registry::Registry;

/// How a demo is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its name; the first free one when none is given.
    pub name: Option<String>,
    /// How long it stays without anybody holding it.
    pub linger: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { name: None, linger: Duration::from_secs(300) }
    }
}

/// A demo that is up, and held up for as long as this lives.
#[derive(Debug)]
pub struct Handle {
    /// Its folder.
    pub dir: PathBuf,
    /// Where everything in it is reached.
    pub endpoints: Endpoints,
    /// The `midwatch.toml` that describes it as environment `demo`.
    pub config: PathBuf,
    client: Client,
    lease: Line,
}

/// A way to ask a demo's supervisor things. Does not hold the demo up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    socket: PathBuf,
}

/// Starts a demo and waits until all of it is ready; each step that is done is told.
pub async fn start(options: &Options, progress: impl FnMut(&Progress)) -> Result<Handle, DemoError> {
    let mut starting = Starting::begin(options).await?;
    let endpoints = starting.ready(progress).await?;
    Ok(starting.into_handle(endpoints))
}

/// What a service's control runs to start it: the supervisor does that, whose every server can be found and swept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartServer {
    /// The demo's control socket.
    pub socket: PathBuf,
    /// Which server.
    pub server: String,
}

impl StartServer {
    /// Asks for it; a server that runs is as good.
    pub async fn run(self) -> Result<(), DemoError> {
        Client { socket: self.socket }.start(&self.server).await
    }
}

/// Takes hold of a demo that is up, or coming up: the named one, or the only one.
pub async fn attach(name: Option<&str>, progress: impl FnMut(&Progress)) -> Result<Handle, DemoError> {
    let client = Client { socket: Registry::of_user().find(name)? };
    let mut starting = Starting::join(client).await?;
    let endpoints = starting.ready(progress).await?;
    Ok(starting.into_handle(endpoints))
}

/// Ends a demo, the named one or the only one, and waits until nothing is left of it. Answers with its name.
pub async fn stop(name: Option<&str>) -> Result<String, DemoError> {
    let client = Client { socket: Registry::of_user().find(name)? };
    client.stop().await?;
    Ok(client.name())
}

/// How all demos of this user are.
pub async fn list() -> Vec<Status> {
    let registry = Registry::of_user();
    let mut found = Vec::new();
    for name in registry.names() {
        let Ok(socket) = registry.find(Some(&name)) else { continue };
        // One that ends between being listed and being asked is no longer up.
        found.extend(Client { socket }.status().await);
    }
    found
}

impl Handle {
    /// Waits until the demo is gone: an error unless it was ended in order.
    pub async fn gone(&mut self) -> Result<(), DemoError> {
        let mut in_order = false;
        while let Some(reply) = self.lease.hear().await? {
            in_order |= reply == Reply::Stopping;
        }
        if in_order { Ok(()) } else { Err(DemoError::Gone(None)) }
    }

    /// Ends the demo and waits until nothing is left of it. One that has ended already is as good.
    pub async fn stop(self) -> Result<(), DemoError> {
        if self.client.is_up() { self.client.stop().await } else { Ok(()) }
    }
}

impl Client {
    /// A client of the named demo, or of the only one.
    pub fn find(name: Option<&str>) -> Result<Self, DemoError> {
        Ok(Self { socket: Registry::of_user().find(name)? })
    }

    /// How the demo is.
    pub async fn status(&self) -> Result<Status, DemoError> {
        match self.ask(&Request::Status).await? {
            Reply::Status(status) => Ok(*status),
            other => Err(unexpected(&other)),
        }
    }

    /// The latest fault of each kind.
    pub async fn faults(&self) -> Result<Vec<FaultStatus>, DemoError> {
        match self.ask(&Request::Faults).await? {
            Reply::Faults { faults } => Ok(faults),
            other => Err(unexpected(&other)),
        }
    }

    /// Breaks something. Answers when its end is armed and it is broken.
    pub async fn break_something(&self, what: FaultKind, lasting: Duration) -> Result<FaultStatus, DemoError> {
        match self.ask(&Request::Break { what, seconds: lasting.as_secs() }).await? {
            Reply::Broken(status) => Ok(status),
            other => Err(unexpected(&other)),
        }
    }

    /// Has a server started anew that has ended.
    async fn start(&self, server: &str) -> Result<(), DemoError> {
        match self.ask(&Request::Start { server: server.to_owned() }).await? {
            Reply::Started => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends the demo and waits until nothing is left of it.
    pub async fn stop(&self) -> Result<(), DemoError> {
        let mut line = self.dial().await?;
        let supervisor = line.peer;
        line.say(&Request::Stop).await?;
        // It hangs up when it has swept.
        while let Ok(Some(_)) = line.hear().await {}
        if let Some(supervisor) = supervisor {
            let wait = move || process::wait_gone(vec![supervisor], Duration::from_secs(5));
            let _ = tokio::task::spawn_blocking(wait).await;
        }
        Ok(())
    }

    /// The demo's name.
    pub fn name(&self) -> String {
        self.socket.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn is_up(&self) -> bool {
        std::os::unix::net::UnixStream::connect(&self.socket).is_ok()
    }

    async fn ask(&self, request: &Request) -> Result<Reply, DemoError> {
        let mut line = self.dial().await?;
        line.say(request).await?;
        line.hear().await?.ok_or(DemoError::Gone(None))
    }

    async fn dial(&self) -> Result<Line, DemoError> {
        let stream = UnixStream::connect(&self.socket).await;
        Ok(Line::new(stream.map_err(DemoError::io(format!("connecting to {}", self.socket.display())))?))
    }
}

/// A conversation with a supervisor.
#[derive(Debug)]
struct Line {
    stream: BufReader<UnixStream>,
    peer: Option<Process>,
}

impl Line {
    fn new(stream: UnixStream) -> Self {
        let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
        let peer = pid.and_then(|pid| Process::of(pid.unsigned_abs()));
        Self { stream: BufReader::new(stream), peer }
    }

    async fn say(&mut self, request: &Request) -> Result<(), DemoError> {
        let text = serde_json::to_string(request).unwrap_or_default() + "\n";
        self.stream.write_all(text.as_bytes()).await.map_err(DemoError::io("asking the demo's supervisor"))
    }

    /// The next reply; none when the supervisor has hung up.
    async fn hear(&mut self) -> Result<Option<Reply>, DemoError> {
        let mut text = String::new();
        match self.stream.read_line(&mut text).await {
            // It was killed: no different from hanging up.
            Ok(0) | Err(_) => Ok(None),
            Ok(_) => serde_json::from_str(&text).map(Some).map_err(|error| DemoError::Refused(format!("{error}: {text}"))),
        }
    }
}

fn unexpected(reply: &Reply) -> DemoError {
    match reply {
        Reply::Refused { why } | Reply::Failed { why } => DemoError::Refused(why.clone()),
        other => DemoError::Refused(format!("the supervisor answered something else: {other:?}")),
    }
}
