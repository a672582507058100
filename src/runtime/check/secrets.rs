//! Secrets: each is where its reference says, and only its owner can read it. What was found is never told.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::adapters::secret::SecretError;
use crate::config::model::Environment;
use crate::domain::secret::SecretRef;
use crate::runtime::check::{Finding, Subject, quoted};
use crate::runtime::connect::Vault;

/// Every secret of an environment.
pub fn check(environment: &Environment, vault: &Vault) -> Vec<Finding> {
    let told = |(name, from): (String, &SecretRef)| {
        let subject = Subject::of(environment, name);
        match vault.get(from) {
            Ok(_) => subject.good(from.to_string()),
            Err(error) => subject.missing(error.to_string(), mend(&error)),
        }
    };
    environment.secrets().into_iter().map(told).collect()
}

fn mend(error: &SecretError) -> String {
    match &error.from {
        SecretRef::File(path) => mend_file(path),
        SecretRef::Env(name) => format!("export {name}=… in the shell or unit that starts midwatch"),
        SecretRef::Cmd(line) => format!("run it and see: {line}"),
    }
}

fn mend_file(path: &Path) -> String {
    let quoted = quoted(&path.to_string_lossy());
    let write = || format!("install -m 600 /dev/stdin {quoted}, then type it and end with Ctrl-D");
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write(),
        Ok(about) if about.is_file() && about.len() == 0 => write(),
        Ok(about) if about.is_file() && about.mode() & 0o077 != 0 => format!("chmod 600 {quoted}"),
        _ => format!("ls -ld {quoted}: it must be a file that the user who runs midwatch may read"),
    }
}
