//! One look at an environment, for the shell: what the console keeps asking for is asked once, all at the same time, and taken in
//! by the same model. What a list of the console shows and what the shell prints of it cannot differ.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::adapters::http::Budget;
use crate::app::keymap::Keymap;
use crate::app::message::{Fed, Message};
use crate::app::model::{Model, Shared};
use crate::app::need::{Data, Need, Source};
use crate::app::setup::Setup;
use crate::app::update::update;
use crate::config::model::Config;
use crate::domain::bell::Bell;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::time::{Moment, Stamp};
use crate::runtime::fetch::World;
use crate::runtime::setup;

/// What was seen.
pub struct Glance {
    model: Model,
    /// What could not be learned, in the order of the questions.
    pub faults: Vec<(Source, Fault)>,
}

impl Glance {
    /// Asks the environment that opens.
    pub async fn at(config: &Config, sources: &[Source]) -> Result<Self, Failure> {
        let at = config.environments.iter().position(|environment| environment.name == config.environment).unwrap_or(0);
        let environment = config.environments.get(at).ok_or_else(|| Failure::new(FailureKind::Config, "no environment"))?;
        let world = World::new(environment.clone(), Budget::default(), None);
        let began = Instant::now();
        let asked = sources.iter().map(async |source| {
            let (reply, skew) = world.fetch(source).await;
            let at = Moment { wall: Stamp(jiff::Timestamp::now().as_millisecond()), mono: began.elapsed() };
            (source.clone(), reply.map(Arc::new), at, skew)
        });
        let mut glance = Self { model: model(config, at), faults: Vec::new() };
        for (source, reply, at, skew) in join_all(asked).await {
            glance.faults.extend(reply.as_ref().err().map(|fault| (source.clone(), fault.clone())));
            let (env, every) = (glance.shared().epoch, glance.shared().environment().refresh);
            update(&mut glance.model, Message::Fed(Fed { need: Need { env, source, every }, reply, at, skew }));
        }
        Ok(glance)
    }

    /// What is known now.
    pub fn shared(&self) -> &Shared {
        &self.model.shared
    }

    /// What a source answered; why it did not, as the shell tells it.
    pub fn data(&self, source: &Source) -> Result<&Data, Failure> {
        match self.faults.iter().find(|(asked, _)| asked == source) {
            Some((_, fault)) => Err(failure(fault)),
            None => self.shared().store.data(source).ok_or_else(|| Failure::new(FailureKind::Bug, "it was not asked")),
        }
    }
}

/// A model without keys: nobody presses any.
fn model(config: &Config, at: usize) -> Model {
    let environments = config.environments.iter().map(setup::environment).collect();
    let (keymap, bell) = (Keymap::default(), Bell::default());
    let setup = Setup { environments, keymap, bell, demo: false, response: config.response, shared_ledger: false };
    Model::new(setup, at, (0, 0), Moment::default())
}

/// A fault as the exit status tells it.
pub fn failure(fault: &Fault) -> Failure {
    let kind = match fault.kind {
        FaultKind::Denied => FailureKind::Denied,
        FaultKind::Refused => FailureKind::Usage,
        _ => FailureKind::Unavailable,
    };
    Failure::new(kind, fault.to_string())
}
