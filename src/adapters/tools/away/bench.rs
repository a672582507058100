//! Scratch servers that are not on this host: in a room behind `ssh`, or in a container without network of the service's own
//! image. A shell there (`bench.sh`) keeps the room and clears it when its standard input ends, however midwatch ends.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::Mutex;

use crate::adapters::tools::away;
use crate::adapters::tools::bench::Hold;
use crate::adapters::tools::route::{Place, Room, Route};
use crate::adapters::tools::running::Program;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;
use crate::ports::tools::{Bench, Run, Running};

/// What tells a container of ours from others', and whose it is.
const LABEL: &str = "midwatch.bench";
/// The most shared memory of a container: PostgreSQL's parallel workers need it, and Docker's own limit is 64 MB.
const SHARED_MEMORY: &str = "1g";

/// A room far away, with what keeps it.
pub struct FarBench {
    /// Into the room.
    route: Route,
    around: Surroundings,
    room: PathBuf,
    keeper: Mutex<Option<Program>>,
    /// The same folder of this host is not taken twice.
    hold: Hold,
}

impl FarBench {
    /// Makes a room where the route leads to; `folder` tells it from others, and is taken on this host meanwhile.
    pub async fn open(route: &Route, around: &Surroundings, folder: &Path) -> Result<Self, Failure> {
        let hold = Hold::take(folder)?;
        let name = name(hold.folder());
        let (keeping, mut inside) = match &route.place {
            Place::Host => (route.clone(), route.clone()),
            Place::Inside { container } => fresh(route, image_of(route, around, container).await?, &name),
            Place::Fresh { image, .. } => fresh(route, image.clone(), &name),
        };
        if keeping.place != Place::Host {
            remove_container(&keeping, around, &name).await?;
        }
        let whole = Path::new("/tmp").join(&name);
        let command = away::command(&keeping.bench(&whole.display().to_string()), around)?;
        let mut keeper = Program::far("a scratch room", command, b"").await?;
        let room = whole.join("room");
        let Some(owner) = owner(&mut keeper).await? else {
            return Err(not_kept(&keeping.place, &keeper.ended().await?.stderr));
        };
        inside.room = Some(Room { folder: room.clone(), owner });
        Ok(Self { route: inside, around: around.clone(), room, keeper: Mutex::new(Some(keeper)), hold })
    }
}

impl Bench for FarBench {
    fn folder(&self) -> &Path {
        &self.room
    }

    fn local(&self) -> Option<&Path> {
        None
    }

    fn start<'a>(&'a self, run: &'a Run) -> Promise<'a, Box<dyn Running>> {
        Box::pin(away::start(&self.route, run, &self.around))
    }

    fn clear(&self) -> Promise<'_, ()> {
        Box::pin(async move {
            if let Some(mut keeper) = self.keeper.lock().await.take() {
                keeper.hang_up();
                let ended = keeper.ended().await?;
                if !ended.status.success() {
                    return Err(Failure::new(
                        FailureKind::Io,
                        format!("{} was not removed: {}", self.room.display(), ended.stderr),
                    ));
                }
            }
            self.hold.give_back()
        })
    }
}

/// The container that keeps a room, and the way into it.
fn fresh(route: &Route, image: String, name: &str) -> (Route, Route) {
    let label = format!("{LABEL}={name}");
    let options = ["--network", "none", "--shm-size", SHARED_MEMORY, "--label", &label, "--name", name];
    let options = options.map(str::to_owned).to_vec();
    let keeper = Route { place: Place::Fresh { image, options }, ..route.clone() };
    let inside = Route { place: Place::Inside { container: name.to_owned() }, ..route.clone() };
    (keeper, inside)
}

/// Of this host, this user and this folder: what a process that died has left is found by it, and nobody else's.
fn name(folder: &Path) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let whose = format!("{}\0{}\0{}", host.trim(), rustix::process::geteuid().as_raw(), folder.display());
    let hash = Sha256::digest(whose);
    let hex: Vec<String> = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("midwatch-bench-{}", hex.concat())
}

/// The image that a container was made of.
async fn image_of(route: &Route, around: &Surroundings, container: &str) -> Result<String, Failure> {
    let told =
        away::output(&route.docker(&["inspect", "--format", "{{.Image}}", "--type", "container", container]), around).await?;
    let image = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    if told.status.success() && !image.is_empty() {
        return Ok(image);
    }
    Err(unavailable(container, &String::from_utf8_lossy(&told.stderr)))
}

/// Removes the container that a host which lost its power has left. One without our label is left alone.
async fn remove_container(route: &Route, around: &Surroundings, name: &str) -> Result<(), Failure> {
    let filter = format!("label={LABEL}={name}");
    let told = away::output(&route.docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]), around).await?;
    if !told.status.success() {
        return Err(unavailable(name, &String::from_utf8_lossy(&told.stderr)));
    }
    for id in String::from_utf8_lossy(&told.stdout).split_whitespace() {
        away::output(&route.docker(&["rm", "--force", "--volumes", id]), around).await?;
    }
    Ok(())
}

/// Whose the room is, as its keeper tells when it is ready; none where it ended instead.
async fn owner(keeper: &mut Program) -> Result<Option<String>, Failure> {
    let mut line = String::new();
    if let Some(out) = keeper.stdout() {
        BufReader::new(out).read_line(&mut line).await?;
    }
    Ok(Some(line.trim()).filter(|owner| !owner.is_empty()).map(str::to_owned))
}

fn not_kept(place: &Place, words: &str) -> Failure {
    let failure = unavailable("a scratch room", words);
    match place {
        Place::Fresh { image, .. } if words.contains("No such image") => failure.mend(format!("docker pull {image}")),
        _ => failure,
    }
}

fn unavailable(what: &str, words: &str) -> Failure {
    Failure::new(FailureKind::Unavailable, format!("{what}: {}", words.trim()))
}
