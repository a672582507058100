//! `midwatch rules`: whether Prometheus can evaluate its rules, what that costs and what they have set off, as the console's tab
//! lists them.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::alerts::rules::{Line, Rules, Standing};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::rule::Rule;
use crate::domain::time::human;
use crate::runtime::glance::Glance;
use crate::ui::prose::{percent, rough};
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("rules")
        .about("List Prometheus's rules, the worst first")
        .arg(open::filter_argument())
        .arg(print::json_argument())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    open::with_prometheus(&config)?;
    let glance = Glance::at(&config, &[Source::Rules]).await?;
    glance.data(&Source::Rules)?;
    let (shared, paper) = (glance.shared(), open::paper(&config)?);
    let rules = Rules { filter: open::filter(matches), ..Rules::default() }.listed(shared);
    let heads = ["STATE", "GROUP", "RULE", "NOW", "TOOK", "SHARE", "ERROR"];
    let sheet = || Sheet::of(heads, rules.iter().map(|line| cells(shared, line))).text(&paper);
    print::told(matches, || rules.iter().map(|line| object(shared, line)), sheet)?;
    Ok(Exit::status(0))
}

/// How many alerts of it are pending, and how many fire.
fn active(rule: &Rule) -> (usize, usize) {
    let alerts = rule.alerting.as_ref().map_or(&[][..], |alerting| &alerting.alerts);
    let firing = alerts.iter().filter(|alert| alert.firing).count();
    (alerts.len() - firing, firing)
}

fn cells(shared: &Shared, line: &Line<'_>) -> [Cell; 7] {
    let colour = match line.standing {
        Standing::Failing | Standing::Firing => Role::Critical,
        Standing::Late | Standing::Pending | Standing::Slow => Role::Warning,
        Standing::Unknown => Role::Unknown,
        Standing::Well => Role::Good,
    };
    let Line { rule, group, .. } = line;
    [
        (colour, line.standing.word().to_owned()),
        (Role::Text, group.name.to_string()),
        (Role::Accent, rule.name.to_string()),
        (Role::Text, now(shared, rule)),
        (Role::Text, rough(rule.took)),
        (Role::Text, rule.share(group.interval).map_or("-".to_owned(), percent)),
        (Role::Dim, rule.last_error.clone()),
    ]
}

/// What it has set off, and when the next of it fires.
fn now(shared: &Shared, rule: &Rule) -> String {
    let (pending, firing) = active(rule);
    let fires = rule.fires_in(shared.server_now()).map(|left| format!("{pending} pending, fires in {}", human(left)));
    let firing = (firing > 0).then(|| format!("{firing} firing"));
    let words: Vec<String> = firing.into_iter().chain(fires).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn object(shared: &Shared, line: &Line<'_>) -> Value {
    let Line { rule, group, .. } = line;
    let (pending, firing) = active(rule);
    json!({
        "environment": shared.environment().name,
        "state": line.standing.word(),
        "group": &*group.name,
        "file": &*group.file,
        "rule": &*rule.name,
        "kind": if rule.alerting.is_some() { "alerting" } else { "recording" },
        "expr": &*rule.expr,
        "last_error": Some(&rule.last_error).filter(|error| !error.is_empty()),
        "evaluated_at": rule.evaluated_at.map(print::time),
        "took_seconds": rule.took.as_secs_f64(),
        "interval_seconds": group.interval.as_secs_f64(),
        "share": rule.share(group.interval),
        "hold_seconds": rule.alerting.as_ref().map(|alerting| alerting.hold.as_secs_f64()),
        "pending": pending,
        "firing": firing,
        "fires_in_seconds": rule.fires_in(shared.server_now()).map(|left| left.as_secs_f64()),
    })
}
