//! What repositories and jobs look like to Prometheus: a file for `node_exporter`'s textfile collector, in the text exposition
//! format 0.0.4. Times are Unix seconds, so that an alert can tell an age by `time() - …` even when nothing writes the file
//! any more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::domain::backup::catalogue::{Catalogue, Entry, Standing};
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::time::Stamp;
use crate::jobs::site::Site;
use crate::ports::World;

/// Every metric: name and help. All are gauges.
const FAMILIES: &[(&str, &str)] = &[
    ("midwatch_backup_timestamp_seconds", "The moment that the data of the newest backup is of."),
    ("midwatch_backup_size_bytes", "The size of the newest backup in its repository."),
    ("midwatch_backup_proved_timestamp_seconds", "The moment that the data of the newest proved backup is of."),
    ("midwatch_proof_timestamp_seconds", "When a backup was last proved by a restore."),
    ("midwatch_proof_restore_seconds", "How long that restore took: the RTO measured."),
    ("midwatch_proof_failed", "1 where the newest backup that was tried could not be proved."),
    ("midwatch_backup_rpo_seconds", "The configured age that the newest proved backup may reach."),
    ("midwatch_backup_rto_seconds", "The configured time that a restore may take."),
    ("midwatch_repository_orphans", "What interrupted backups left in the repository."),
    ("midwatch_jobs_failed", "Jobs in the ledger that failed or got stuck, by routine."),
    ("midwatch_metrics_timestamp_seconds", "When these metrics were written."),
];

/// Asks an environment's repositories, and says what its metrics are now.
pub async fn gather(site: &Site, failed: &BTreeMap<String, u64>, world: &dyn World) -> Result<Sheet, Failure> {
    let mut catalogues = Vec::new();
    for spec in &site.repositories {
        catalogues.push((spec.name.clone(), world.repository(spec).await?.catalogue().await?));
    }
    Ok(sheet(site, &catalogues, failed, world.now()))
}

/// The metrics of one environment.
fn sheet(site: &Site, catalogues: &[(Name, Catalogue)], failed: &BTreeMap<String, u64>, now: Stamp) -> Sheet {
    let mut sheet = Sheet::default();
    for (repository, catalogue) in catalogues {
        for service in &site.services {
            let labels = vec![("environment", &site.environment), ("service", &service.name), ("repository", repository)];
            sheet.service(&labels, &catalogue.of(&site.environment, &service.name).collect::<Vec<_>>());
        }
        let labels = [("environment", &site.environment), ("repository", repository)];
        sheet.add("midwatch_repository_orphans", &labels, catalogue.orphans.len() as f64);
    }
    for service in &site.services {
        let Some(policy) = &service.backup else { continue };
        let labels = [("environment", &site.environment), ("service", &service.name)];
        policy.rpo.inspect(|rpo| sheet.add("midwatch_backup_rpo_seconds", &labels, rpo.as_secs_f64()));
        policy.rto.inspect(|rto| sheet.add("midwatch_backup_rto_seconds", &labels, rto.as_secs_f64()));
    }
    for (routine, count) in failed {
        let routine = Name::from(routine.as_str());
        sheet.add("midwatch_jobs_failed", &[("environment", &site.environment), ("routine", &routine)], *count as f64);
    }
    sheet.add("midwatch_metrics_timestamp_seconds", &[("environment", &site.environment)], now.seconds());
    sheet
}

/// One sample: its labels, and its value.
pub type Sample = (Vec<(&'static str, Name)>, f64);

/// Samples by their family.
#[derive(Debug, Default)]
pub struct Sheet(BTreeMap<&'static str, Vec<Sample>>);

impl Sheet {
    fn add(&mut self, family: &'static str, labels: &[(&'static str, &Name)], value: f64) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).clone())).collect();
        self.0.entry(family).or_default().push((labels, value));
    }

    /// Every sample with its family, in the order of [`FAMILIES`].
    pub fn samples(&self) -> impl Iterator<Item = (&'static str, &Sample)> {
        FAMILIES.iter().flat_map(|(family, _)| self.0.get(family).into_iter().flatten().map(|sample| (*family, sample)))
    }

    /// What is known of one service in one repository, its backups the newest first.
    fn service(&mut self, labels: &[(&'static str, &Name)], entries: &[&Entry]) {
        let Some(newest) = entries.first() else { return };
        self.add("midwatch_backup_timestamp_seconds", labels, newest.manifest.times.consistent.seconds());
        self.add("midwatch_backup_size_bytes", labels, newest.bytes() as f64);
        if let Some(proved) = entries.iter().find(|entry| entry.standing() == Standing::Proved) {
            self.add("midwatch_backup_proved_timestamp_seconds", labels, proved.manifest.times.consistent.seconds());
        }
        let tried = entries.iter().find(|entry| entry.standing() != Standing::ChecksumOnly);
        let failed = tried.is_some_and(|entry| entry.standing() != Standing::Proved);
        self.add("midwatch_proof_failed", labels, f64::from(u8::from(failed)));
        let good = entries.iter().flat_map(|entry| &entry.proofs).filter(|proof| proof.is_good()).max_by_key(|proof| proof.at);
        if let Some(proof) = good {
            self.add("midwatch_proof_timestamp_seconds", labels, proof.at.seconds());
            self.add("midwatch_proof_restore_seconds", labels, proof.restore.as_secs_f64());
        }
    }

    /// In the text exposition format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (family, help) in FAMILIES {
            let Some(samples) = self.0.get(family) else { continue };
            let _ = writeln!(text, "# HELP {family} {help}\n# TYPE {family} gauge");
            for (labels, value) in samples {
                let labels: Vec<_> =
                    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value.as_str()))).collect();
                let _ = writeln!(text, "{family}{{{}}} {value}", labels.join(","));
            }
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Writes the file so that `node_exporter` never reads half of it.
pub fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".midwatch").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
