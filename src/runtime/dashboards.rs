//! Reads the dashboards that an environment names: files, folders, globs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::need::DashboardFile;
use crate::domain::fault::{Fault, FaultKind};
use crate::grafana;

/// Every dashboard behind these globs, in the order of their paths. One that cannot be read is among them, with the reason.
///
/// # Errors
/// A fault of midwatch itself.
pub async fn load(globs: Vec<String>) -> Result<Vec<DashboardFile>, Fault> {
    let read = move || paths(&globs).into_iter().map(file).collect();
    tokio::task::spawn_blocking(read).await.map_err(|e| Fault::new(FaultKind::Broken, e.to_string()))
}

/// The files behind globs, folders standing for the JSON files in them.
pub fn paths(globs: &[String]) -> Vec<PathBuf> {
    let folder = |glob: &String| if PathBuf::from(glob).is_dir() { format!("{glob}/*.json") } else { glob.clone() };
    let matches = |glob: String| glob::glob(&glob).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = globs.iter().map(folder).flat_map(matches).filter(|p| p.is_file()).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn file(path: PathBuf) -> DashboardFile {
    let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
    let dashboard = text.and_then(|text| grafana::read(&text).map(Arc::new).map_err(|e| e.to_string()));
    DashboardFile { path: path.display().to_string(), dashboard }
}
