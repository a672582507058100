//! `midwatch.toml`: found, laid over each other, read and explained. It connects to nothing and reads no secret.
//!
//! Looked for, nearest first: `./midwatch.toml`, `$XDG_CONFIG_HOME/midwatch/midwatch.toml` (`~/.config` without it),
//! `/etc/midwatch/midwatch.toml`. All that exist count. Where two set the same key the nearer one wins; environments are joined
//! by name, their services and repositories too; an endpoint, a service, a list is taken whole from the nearest file that has
//! it. `--config` (`MIDWATCH_CONFIG`) names the only file to read. Flags and variables are above every file.
//!
//! Everything that is wrong is told at once, each with its file, line and column and the nearest right word.

mod access;
mod backup;
mod console;
mod control;
mod environment;
mod files;
pub mod gameday;
mod layers;
pub mod model;
mod node;
mod order;
pub mod origin;
mod reader;
mod repository;
mod response;
mod service;
mod upstream;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::layers::Found;
pub use crate::config::layers::Places;
use crate::config::model::{Choice, Config, Environment};
use crate::config::reader::{Field, Problems, Table};
use crate::config::upstream::path;
use crate::domain::name::Name;
use crate::domain::problem::Problem;

/// Ten lines to begin with.
pub const STARTER: &str = include_str!("config/starter.toml");

/// The JSON Schema of `midwatch.toml`. A test holds it against what is read: keys, what they may be, and defaults.
pub const SCHEMA: &str = include_str!("../assets/schemas/config.json");

/// What flags and `MIDWATCH_*` variables say: above every file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`, `MIDWATCH_CONFIG`: the only file to read.
    pub config: Option<PathBuf>,
    /// `--environment`, `MIDWATCH_ENVIRONMENT`.
    pub environment: Option<String>,
    /// `--theme`, `MIDWATCH_THEME`: a name, or a path with a slash in it.
    pub theme: Option<String>,
    /// `--ascii`, `MIDWATCH_ASCII`.
    pub ascii: bool,
    /// `--state`, `MIDWATCH_STATE`: the ledger's folder.
    pub state: Option<PathBuf>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file. Says where they go and what to put there.
    #[error("{}", Welcome(.looked))]
    Missing {
        /// Where was looked, nearest first.
        looked: Vec<PathBuf>,
    },
    /// Files are there and something is wrong with them. Every problem, in the order of files and lines.
    #[error("{}", Report(.0))]
    Wrong(Vec<Problem>),
}

/// Reads the configuration.
pub fn load(overrides: &Overrides, places: &Places) -> Result<Config, ConfigError> {
    let problems = Problems::default();
    let found = layers::read(overrides.config.as_deref(), places, &problems);
    judge(&found, overrides, places, problems)
}

/// Reads the files of an earlier configuration as they are now: a job's worker is told which they were.
pub fn load_again(files: &[PathBuf]) -> Result<Config, ConfigError> {
    let problems = Problems::default();
    let found = layers::read_again(files, &problems);
    let places = Places { here: "/".into(), user: None, system: "/etc".into() };
    judge(&found, &Overrides::default(), &places, problems)
}

fn judge(found: &Found, overrides: &Overrides, places: &Places, problems: Problems) -> Result<Config, ConfigError> {
    let table = found.tree.as_ref().and_then(|tree| Table::root(tree, &problems));
    let config = table.and_then(|table| read(&table, overrides, places, found.files.clone(), &problems));
    let problems = problems.into_sorted();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ if problems.is_empty() => Err(ConfigError::Missing { looked: places.files() }),
        _ => Err(ConfigError::Wrong(problems)),
    }
}

fn read(table: &Table<'_>, overrides: &Overrides, places: &Places, files: Vec<PathBuf>, problems: &Problems) -> Option<Config> {
    let environments = environments(table);
    if environments.is_empty() {
        problems.report(Problem::new("the configuration has no environment").hint("begin with [environments.production]"));
    }
    let chosen = table.take("environment");
    let environment = match &overrides.environment {
        Some(name) => overridden(name, &environments, problems),
        None => opening(chosen.as_ref(), &environments),
    };
    let theme = table.take("theme").and_then(|field| Some(choice(field.text()?, field.folder())));
    let ascii = table.take("ascii").and_then(|field| field.flag()).unwrap_or_default();
    let console = console::console(table);
    let [state, scratch, textfile] = ["state", "scratch", "textfile"].map(|key| table.take(key).and_then(|field| path(&field)));
    let response = table.take("response").and_then(|field| response::response(&field)).unwrap_or_default();
    Some(Config {
        files,
        environment: environment?,
        theme: overrides
            .theme
            .as_deref()
            .map(|text| choice(text, &places.here))
            .or(theme)
            .unwrap_or(Choice::Named("default".into())),
        ascii: ascii || overrides.ascii,
        console,
        state: overrides.state.as_ref().map(|path| places.here.join(path)).or(state),
        scratch,
        textfile,
        response,
        environments,
    })
}

fn environments(table: &Table<'_>) -> Vec<Environment> {
    let named = table.take("environments").and_then(|field| field.table()).map(Table::named);
    named.unwrap_or_default().iter().filter_map(|(name, field)| environment::environment(name, field)).collect()
}

fn opening(chosen: Option<&Field<'_>>, environments: &[Environment]) -> Option<Name> {
    let Some(field) = chosen else { return environments.first().map(|first| first.name.clone()) };
    field.word(&names(environments), |word| known(word, environments))
}

fn overridden(word: &str, environments: &[Environment], problems: &Problems) -> Option<Name> {
    let name = known(word, environments);
    if name.is_none() {
        let problem = Problem::new(format!("--environment or MIDWATCH_ENVIRONMENT: there is no environment {word:?}"));
        problems.report(problem.instead_of(word, names(environments)));
    }
    name
}

fn known(word: &str, environments: &[Environment]) -> Option<Name> {
    environments.iter().map(|environment| &environment.name).find(|name| name.as_str() == word).cloned()
}

fn names(environments: &[Environment]) -> Vec<&str> {
    environments.iter().map(|environment| environment.name.as_str()).collect()
}

/// A name, or a path with a slash in it.
fn choice(text: &str, folder: &Path) -> Choice {
    if text.contains('/') { Choice::File(folder.join(text)) } else { Choice::Named(text.to_owned()) }
}

struct Welcome<'a>(&'a [PathBuf]);

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "There is no midwatch.toml. It was looked for in")?;
        self.0.iter().try_for_each(|path| writeln!(f, "  {}", path.display()))?;
        writeln!(f, "Put these lines into one of them, with your addresses; then `midwatch check` says what is missing:\n")?;
        f.write_str(STARTER.trim_end())?;
        f.write_str("\n\nTo look around without one: midwatch demo")
    }
}

struct Report<'a>(&'a [Problem]);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "{problem}\n"))?;
        match self.0.len() {
            1 => f.write_str("One problem in the configuration."),
            many => write!(f, "{many} problems in the configuration."),
        }
    }
}

#[cfg(test)]
mod tests;
