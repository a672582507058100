//! The rules of drills that stand in this host's own packet filter, whoever made them. Those in a container's network end with that.

use crate::adapters::control::host::Host;
use crate::adapters::firewall::rules::{Chain, INPUT, OUTPUT, program, strays};
use crate::adapters::firewall::{PATIENCE, WAIT, refusal};
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::Failure;
use crate::domain::firewall::{Family, Place, Stray};
use crate::ports::tools::Run;

/// Where drills have rules.
const CHAINS: [(Family, Chain); 3] = [(Family::V4, INPUT), (Family::V4, OUTPUT), (Family::V6, INPUT)];

/// All of them.
pub async fn all(around: &Surroundings) -> Result<Vec<Stray>, Failure> {
    let mut found = Vec::new();
    for (family, chain) in CHAINS {
        let listed = asked(family, chain.asked("-S"), around).await?;
        found.extend(strays(&listed, family, chain));
    }
    Ok(found)
}

/// Removes one.
pub async fn remove(stray: &Stray, around: &Surroundings) -> Result<(), Failure> {
    asked(stray.family, stray.removal.clone(), around).await.map(drop)
}

async fn asked(family: Family, args: Vec<String>, around: &Surroundings) -> Result<String, Failure> {
    let args = ["-w", WAIT].map(str::to_owned).into_iter().chain(args);
    let said = Host::new(None, around).run(&Run::new(program(family), args), PATIENCE).await?;
    if said.status.success() { Ok(said.out) } else { Err(refusal(&Place::Host { ssh: None }, family, &said)) }
}
