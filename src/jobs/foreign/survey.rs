//! Looks through a folder or a bucket for backups. Reads the beginning of each file, and all of small ones that may be roles.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::jobs::foreign::find::{self, Found, Kind, Suspect};
use crate::jobs::foreign::read;
use crate::jobs::foreign::script::Script;
use crate::ports::trove::{Listed, Trove};

/// The largest file that may be roles only.
const ROLES: u64 = 8 << 20;

/// What a folder or a bucket holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The backups, by path.
    pub found: Vec<Found>,
    /// Files of roles, without data.
    pub roles: Vec<Listed>,
    /// What is no backup that is known.
    pub others: Vec<String>,
}

/// Looks through a trove.
pub async fn survey(trove: &Arc<dyn Trove>) -> Result<Survey, Failure> {
    let (folders, suspects) = find::sort(&trove.list().await?);
    let mut survey = Survey { found: folders, ..Survey::default() };
    for Suspect { file, sidecar } in suspects {
        let head = read::head(&**trove, &file).await?;
        match find::kind(&file.path, &head) {
            None => survey.others.push(file.path),
            Some(Kind::Script) if has_roles_only(&**trove, &file, &head).await? => survey.roles.push(file),
            Some(kind) => survey.found.push(Found { kind, path: file.path.clone(), files: vec![file], sidecar, roles: None }),
        }
    }
    survey.found.sort_by(|a, b| a.path.cmp(&b.path));
    for found in survey.found.iter_mut().filter(|found| found.kind != Kind::Rdb) {
        found.roles = beside(&survey.roles, found);
    }
    Ok(survey)
}

async fn has_roles_only(trove: &dyn Trove, file: &Listed, head: &[u8]) -> Result<bool, Failure> {
    let is_cluster = String::from_utf8_lossy(&head[..head.len().min(4096)]).contains("PostgreSQL database cluster dump");
    if !is_cluster || file.bytes > ROLES {
        return Ok(false);
    }
    let mut script = Script::default();
    read::whole(trove, file, |bytes, _| script.feed(bytes)).await?;
    let (told, _) = script.end();
    Ok(told.dumps == 0)
}

/// Of the files of roles in the same folder, the one that was written nearest in time.
fn beside(roles: &[Listed], found: &Found) -> Option<Listed> {
    let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let at = found.files.iter().filter_map(|file| file.modified).max();
    let apart = |file: &&Listed| file.modified.zip(at).map_or(u64::MAX, |(a, b)| a.0.abs_diff(b.0));
    roles.iter().filter(|file| file.folder() == folder).min_by_key(apart).cloned()
}
