//! `midwatch rules`: whether Prometheus can evaluate its rules, and what share of their interval that takes; what fails first.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::need::{Data, Source};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::rule::{Rule, RuleGroup};
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("rules").about("List Prometheus's rules, what fails first").arg(print::json_argument())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    open::with_prometheus(&config)?;
    let glance = open::glance(&config, &[Source::Rules]).await?;
    let Data::Rules(groups) = glance.data(&Source::Rules)? else { return Ok(Exit::bug("no rules were answered")) };
    let mut rules: Vec<_> = groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule))).collect();
    rules.sort_by_key(|(_, rule)| rule.health == "ok");
    if matches.get_flag("json") {
        let environment = &glance.shared().environment().name;
        print::objects(rules.into_iter().map(|(group, rule)| object(environment.as_str(), group, rule)))?;
    } else {
        let mut sheet = Sheet::new(&["HEALTH", "GROUP", "RULE", "NOW", "TOOK", "SHARE", "ERROR"]);
        rules.into_iter().for_each(|(group, rule)| sheet.row(cells(group, rule)));
        print::data(&sheet.text(&open::paper(&config)?))?;
    }
    Ok(Exit::status(0))
}

/// How many alerts of it are pending, and how many fire.
fn active(rule: &Rule) -> (usize, usize) {
    let alerts = rule.alerting.as_ref().map_or(&[][..], |alerting| &alerting.alerts);
    let firing = alerts.iter().filter(|alert| alert.firing).count();
    (alerts.len() - firing, firing)
}

/// Which share of its interval its evaluation takes.
fn share(group: &RuleGroup, rule: &Rule) -> f64 {
    if group.interval.is_zero() { 0.0 } else { rule.took.as_secs_f64() / group.interval.as_secs_f64() }
}

fn cells(group: &RuleGroup, rule: &Rule) -> [Cell; 7] {
    let role = match rule.health.as_str() {
        "ok" => Role::Good,
        "err" => Role::Critical,
        _ => Role::Unknown,
    };
    let now = match (rule.alerting.is_some(), active(rule)) {
        (false, _) => "records".to_owned(),
        (true, (0, 0)) => "-".to_owned(),
        (true, (0, firing)) => format!("{firing} firing"),
        (true, (pending, 0)) => format!("{pending} pending"),
        (true, (pending, firing)) => format!("{firing} firing, {pending} pending"),
    };
    [
        (role, rule.health.clone()),
        (Role::Text, group.name.to_string()),
        (Role::Accent, rule.name.to_string()),
        (Role::Text, now),
        (Role::Text, format!("{:.1} ms", rule.took.as_secs_f64() * 1000.0)),
        (Role::Text, format!("{:.1} %", share(group, rule) * 100.0)),
        (Role::Dim, rule.last_error.clone()),
    ]
}

fn object(environment: &str, group: &RuleGroup, rule: &Rule) -> Value {
    let (pending, firing) = active(rule);
    json!({
        "environment": environment,
        "group": &*group.name,
        "file": &*group.file,
        "rule": &*rule.name,
        "kind": if rule.alerting.is_some() { "alerting" } else { "recording" },
        "expr": &*rule.expr,
        "health": rule.health,
        "last_error": Some(&rule.last_error).filter(|error| !error.is_empty()),
        "evaluated_at": rule.evaluated_at.map(print::time),
        "took_seconds": rule.took.as_secs_f64(),
        "interval_seconds": group.interval.as_secs_f64(),
        "share": share(group, rule),
        "hold_seconds": rule.alerting.as_ref().map(|alerting| alerting.hold.as_secs_f64()),
        "pending": pending,
        "firing": firing,
    })
}
