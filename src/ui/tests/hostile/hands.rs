//! What a control, a log and a database tell, all of it in somebody else's words.

use crate::app::model::Model;
use crate::app::tests::fixtures::services::{chain, instance, postgres, redis, stands, tells, wrote};
use crate::domain::control::{Instance, LogAsk, LogLine};
use crate::domain::triage::Triage;
use crate::domain::triage::postgres::{Session, Upstream, Wanted, Who};

/// A service whose control, log and sessions are somebody else's words.
pub fn in_hand(model: &mut Model, service: &str, evil: &str) {
    let one = Instance { name: evil.into(), image: Some(evil.into()), detail: Some(evil.into()), ..instance("a", 1.0) };
    stands(model, service, vec![one]);
    let line = LogLine { at: None, instance: evil.into(), text: evil.into(), cut: 9 };
    wrote(
        model,
        service,
        LogAsk { tail: Some(1000), ..LogAsk::default() },
        vec![line.clone(), LogLine { instance: "b".into(), ..line }],
    );
    let who = Who { user: evil.into(), database: evil.into(), application: evil.into(), client: evil.into() };
    let wants = Wanted { mode: evil.into(), on: evil.into(), since: None };
    let wrong = |session: Session| Session {
        who: who.clone(),
        query: evil.into(),
        wants: Some(wants.clone()),
        wait: Some(evil.into()),
        ..session
    };
    let mut told = postgres(chain().into_iter().map(wrong).collect());
    let replication = &mut told.replication;
    replication.position = evil.into();
    for follower in &mut replication.followers {
        (follower.name, follower.client, follower.state, follower.sync) = (evil.into(), evil.into(), evil.into(), evil.into());
    }
    replication.slots.iter_mut().for_each(|slot| (slot.name, slot.kind, slot.status) = (evil.into(), evil.into(), evil.into()));
    let upstream =
        Upstream { state: evil.into(), from: evil.into(), received: evil.into(), replayed: evil.into(), ..Upstream::default() };
    replication.upstream = Some(upstream);
    tells(model, service, Triage::Postgres(Box::new(told)));
}

/// A Redis with clients and commands of such words.
pub fn cache(model: &mut Model, service: &str, evil: &str) {
    let mut told = redis();
    for client in &mut told.clients {
        (client.address, client.name, client.user, client.command) = (evil.into(), evil.into(), evil.into(), evil.into());
    }
    told.slowlog.iter_mut().for_each(|slow| (slow.command, slow.client) = (evil.into(), evil.into()));
    (told.memory.policy, told.denied) = (evil.into(), vec![evil.into()]);
    tells(model, service, Triage::Redis(Box::new(told)));
}
