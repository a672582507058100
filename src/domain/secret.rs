//! Where a secret is to be found. The secret itself is never a plain value: adapters read it, use it and forget it.

use std::fmt;
use std::path::PathBuf;

/// A reference to a secret, as the configuration spells it. Safe to show: it names a place, not what is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// `file:/etc/midwatch/password`: the file's text without its last newline.
    File(PathBuf),
    /// `env:PGPASSWORD`: an environment variable.
    Env(String),
    /// `cmd:pass show shop/db`: what a shell command prints, without its last newline.
    Cmd(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Cmd(line) => write!(f, "cmd:{line}"),
        }
    }
}
