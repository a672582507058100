//! From the configuration to what the console is started with: names and addresses, no secret.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};

use crate::app::keymap::{self, Keymap};
use crate::app::setup::{Environment, Setup};
use crate::config::model::{self, Choice, Config, Pattern};
use crate::config::{Places, gameday};
use crate::domain::chaos::gameday::Filed;
use crate::domain::problem::Problem;
use crate::domain::service::Service;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::scenarios;
use crate::ui::theme::{Charset, Depth, Look, Theme};

/// What the console is started with; `demo` where that is what one looks at, `shared_ledger` where this host's logins share one.
pub fn setup(config: &Config, places: &Places, demo: bool, shared_ledger: bool) -> Result<Setup> {
    let environments = config.environments.iter().map(environment).collect();
    let (keymap, bell) = (keymap(&config.console.keymap, places)?, config.console.bell.clone());
    Ok(Setup { environments, keymap, bell, demo, response: config.response, shared_ledger })
}

/// An environment as the screens know it.
pub fn environment(env: &model::Environment) -> Environment {
    Environment {
        name: env.name.clone(),
        colour: Some(env.color),
        guard: env.guard,
        refresh: env.refresh,
        prometheus: env.prometheus.as_ref().map(|p| p.url.clone()),
        alertmanagers: env.alertmanagers.len(),
        services: env.services.iter().map(service).collect(),
        signals: env.signals.clone(),
        repositories: env.repositories.clone(),
        offers: scenarios::ALL.iter().map(|scenario| scenario.offer(&env.services)).collect(),
        gamedays: gamedays(&env.files.gamedays),
    }
}

/// Every file that is named, read when the console starts; what cannot be read says so when it is asked for.
fn gamedays(patterns: &[Pattern]) -> Vec<Filed> {
    let read = |path: PathBuf| {
        let day = gameday::read(&path, &scenarios::names()).map_err(|error| error.to_string());
        Filed { file: path.display().to_string(), day }
    };
    let of_pattern = |pattern: &Pattern| match pattern.files("toml") {
        Ok(files) => files.into_iter().map(read).collect(),
        Err(error) => vec![Filed { file: pattern.written.clone(), day: Err(error.to_string()) }],
    };
    patterns.iter().flat_map(of_pattern).collect()
}

fn service(service: &ServiceSpec) -> Service {
    Service {
        name: service.name.clone(),
        kind: service.kind,
        place: service.access.reach.to_string(),
        backup: service.backup.clone(),
        control: service.control.as_ref().map(ToString::to_string),
        labels: service.labels.clone(),
    }
}

/// The keymap that was chosen, the files that were named to lie over it, and the person's own keys over all of them.
pub fn keymap(chosen: &[Choice], places: &Places) -> Result<Keymap> {
    let (mut name, mut files) = (keymap::DEFAULT, Vec::new());
    for choice in chosen {
        match choice {
            Choice::Named(named) => name = named,
            Choice::File(path) => files.push(path.clone()),
        }
    }
    let own = places.folders().into_iter().rev().map(|folder| folder.join("keys.toml"));
    files.extend(own.filter(|path| path.exists()));
    let files = files.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    Keymap::load(name, &files).map_err(|problems| told(&problems))
}

/// A file's path and its text.
fn read(path: &Path) -> Result<(String, String)> {
    let text = std::fs::read_to_string(path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
    Ok((path.display().to_string(), text))
}

fn told(problems: &[Problem]) -> color_eyre::Report {
    eyre!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Theme, characters and colours for this terminal.
pub fn look(config: &Config, places: &Places) -> Result<Look> {
    let theme = match &config.theme {
        Choice::Named(name) => Theme::named(name).map_or_else(|| theme_file(&named(name, places)?), Ok)?,
        Choice::File(path) => theme_file(path)?,
    };
    let charset = if config.ascii { Charset::Ascii } else { Charset::Unicode };
    Ok(Look::new(theme, charset, depth()))
}

fn named(name: &str, places: &Places) -> Result<PathBuf> {
    let folders = places.folders();
    let files = folders.iter().map(|folder| folder.join("themes").join(format!("{name}.toml")));
    let looked: Vec<PathBuf> = files.collect();
    looked.iter().find(|p| p.exists()).cloned().ok_or_else(|| {
        let looked: Vec<String> = looked.iter().map(|p| p.display().to_string()).collect();
        let known = Theme::NAMES.join(", ");
        eyre!("no theme is called {name:?}: there are {known}, and {} would be read", looked.join(" or "))
    })
}

fn theme_file(path: &Path) -> Result<Theme> {
    let text = std::fs::read_to_string(path).wrap_err_with(|| format!("cannot read the theme {}", path.display()))?;
    Theme::parse(&text, &path.display().to_string()).map_err(|e| eyre!(e.to_string()))
}

/// As many colours as the terminal says it has; none where `NO_COLOR` is set.
fn depth() -> Depth {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    if !var("NO_COLOR").is_empty() || var("TERM") == "dumb" {
        return Depth::Mono;
    }
    match (var("COLORTERM").as_str(), var("TERM")) {
        ("truecolor" | "24bit", _) => Depth::True,
        (_, term) if term.contains("256color") || term.contains("direct") => Depth::Indexed,
        _ => Depth::Sixteen,
    }
}
