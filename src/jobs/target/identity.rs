//! That it is still the one that was confirmed.

use super::Target;
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::server::{self, Server};
use crate::jobs::step::Cx;
use crate::ports::World;
use crate::ports::control::Control;

impl Target {
    /// Refuses what is not the target that was confirmed: another container of the same name, another server at the same address.
    /// To be asked right before the effect. A server that does not answer is known by its control only.
    pub async fn confirm(&self, cx: &Cx<'_>, control: &dyn Control) -> Result<(), Failure> {
        let confirmed = &cx.plan.target.keys;
        let keys = control.keys().await?;
        let other = keys.iter().find(|key| !confirmed.contains(key)).cloned();
        if let Some(key) = other {
            return Err(refused(&format!("{} is {key} now, which was not confirmed", self.service.name)));
        }
        if self.server.is_empty() || cx.world.probe(&self.service).await.is_err() {
            return Ok(());
        }
        match server::told(cx.world, &self.environment, &self.service).await {
            Some(server) => self.is_still(&server),
            None => Ok(()),
        }
    }

    /// Refuses what is not the server that was confirmed, where the server alone says who it is: one that does not say so is not it.
    pub async fn confirm_server(&self, world: &dyn World) -> Result<(), Failure> {
        let silent =
            || Failure::new(FailureKind::Unavailable, format!("{} does not say which server it is now", self.service.name));
        self.is_still(&server::told(world, &self.environment, &self.service).await.ok_or_else(silent)?)
    }

    fn is_still(&self, server: &Server) -> Result<(), Failure> {
        if server.keys == self.server {
            return Ok(());
        }
        Err(refused(&format!("{} is {} now, which was not confirmed", self.service.name, server.words)))
    }

    /// The same of a service whose instances come and go: one that was confirmed must be among them, where there was one.
    pub async fn confirm_some(&self, cx: &Cx<'_>, control: &dyn Control) -> Result<(), Failure> {
        let keys = control.keys().await?;
        let kind = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
        let alike = |key: &&String| keys.iter().any(|other| kind(other) == kind(key));
        let mut confirmed = cx.plan.target.keys.iter().filter(alike).peekable();
        if confirmed.peek().is_none() || confirmed.any(|key| keys.contains(key)) {
            return Ok(());
        }
        Err(refused(&format!("{} is {} now, which was not confirmed", self.service.name, keys.join(", "))))
    }
}

fn refused(what: &str) -> Failure {
    Failure::refused(what).mend("look what runs there now, and ask again")
}
