//! `midwatch backups`: what the repositories of an environment hold, and what each backup's word is worth.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use serde_json::{Value, json};

use crate::cli::Subcommand;
use crate::cli::exit::Exit;
use crate::cli::{desk, open, print};
use crate::config::Overrides;
use crate::domain::backup::catalogue::{Attestation, Catalogue, Entry, Orphan};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::time::{Stamp, human};
use crate::domain::unit::Unit;
use crate::ports::World;
use crate::runtime::clerk::Clerk;
use crate::runtime::planner;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    Command::new("backups")
        .about("List the backups of an environment: what each is, and whether it is proved")
        .arg(Arg::new("repository").value_name("REPOSITORY").help("Only of this repository"))
        .arg(print::json_argument())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let name = matches.get_one::<String>("repository").map(String::as_str);
    let found = catalogues(&clerk, name).await?;
    print::told(matches, || objects(&found), || text(&found, clerk.world.now()))?;
    Ok(Exit::status(0))
}

/// What each repository holds.
pub async fn catalogues(clerk: &Clerk, name: Option<&str>) -> Result<Vec<(Name, Catalogue)>, Failure> {
    let site = planner::site(&clerk.config, &clerk.config.environment)?;
    let mut found = Vec::new();
    for spec in site.repositories(name)? {
        found.push((spec.name.clone(), clerk.world.repository(spec).await?.catalogue().await?));
    }
    Ok(found)
}

fn text(found: &[(Name, Catalogue)], now: Stamp) -> String {
    let mut text = String::new();
    for (name, catalogue) in found {
        let _ = writeln!(text, "{name}");
        for entry in &catalogue.entries {
            let _ = writeln!(text, "  {}", line(entry, now));
        }
        for orphan in &catalogue.orphans {
            let _ = writeln!(text, "  {}", left(orphan, now));
        }
        if catalogue.entries.is_empty() && catalogue.orphans.is_empty() {
            let _ = writeln!(text, "  no backup yet");
        }
    }
    text
}

fn left(orphan: &Orphan, now: Stamp) -> String {
    let (id, size) = (Clean::new(&orphan.id.0), bytes(orphan.bytes));
    let worth = match &orphan.why {
        Some(why) => format!("unreadable: {}", Clean::new(why)),
        None if orphan.is_fresh(now) => "orphan: no backup; a job may still be writing it".to_owned(),
        None => "orphan: no backup; midwatch clean removes it".to_owned(),
    };
    format!("{id:<48} {:>10}  {size:>9}  {worth}", "")
}

fn line(entry: &Entry, now: Stamp) -> String {
    let manifest = &entry.manifest;
    let age = human(now.since(manifest.times.consistent));
    let attested = match &entry.attestation {
        Attestation::Attested | Attestation::Forged => String::new(),
        Attestation::Unattested(key) => format!(", unattested: sealed with the key {}", Clean::new(key)),
    };
    let proof = entry.proofs.first().map(|proof| match proof.cause() {
        None => format!(", {} to restore", human(proof.restore)),
        Some(cause) => format!(", {}: {}", Clean::new(&cause.name), Clean::new(&cause.detail)),
    });
    let standing = entry.standing().words();
    let (id, size) = (Clean::new(&manifest.id.0), bytes(entry.bytes()));
    format!("{id:<48} {age:>10}  {size:>9}  {standing}{attested}{}", proof.unwrap_or_default())
}

fn bytes(count: u64) -> String {
    Unit("bytes".to_owned()).format(count as f64, None).to_string()
}

/// One object for each backup and for each orphan.
fn objects(found: &[(Name, Catalogue)]) -> impl Iterator<Item = Value> {
    found.iter().flat_map(|(name, catalogue)| {
        let backups = catalogue.entries.iter().map(move |entry| {
            let attested = matches!(entry.attestation, Attestation::Attested);
            let (standing, proofs) = (entry.standing().words(), &entry.proofs);
            json!({ "repository": name, "manifest": entry.manifest, "standing": standing, "attested": attested, "proofs": proofs })
        });
        let orphan = move |orphan: &Orphan| json!({ "id": orphan.id, "files": orphan.files, "bytes": orphan.bytes });
        let orphans = catalogue.orphans.iter().map(move |one| json!({ "repository": name, "orphan": orphan(one) }));
        backups.chain(orphans)
    })
}
