//! Reads the dashboards that an environment names: files, folders, globs.

use std::path::Path;
use std::sync::Arc;

use crate::app::need::DashboardFile;
use crate::config::model::Pattern;
use crate::domain::fault::{Fault, FaultKind};
use crate::grafana;

/// Every dashboard behind these patterns, in the order of their paths. One that cannot be read is among them, with the reason.
///
/// # Errors
/// A fault of midwatch itself.
pub async fn load(patterns: Vec<Pattern>) -> Result<Vec<DashboardFile>, Fault> {
    let read = move || patterns.iter().flat_map(behind).collect();
    let mut files: Vec<DashboardFile> =
        tokio::task::spawn_blocking(read).await.map_err(|e| Fault::new(FaultKind::Broken, e.to_string()))?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// The dashboards of one pattern; a folder that cannot be read stands for what is in it.
fn behind(pattern: &Pattern) -> Vec<DashboardFile> {
    match pattern.files("json") {
        Ok(paths) => paths.iter().map(|path| file(path)).collect(),
        Err(error) => vec![DashboardFile { path: pattern.written.clone(), dashboard: Err(error.to_string()) }],
    }
}

fn file(path: &Path) -> DashboardFile {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
    let dashboard = text.and_then(|text| grafana::read(&text).map(Arc::new).map_err(|e| e.to_string()));
    DashboardFile { path: path.display().to_string(), dashboard }
}
