//! What every subcommand that works on an environment begins with: the configuration, the ledger, the world.

use std::sync::Arc;

use crate::config::{self, Overrides, Places};
use crate::domain::failure::{Failure, FailureKind};
use crate::runtime::clerk::Clerk;

/// Opens them.
pub async fn open(overrides: &Overrides) -> Result<Clerk, Failure> {
    let config = config::load(overrides, &Places::of_process()?);
    let config = config.map_err(|error| Failure::new(FailureKind::Config, error.to_string()))?;
    Clerk::open(Arc::new(config)).await
}
