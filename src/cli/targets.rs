//! `midwatch targets`: what Prometheus scrapes, and how that went; what is down first.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::target::{Target, TargetHealth};
use crate::domain::time::human;
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("targets").about("List what Prometheus scrapes, what is down first").arg(print::json_argument())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    open::with_prometheus(&config)?;
    let glance = open::glance(&config, &[Source::Targets]).await?;
    let Data::Targets(targets) = glance.data(&Source::Targets)? else { return Ok(Exit::bug("no targets were answered")) };
    let mut targets: Vec<&Target> = targets.iter().collect();
    targets.sort_by_key(|target| (pressing(target.health), &target.pool, &target.url));
    if matches.get_flag("json") {
        print::objects(targets.into_iter().map(|target| object(glance.shared(), target)))?;
    } else {
        let mut sheet = Sheet::new(&["HEALTH", "JOB", "INSTANCE", "SCRAPED", "TOOK", "ERROR"]);
        targets.into_iter().for_each(|target| sheet.row(cells(glance.shared(), target)));
        print::data(&sheet.text(&open::paper(&config)?))?;
    }
    Ok(Exit::status(0))
}

fn pressing(health: TargetHealth) -> u8 {
    match health {
        TargetHealth::Down => 0,
        TargetHealth::Unknown => 1,
        TargetHealth::Up => 2,
    }
}

fn word(health: TargetHealth) -> &'static str {
    match health {
        TargetHealth::Down => "down",
        TargetHealth::Unknown => "unknown",
        TargetHealth::Up => "up",
    }
}

fn cells(shared: &Shared, target: &Target) -> [Cell; 6] {
    let role = match target.health {
        TargetHealth::Down => Role::Critical,
        TargetHealth::Unknown => Role::Unknown,
        TargetHealth::Up => Role::Good,
    };
    let age = target.last_scrape.map_or("never".to_owned(), |at| format!("{} ago", human(shared.server_now().since(at))));
    [
        (role, word(target.health).to_owned()),
        (Role::Text, target.pool.clone()),
        (Role::Accent, target.labels.get("instance").unwrap_or("-").to_owned()),
        (Role::Text, age),
        (Role::Text, format!("{} ms", target.took.as_millis())),
        (Role::Dim, target.last_error.clone()),
    ]
}

fn object(shared: &Shared, target: &Target) -> Value {
    json!({
        "environment": shared.environment().name,
        "health": word(target.health),
        "job": target.pool,
        "instance": target.labels.get("instance"),
        "url": target.url,
        "labels": print::labels(&target.labels),
        "last_error": Some(&target.last_error).filter(|error| !error.is_empty()),
        "last_scrape": target.last_scrape.map(print::time),
        "took_seconds": target.took.as_secs_f64(),
        "interval_seconds": target.interval.as_secs_f64(),
    })
}
