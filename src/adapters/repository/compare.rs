//! Whether a file still is what its facts say, and where it is not.

use std::sync::Arc;

use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use crate::adapters::repository::blocks::{Blocks, pieces, span};
use crate::adapters::repository::seal::hex;
use crate::adapters::repository::store::Store;
use crate::domain::backup::catalogue::Catalogue;
use crate::domain::backup::{BLOCK, BackupId, FileFacts};
use crate::domain::failure::{Failure, FailureKind};

/// How many places of damage are named.
const NAMED: usize = 3;

/// Whether what lies at a key is the file, by size and hash. One pass.
pub async fn is_whole(store: &Arc<dyn Store>, key: &str, facts: &FileFacts) -> Result<bool, Failure> {
    if store.size(key).await? != Some(facts.bytes) {
        return Ok(false);
    }
    Ok(survey(store, key, facts.bytes, None).await?.sha256 == facts.sha256)
}

/// What is wrong with a file that is not whole. The catalogue tells whose file it is, if it is another's.
pub async fn explain(
    store: &Arc<dyn Store>,
    key: &str,
    id: &BackupId,
    facts: &FileFacts,
    catalogue: &Catalogue,
) -> Result<Failure, Failure> {
    let what = match store.size(key).await? {
        None => "it is missing".to_owned(),
        Some(size) => {
            let seen = survey(store, key, size, Some(facts)).await?;
            owner(catalogue, id, facts, &seen.sha256).unwrap_or_else(|| difference(size, facts, &seen))
        }
    };
    Ok(Failure::new(FailureKind::Damaged, format!("{}: {what}", store.told(key))))
}

/// What one reading of a file saw.
struct Survey {
    sha256: String,
    /// The blocks, as far as the file should and does go, that are not what they were.
    wrong: Vec<usize>,
    /// Whether those hold nothing but zeros.
    zeros: bool,
}

/// Blocks are looked at where there are facts to compare them with.
async fn survey(store: &Arc<dyn Store>, key: &str, size: u64, facts: Option<&FileFacts>) -> Result<Survey, Failure> {
    let comparable = facts.map_or(0, |facts| facts.bytes.min(size));
    let mut seen = Seen { whole: Sha256::new(), blocks: Blocks::default(), bytes: 0, comparable, zeros: Vec::new() };
    let mut stream = pieces(store.clone(), key.to_owned(), size);
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        let hashed = tokio::task::spawn_blocking(move || seen.with(&piece));
        seen = hashed.await.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))?;
    }
    Ok(seen.survey(facts))
}

/// What was seen so far.
struct Seen {
    whole: Sha256,
    blocks: Blocks,
    bytes: u64,
    /// How many bytes have something to be compared with.
    comparable: u64,
    /// Of each block, whether it holds nothing but zeros.
    zeros: Vec<bool>,
}

impl Seen {
    fn with(mut self, piece: &[u8]) -> Self {
        self.whole.update(piece);
        let left = self.comparable.saturating_sub(self.bytes).min(piece.len() as u64) as usize;
        if left > 0 {
            self.blocks.update(&piece[..left]);
            self.zeros.resize((self.bytes / BLOCK) as usize + 1, true);
            if let Some(zeros) = self.zeros.last_mut() {
                *zeros &= piece[..left].iter().all(|byte| *byte == 0);
            }
        }
        self.bytes += piece.len() as u64;
        self
    }

    /// A block that is cut cannot be compared.
    fn survey(self, facts: Option<&FileFacts>) -> Survey {
        let sha256 = hex(&self.whole.finalize());
        let Some(facts) = facts else { return Survey { sha256, wrong: Vec::new(), zeros: false } };
        let is_cut = |n: usize| self.bytes < facts.bytes && (n as u64 + 1) * BLOCK > self.bytes;
        let pairs = self.blocks.finish().into_iter().zip(&facts.blocks).enumerate();
        let wrong: Vec<_> = pairs.filter(|(n, (is, was))| is != *was && !is_cut(*n)).map(|(n, _)| n).collect();
        let zeros = wrong.iter().all(|n| self.zeros[*n]);
        Survey { sha256, wrong, zeros }
    }
}

/// Whose file it is, if it is another's: swapped, or of another generation.
fn owner(catalogue: &Catalogue, id: &BackupId, facts: &FileFacts, sha256: &str) -> Option<String> {
    let all = catalogue.entries.iter().flat_map(|entry| entry.manifest.files.iter().map(move |file| (entry, file)));
    let (entry, file) = all.into_iter().find(|(entry, file)| {
        let itself = entry.manifest.id == *id && file.name == facts.name;
        !itself && file.sha256 == sha256
    })?;
    let whose = if entry.manifest.id == *id { "this backup".to_owned() } else { format!("the backup {}", entry.manifest.id) };
    Some(format!("this is the file {} of {whose}", file.name))
}

fn difference(size: u64, facts: &FileFacts, seen: &Survey) -> String {
    let changed = places(&seen.wrong, facts.bytes.min(size));
    let zeros = if seen.zeros { ": they are all zeros" } else { "" };
    let changed = changed.map(|places| format!("{places} changed since the backup{zeros}"));
    let length = match size {
        size if size < facts.bytes => Some(format!("it is cut at byte {size} of {}", facts.bytes)),
        size if size > facts.bytes => Some(format!("it is {} bytes longer than it was", size - facts.bytes)),
        _ => None,
    };
    match (length, changed) {
        (Some(length), Some(changed)) => format!("{length}, and {changed}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if seen.sha256 == facts.sha256 => {
            "it was read differently twice: this host's disk or memory fails".to_owned()
        }
        (None, None) => "its hashes in the manifest contradict each other".to_owned(),
    }
}

/// Blocks in a row as one place each, the first few of them.
fn places(wrong: &[usize], size: u64) -> Option<String> {
    let runs = wrong.chunk_by(|a, b| a + 1 == *b);
    let mut told: Vec<_> = runs.filter_map(|run| Some(span(*run.first()?, *run.last()?, size))).collect();
    let more = told.len().saturating_sub(NAMED);
    told.truncate(NAMED);
    if more > 0 {
        told.push(format!("{more} more places"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}
