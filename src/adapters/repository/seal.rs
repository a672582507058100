//! Sealed documents: `{"seal":{"key":…,"hmac":…},"body":{…}}`. Who edits a manifest and redoes its hashes cannot redo its seal.
//!
//! The HMAC-SHA-256 is over the body's bytes exactly as they lie there, so that no other way of writing the same JSON has to be
//! agreed on.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

use crate::domain::backup::catalogue::Attestation;
use crate::domain::failure::{Failure, FailureKind};

/// The key that this host seals with.
#[derive(Clone)]
pub struct SealKey {
    name: Arc<str>,
    bytes: Arc<SecretBox<[u8; 32]>>,
}

impl SealKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let name = hex(&Sha256::digest(bytes)[..8]);
        Self { name: name.into(), bytes: Arc::new(SecretBox::new(Box::new(bytes))) }
    }

    /// What it is called in seals: the first 16 hex digits of its SHA-256. It tells nothing of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.bytes.expose_secret()).expect("any length is good").chain_update(body)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.name)
    }
}

#[derive(Serialize, Deserialize)]
struct Seal {
    key: String,
    hmac: String,
}

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    seal: Seal,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// A body in its sealed document, as it is to lie there.
pub fn seal(body: &impl Serialize, key: &SealKey) -> Result<Vec<u8>, Failure> {
    let bug = |e| Failure::new(FailureKind::Bug, format!("a document cannot be written: {e}"));
    let body = to_raw_value(body).map_err(bug)?;
    let hmac = hex(&key.mac(body.get().as_bytes()).finalize().into_bytes());
    let document = Document { seal: Seal { key: key.name().to_owned(), hmac }, body: &body };
    serde_json::to_vec(&document).map_err(bug)
}

/// A sealed document's body, and whether its seal holds; in words, why it cannot be read.
pub fn unseal<T: DeserializeOwned>(bytes: &[u8], key: Option<&SealKey>) -> Result<(T, Attestation), String> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|e| unreadable(bytes, &e))?;
    let attestation = attest(&document, key);
    let body = serde_json::from_str(document.body.get());
    match (body, attestation) {
        (Ok(body), attestation) => Ok((body, attestation)),
        (Err(e), Attestation::Forged) => Err(format!("it was changed after it was sealed: {e}")),
        (Err(e), _) => Err(format!("it is not of this format: {e}")),
    }
}

fn attest(document: &Document<'_>, key: Option<&SealKey>) -> Attestation {
    let Some(key) = key.filter(|key| key.name() == document.seal.key) else {
        return Attestation::Unattested(document.seal.key.clone());
    };
    // Written in another case it is the same number, but not the document that was sealed.
    let hmac = unhex(&document.seal.hmac).filter(|hmac| hex(hmac) == document.seal.hmac).unwrap_or_default();
    match key.mac(document.body.get().as_bytes()).verify_slice(&hmac) {
        Ok(()) => Attestation::Attested,
        Err(_) => Attestation::Forged,
    }
}

fn unreadable(bytes: &[u8], error: &serde_json::Error) -> String {
    match error.classify() {
        _ if bytes.is_empty() => "it is empty".to_owned(),
        serde_json::error::Category::Eof => format!("it is cut at byte {}", bytes.len()),
        _ => format!("it is damaged: {error}"),
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests;
