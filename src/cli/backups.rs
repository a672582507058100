//! `midwatch backups`: what the repositories of an environment hold, and what each backup's word is worth.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};

use crate::cli::Subcommand;
use crate::cli::exit::Exit;
use crate::cli::{desk, open};
use crate::config::Overrides;
use crate::domain::backup::catalogue::{Attestation, Catalogue, Entry};
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
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object"))
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(list(overrides, matches).await) })
}

async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let name = matches.get_one::<String>("repository").map(String::as_str);
    let found = catalogues(&clerk, name).await?;
    let now = clerk.world.now();
    let text = if matches.get_flag("json") { format!("{:#}\n", object(&found)) } else { text(&found, now) };
    desk::print(&text)?;
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
            let (id, size) = (Clean::new(&orphan.id.0), bytes(orphan.bytes));
            let _ = writeln!(text, "  {id:<48} {:>10}  {size:>9}  orphan: no backup; midwatch clean removes it", "");
        }
        if catalogue.entries.is_empty() && catalogue.orphans.is_empty() {
            let _ = writeln!(text, "  no backup yet");
        }
    }
    text
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

fn object(found: &[(Name, Catalogue)]) -> Value {
    let repositories = found.iter().map(|(name, catalogue)| {
        let backups = catalogue.entries.iter().map(|entry| {
            json!({
                "manifest": entry.manifest,
                "standing": entry.standing().words(),
                "attested": matches!(entry.attestation, Attestation::Attested),
                "proofs": entry.proofs,
            })
        });
        let orphans =
            catalogue.orphans.iter().map(|orphan| json!({ "id": orphan.id, "files": orphan.files, "bytes": orphan.bytes }));
        json!({ "repository": name, "backups": backups.collect::<Vec<_>>(), "orphans": orphans.collect::<Vec<_>>() })
    });
    json!({ "schema": 1, "repositories": repositories.collect::<Vec<_>>() })
}
