//! The way to where a service's tools run, as the arguments of `ssh`, `docker` and `sh`. Pure.

use std::path::{Path, PathBuf};

use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::Run;

/// Runs a program there.
const RUN: &str = include_str!("away/run.sh");
/// Watches over one.
const GUARD: &str = include_str!("away/guard.sh");
/// Keeps a room for a scratch server there.
const BENCH: &str = include_str!("away/bench.sh");
/// How `ssh` is run. It asks nobody, and leaves no connection behind for others, whatever the user's own files say: that would outlive
/// the job, and hold what waits for its words. One that stands already is used.
const SSH: [&str; 4] = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ControlMaster=no"];

/// Where tools run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the host itself.
    Host,
    /// In a container that runs.
    Inside {
        /// Its name.
        container: String,
    },
    /// In a container made for the purpose.
    Fresh {
        /// Of which image.
        image: String,
        /// Its network, what it sees of the host, its name: as `docker run` is told.
        options: Vec<String>,
    },
}

/// The way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Through which host.
    pub ssh: Option<String>,
    /// To where on it.
    pub place: Place,
    /// Where programs are looked for before `PATH`, when that was said.
    pub folder: Option<String>,
    /// The room that programs work in, and whose it is; none but for a scratch server's.
    pub room: Option<Room>,
}

/// A place to work in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Where.
    pub folder: PathBuf,
    /// Whose.
    pub owner: String,
}

impl Route {
    /// The way to a service's tools; none where they run on this very host.
    pub fn to(access: &Access) -> Result<Option<Self>, Failure> {
        let place = place(access)?;
        if access.ssh.is_none() && place == Place::Host {
            return Ok(None);
        }
        let folder = match &access.tools {
            ToolPlace::Folder(folder) => Some(folder.display().to_string()),
            _ => None,
        };
        Ok(Some(Self { ssh: access.ssh.clone(), place, folder, room: None }))
    }

    /// The same with a name for the container that is made for one run, and the way into that.
    pub fn named(&self, name: &str) -> (Self, Self) {
        let mut named = self.clone();
        let mut beside = self.clone();
        if let Place::Fresh { options, .. } = &mut named.place {
            options.extend(["--name".to_owned(), name.to_owned()]);
            beside.place = Place::Inside { container: name.to_owned() };
        }
        (named, beside)
    }

    /// The arguments that run a program.
    pub fn run(&self, run: &Run) -> Vec<String> {
        let mode = if run.input { "input" } else { "line" };
        let folders = self.folder.clone().or(run.major.map(|major| major.to_string()));
        let mut words = vec![mode.to_owned(), folders.unwrap_or_else(|| "newest".to_owned())];
        words.extend(match &self.room {
            None => ["-".to_owned(), "-".to_owned()],
            Some(room) => [room.owner.clone(), room.folder.display().to_string()],
        });
        words.extend(run.env.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(run.secrets.iter().map(|(name, _)| name.clone()));
        words.extend(["--".to_owned(), run.program.clone()]);
        words.extend(run.args.iter().cloned());
        self.shell(RUN, self.user(run), words)
    }

    /// Whom Docker runs it as.
    pub fn user<'a>(&'a self, run: &'a Run) -> Option<&'a str> {
        self.room.as_ref().map(|room| room.owner.as_str()).or(run.user.as_deref())
    }

    /// The arguments that watch over a program by its number.
    pub fn guard(&self, number: &str, user: Option<&str>) -> Vec<String> {
        self.shell(GUARD, user, vec![number.to_owned()])
    }

    /// The arguments that keep a room in a folder.
    pub fn bench(&self, folder: &str) -> Vec<String> {
        self.shell(BENCH, None, vec![folder.to_owned()])
    }

    /// The arguments of Docker itself.
    pub fn docker(&self, words: &[&str]) -> Vec<String> {
        self.through(["docker"].iter().chain(words).map(|word| (*word).to_owned()).collect())
    }

    fn shell(&self, script: &str, user: Option<&str>, words: Vec<String>) -> Vec<String> {
        let mut shell = vec!["sh".to_owned(), "-c".to_owned(), bare(script), "midwatch".to_owned()];
        shell.extend(words);
        let user = user.iter().flat_map(|user| ["-u", user]);
        let docker: Vec<&str> = match &self.place {
            Place::Host => return self.through(shell),
            Place::Inside { container } => ["docker", "exec", "-i"].into_iter().chain(user).chain([container.as_str()]).collect(),
            Place::Fresh { image, options } => {
                shell.remove(0);
                let fresh = ["docker", "run", "--rm", "-i", "--pull", "never", "--entrypoint", "sh"];
                let options = options.iter().map(String::as_str);
                fresh.into_iter().chain(options).chain(user).chain([image.as_str()]).collect()
            }
        };
        self.through(docker.into_iter().map(str::to_owned).chain(shell).collect())
    }

    fn through(&self, words: Vec<String>) -> Vec<String> {
        let Some(host) = &self.ssh else { return words };
        let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let options = SSH.iter().flat_map(|option| ["-o", option]).chain(["-T", "--", host]);
        ["ssh"].into_iter().chain(options).map(str::to_owned).chain([quoted.join(" ")]).collect()
    }
}

fn place(access: &Access) -> Result<Place, Failure> {
    let ToolPlace::Image(image) = &access.tools else {
        return match &access.reach {
            Reach::Tcp { .. } | Reach::Unix(_) => Ok(Place::Host),
            Reach::Docker { container } => Ok(Place::Inside { container: container.clone() }),
            Reach::Network { .. } => {
                let what = "a service on a network of Docker's needs an image for its tools to run in";
                Err(Failure::new(FailureKind::Config, what).mend("tools = { image = \"postgres:15\" }"))
            }
        };
    };
    let network = match &access.reach {
        Reach::Network { network, .. } => network.clone(),
        Reach::Docker { container } => format!("container:{container}"),
        Reach::Unix(_) => "none".to_owned(),
        Reach::Tcp { .. } => "host".to_owned(),
    };
    let mounts = seen(access).into_iter().flat_map(|path| ["-v".to_owned(), format!("{0}:{0}:ro", path.display())]);
    let options = ["--network".to_owned(), network].into_iter().chain(mounts).collect();
    Ok(Place::Fresh { image: image.clone(), options })
}

/// What of the host a container must see to connect: the socket's folder, the file of authorities.
fn seen(access: &Access) -> Vec<&Path> {
    let socket = match &access.reach {
        // The socket or its folder.
        Reach::Unix(path) if path.extension().is_some() => path.parent(),
        Reach::Unix(path) => Some(path.as_path()),
        _ => None,
    };
    let authorities = match &access.tls {
        Tls::VerifyFull { ca } => ca.as_deref(),
        _ => None,
    };
    socket.into_iter().chain(authorities).collect()
}

/// A script without its comments: they are for who reads it here.
fn bare(script: &str) -> String {
    script.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// A word as any shell reads it.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
