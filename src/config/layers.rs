//! Which files there are, nearest first, and how they become one tree.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::node::{self, Document, Node};
use crate::config::reader::Problems;
use crate::domain::problem::{Problem, Source};

const FILE: &str = "midwatch.toml";

/// Where configurations are looked for.
#[derive(Clone, Debug)]
pub struct Places {
    /// The working folder.
    pub here: PathBuf,
    /// The person's own folder for configurations, `~/.config` mostly.
    pub user: Option<PathBuf>,
    /// The system's, `/etc`.
    pub system: PathBuf,
}

/// A file to look for, and the name it is told by.
struct Candidate {
    path: PathBuf,
    told: String,
    /// Whether it was come upon rather than chosen: then it must be the person's own.
    found: bool,
}

impl Places {
    /// Those of this process.
    pub fn of_process() -> io::Result<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
        let user = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        Ok(Self { here: std::env::current_dir()?, user, system: PathBuf::from("/etc") })
    }

    /// Every file that is looked for, nearest first.
    pub fn files(&self) -> Vec<PathBuf> {
        self.candidates().into_iter().map(|candidate| candidate.path).collect()
    }

    /// The folders where keymaps and themes are looked for, nearest first.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.user.iter().chain([&self.system]).map(|folder| folder.join("midwatch")).collect()
    }

    fn candidates(&self) -> Vec<Candidate> {
        let here = Candidate { path: self.here.join(FILE), told: FILE.to_owned(), found: true };
        let kept = self.user.iter().chain([&self.system]).map(|folder| {
            let path = folder.join("midwatch").join(FILE);
            Candidate { told: path.display().to_string(), path, found: false }
        });
        std::iter::once(here).chain(kept).collect()
    }
}

/// What was found.
pub struct Found {
    /// The files, nearest first.
    pub files: Vec<PathBuf>,
    /// All of them, laid over each other; none when there is no file, or one could not be read: what it would have said is
    /// unknown, and the rest would be judged without it.
    pub tree: Option<Node>,
}

/// Reads the chosen file alone, or every file that is there.
pub fn read(chosen: Option<&Path>, places: &Places, problems: &Problems) -> Found {
    let candidates = match chosen {
        Some(path) => vec![Candidate { path: places.here.join(path), told: path.display().to_string(), found: false }],
        None => places.candidates(),
    };
    lay(candidates, chosen.is_some(), problems)
}

/// Reads the files that were found before, nearest first: all of them must be there.
pub fn read_again(files: &[PathBuf], problems: &Problems) -> Found {
    let candidates = files.iter().map(|path| Candidate { path: path.clone(), told: path.display().to_string(), found: false });
    lay(candidates.collect(), true, problems)
}

fn lay(candidates: Vec<Candidate>, must: bool, problems: &Problems) -> Found {
    let mut files = Vec::new();
    let mut trees = Vec::new();
    for candidate in candidates {
        let Some(document) = open(&candidate, must, problems) else { continue };
        files.push(candidate.path);
        match node::parse(&Arc::new(document)) {
            Ok(tree) => trees.push(tree),
            Err(broken) => broken.into_iter().for_each(|problem| problems.report(problem)),
        }
    }
    let whole = problems.is_empty();
    Found { files, tree: trees.into_iter().reduce(node::overlay).filter(|_| whole) }
}

fn open(candidate: &Candidate, must: bool, problems: &Problems) -> Option<Document> {
    if candidate.found
        && let Some(problem) = foreign(candidate)
    {
        problems.report(problem);
        return None;
    }
    match std::fs::read_to_string(&candidate.path) {
        Ok(body) => Some(document(candidate, body)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must => None,
        Err(error) => {
            problems.report(Problem::new(format!("{} cannot be read: {error}", candidate.told)));
            None
        }
    }
}

fn document(candidate: &Candidate, body: String) -> Document {
    let folder = candidate.path.parent().unwrap_or(Path::new("/")).to_owned();
    Document { source: Source::discreet(&candidate.told, body), folder }
}

/// A file in the working folder may name commands to run: one that somebody else wrote is not followed unasked.
fn foreign(candidate: &Candidate) -> Option<Problem> {
    let meta = std::fs::metadata(&candidate.path).ok()?;
    let own = [0, rustix::process::geteuid().as_raw()].contains(&meta.uid());
    let why = match (own, meta.mode() & 0o002) {
        (true, 0) => return None,
        (true, _) => "anybody may write to it".to_owned(),
        (false, _) => format!("it belongs to user id {}", meta.uid()),
    };
    let problem = Problem::new(format!("{} is not followed: {why}", candidate.path.display()));
    Some(problem.hint(format!("if you trust it, name it: --config {FILE}")))
}
