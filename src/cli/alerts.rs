//! `midwatch alerts`: what fires, what is pending, what is silenced, as the console's screen lists it.

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde::Serialize;

use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row, Standing};
use crate::cli::sheet::{Cell, Sheet};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::config::model::Config;
use crate::domain::alert::{AlertSet, Severity};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;
use crate::runtime::glance::{self, Glance};
use crate::ui::theme::Role;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("alerts")
        .about("List what fires, what is pending and what is silenced")
        .arg(open::filter_argument())
        .arg(print::json_argument())
        .after_help(
            "Alertmanagers are merged: an alert is listed once, with how many of them know it. Exits with 0, or with 69 where\n\
             Prometheus or all the Alertmanagers could not be asked: what is known is listed all the same.",
        )
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    let glance = open::glance(&config, &sources(&config)?).await?;
    let shared = glance.shared();
    silent_members(shared);
    let filter = open::filter(matches);
    let shown = || rows::rows(shared).iter().filter(|row| rows::passes(row, &filter));
    let paper = open::paper(&config)?;
    let heads = ["SEVERITY", "STATE", "FOR", "ALERT", "ON", "MEMBERS", "SUMMARY"];
    let sheet = || Sheet::of(heads, shown().map(|row| cells(shared, row))).text(&paper);
    print::told(matches, || shown().map(|row| object(shared, row)), sheet)?;
    let exit = exit(&glance);
    // The process ends: giving back the memory of thousands of alerts one by one would only take its time.
    std::mem::forget(glance);
    Ok(exit)
}

/// Who knows of alerts in this environment.
fn sources(config: &Config) -> Result<Vec<Source>, Failure> {
    let environment = config.opening();
    let rules = environment.is_some_and(|one| one.prometheus.is_some()).then_some(Source::Rules);
    let alerts = environment.is_some_and(|one| !one.alertmanagers.is_empty()).then_some(Source::Alerts);
    let sources: Vec<_> = rules.into_iter().chain(alerts).collect();
    if sources.is_empty() {
        let what = format!("the environment {} has neither an Alertmanager nor a Prometheus", config.environment);
        return Err(Failure::new(FailureKind::Config, what));
    }
    Ok(sources)
}

/// An alert that only a silent member knows is missing from the list: that has to be said.
fn silent_members(shared: &Shared) {
    let Some(set) = set(shared) else { return };
    for (member, fault) in set.members.iter().filter_map(|member| member.state.as_ref().err().map(|fault| (member, fault))) {
        let (answered, all) = (set.answered(), set.members.len());
        print::say(&format!("alertmanager: {answered} of {all} members answer; {}: {fault}", member.url));
    }
}

fn set(shared: &Shared) -> Option<&AlertSet> {
    match shared.store.data(&Source::Alerts) {
        Some(Data::Alerts(set)) => Some(set),
        _ => None,
    }
}

/// Rule 3: what could not be asked is not "no alerts".
fn exit(glance: &Glance) -> Exit {
    let Some((source, fault)) = glance.faults.first() else { return Exit::status(0) };
    let unknown = match source {
        Source::Rules => "what is pending is not known, and what fires is unconfirmed",
        _ => "what fires is not known but by Prometheus, and neither is what is silenced",
    };
    Exit::failed(&Failure { what: unknown.to_owned(), ..glance::failure(fault) })
}

fn cells(shared: &Shared, row: &Row) -> [Cell; 7] {
    let role = match (row.standing, row.severity) {
        (Standing::Suppressed, _) => Role::Dim,
        (_, Severity::Emergency | Severity::Critical) => Role::Critical,
        (_, Severity::Warning) => Role::Warning,
        (_, Severity::Info) => Role::Accent,
        (_, Severity::Unknown) => Role::Unknown,
    };
    let about = ["instance", "job", "service"].iter().find_map(|label| row.labels.get(label)).unwrap_or("-");
    [
        (role, row.labels.get("severity").unwrap_or("-").to_owned()),
        (role, row.standing.word().to_owned()),
        (Role::Text, lasting(shared, row)),
        (Role::Text, row.name().to_owned()),
        (Role::Accent, about.to_owned()),
        (Role::Text, members(shared, row)),
        (Role::Dim, row.summary().to_owned()),
    ]
}

/// For how long; a pending alert counts its `for`.
fn lasting(shared: &Shared, row: &Row) -> String {
    let age = human(shared.server_now().since(row.since));
    let hold = rows::rule(shared, &row.labels).and_then(|rule| rule.alerting.as_ref()).map(|alerting| alerting.hold);
    match (row.standing, hold) {
        (Standing::Pending, Some(hold)) => format!("{age} of {}", human(hold)),
        _ => age,
    }
}

fn members(shared: &Shared, row: &Row) -> String {
    let all = set(shared).map_or(0, |set| set.members.len());
    if row.members.is_empty() { "-".to_owned() } else { format!("{} of {all}", row.members.len()) }
}

/// An alert as it is printed, borrowed: in a storm there are thousands.
#[derive(Serialize)]
struct Told<'a, L> {
    environment: &'a str,
    fingerprint: &'a str,
    alert: &'a str,
    state: &'static str,
    severity: Option<&'a str>,
    since: String,
    labels: L,
    annotations: L,
    hidden_by: &'a [String],
    receivers: &'a [String],
    members: Vec<&'a str>,
    of_members: usize,
}

fn object<'a>(shared: &'a Shared, row: &'a Row) -> impl Serialize {
    let members = set(shared).map_or(&[][..], |set| &set.members);
    Told {
        environment: shared.environment().name.as_str(),
        fingerprint: &row.id,
        alert: row.name(),
        state: row.standing.word(),
        severity: row.labels.get("severity"),
        since: print::time(row.since),
        labels: print::labels(&row.labels),
        annotations: print::labels(&row.annotations),
        hidden_by: &row.hidden_by,
        receivers: &row.receivers,
        members: row.members.iter().filter_map(|n| members.get(*n)).map(|member| member.url.as_str()).collect(),
        of_members: members.len(),
    }
}
