//! `midwatch targets`: what Prometheus scrapes, and how that went, as the console's tab lists it.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::alerts::targets::{Standing, Targets};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::target::Target;
use crate::domain::time::human;
use crate::runtime::glance::Glance;
use crate::ui::prose::{percent, rough};
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("targets")
        .about("List what Prometheus scrapes, the worst first")
        .arg(open::filter_argument())
        .arg(print::json_argument())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    open::with_prometheus(&config)?;
    let glance = Glance::at(&config, &[Source::Targets]).await?;
    glance.data(&Source::Targets)?;
    let (shared, paper) = (glance.shared(), open::paper(&config)?);
    let targets = Targets { filter: open::filter(matches), ..Targets::default() }.listed(shared);
    let heads = ["STATE", "JOB", "INSTANCE", "SCRAPED", "TOOK", "SHARE", "ERROR"];
    let sheet = || Sheet::of(heads, targets.iter().map(|(target, how)| cells(shared, target, *how))).text(&paper);
    print::told(matches, || targets.iter().map(|(target, how)| object(shared, target, *how)), sheet)?;
    Ok(Exit::status(0))
}

fn cells(shared: &Shared, target: &Target, how: Standing) -> [Cell; 7] {
    let role = match how {
        Standing::Down => Role::Critical,
        Standing::Late | Standing::Slow => Role::Warning,
        Standing::Unknown => Role::Unknown,
        Standing::Up => Role::Good,
    };
    let age = target.last_scrape.map_or("never".to_owned(), |at| format!("{} ago", human(shared.server_now().since(at))));
    [
        (role, how.word().to_owned()),
        (Role::Text, target.pool.clone()),
        (Role::Accent, target.labels.get("instance").unwrap_or("-").to_owned()),
        (Role::Text, age),
        (Role::Text, rough(target.took)),
        (Role::Text, target.share().map_or("-".to_owned(), percent)),
        (Role::Dim, target.last_error.clone()),
    ]
}

fn object(shared: &Shared, target: &Target, how: Standing) -> Value {
    json!({
        "environment": shared.environment().name,
        "state": how.word(),
        "job": target.pool,
        "instance": target.labels.get("instance"),
        "url": target.shown_url(),
        "labels": print::labels(&target.labels),
        "last_error": Some(&target.last_error).filter(|error| !error.is_empty()),
        "last_scrape": target.last_scrape.map(print::time),
        "took_seconds": target.took.as_secs_f64(),
        "interval_seconds": target.interval.as_secs_f64(),
        "share": target.share(),
    })
}
