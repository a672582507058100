//! Alertmanager's API v2, asked of several members at once. Source of the shapes: Alertmanager's `api/v2/openapi.yaml`.
//!
//! What one member knows counts: alerts, groups and silences are united over all that answer, beside those that did not. That none
//! answers is a fault, never an empty list.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::adapters::http::{Ask, Budget, Endpoint, Http, Typed};
use crate::domain::alert::{AlertGroup, AlertSet, Member, MemberStatus, Silence, Union};
use crate::domain::fault::{Fault, FaultKind};

mod merge;
mod wire;

/// How long the other members are waited for once one has answered.
const GRACE: Duration = Duration::from_secs(2);

/// Every Alertmanager of one environment. Cloning shares their connections.
#[derive(Clone, Debug)]
pub struct Alertmanagers {
    members: Vec<Http>,
}

/// What each member said, in the order of configuration.
type Said<T> = Vec<Result<T, Fault>>;

impl Alertmanagers {
    /// Clients for `endpoints`; connects to nothing yet.
    pub fn new(endpoints: &[Endpoint], budget: &Budget) -> Result<Self, Fault> {
        let members: Result<Vec<_>, _> = endpoints.iter().map(|e| Http::new(e, budget.clone())).collect();
        Ok(Self { members: members? })
    }

    /// Their URLs, for display: they hold no credentials.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(Http::place)
    }

    /// How far each one's clock is ahead of ours, in milliseconds, by its newest answer.
    pub fn skews(&self) -> Vec<Option<i64>> {
        self.members.iter().map(Http::skew).collect()
    }

    /// The alerts that any member knows, and the state of every member.
    pub async fn alerts(&self) -> Result<AlertSet, Fault> {
        let (known, members) = self.listed("/api/v2/alerts").await?;
        Ok(AlertSet { alerts: merge::alerts(known), members })
    }

    /// The groups that any member notifies of.
    pub async fn groups(&self) -> Result<Union<AlertGroup>, Fault> {
        let (known, members) = self.listed("/api/v2/alerts/groups").await?;
        Ok(Union { known: merge::groups(known), members })
    }

    /// The silences that any member knows, as the member with the newest version knows it; expired ones among them.
    pub async fn silences(&self) -> Result<Union<Silence>, Fault> {
        let (known, members) = self.listed("/api/v2/silences").await?;
        Ok(Union { known: merge::silences(known), members })
    }

    /// The names of everyone who may be notified, sorted.
    pub async fn receivers(&self) -> Result<Vec<String>, Fault> {
        let ask = |member: Http| async move { listed::<wire::Receiver>(&member, "/api/v2/receivers").await };
        let mut names: Vec<_> = any(self.each(ask).await)?.into_iter().flatten().flatten().map(|r| r.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// What every member says of itself.
    pub async fn status(&self) -> Vec<Member> {
        self.members_with(self.each(status).await)
    }

    fn members_with(&self, states: Said<MemberStatus>) -> Vec<Member> {
        self.places().zip(states).map(|(url, state)| Member { url: url.to_owned(), state }).collect()
    }

    /// What each member lists, with its number, and the state of every member.
    async fn listed<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &'static str,
    ) -> Result<(Vec<(usize, T)>, Vec<Member>), Fault> {
        let said = any(self.each(|member| listed_with_status(member, path)).await)?;
        let mut known = Vec::new();
        let state = |(n, answer): (usize, Result<(Vec<T>, MemberStatus), Fault>)| {
            let (list, status) = answer?;
            known.extend(list.into_iter().map(|one| (n, one)));
            Ok(status)
        };
        let states = said.into_iter().enumerate().map(state).collect();
        Ok((known, self.members_with(states)))
    }

    /// Asks all members at once. Once one has answered, the others have a short grace: a member that hangs keeps nobody waiting.
    ///
    /// Each question owns its client: a future that borrowed it could not be spawned.
    async fn each<T, F: Future<Output = Result<T, Fault>>>(&self, ask: impl Fn(Http) -> F) -> Said<T> {
        let late = |m: &Http| {
            Err(Fault::new(FaultKind::Timeout, format!("{}: the other members answered {GRACE:?} earlier", m.place())))
        };
        let mut said: Said<T> = self.members.iter().map(late).collect();
        let numbered = |(n, member): (usize, &Http)| {
            let answer = ask(member.clone());
            async move { (n, answer.await) }
        };
        let mut asking: FuturesUnordered<_> = self.members.iter().enumerate().map(numbered).collect();
        // No member's own deadline is as far away as this.
        let mut until = Instant::now() + Duration::from_secs(86_400);
        while let Ok(Some((n, answer))) = tokio::time::timeout_at(until, asking.next()).await {
            if answer.is_ok() {
                until = until.min(Instant::now() + GRACE);
            }
            said[n] = answer;
        }
        said
    }
}

async fn listed<T: DeserializeOwned + Send + 'static>(member: &Http, path: &str) -> Result<Vec<T>, Fault> {
    member.call(Ask::get(path, &[]), Typed::new()).await
}

async fn listed_with_status<T: DeserializeOwned + Send + 'static>(
    member: Http,
    path: &'static str,
) -> Result<(Vec<T>, MemberStatus), Fault> {
    let (list, status) = tokio::join!(listed(&member, path), status(member.clone()));
    // A member that lists what it knows is reachable, whatever its status page says.
    Ok((list?, status.unwrap_or_default()))
}

async fn status(member: Http) -> Result<MemberStatus, Fault> {
    member.call(Ask::get("/api/v2/status", &[]), Typed::<wire::Status>::new()).await.map(wire::Status::into_domain)
}

/// Everything that was said, where anybody said anything; else one fault for all, in the words of the first.
fn any<T>(said: Said<T>) -> Result<Said<T>, Fault> {
    let silent = said.iter().all(Result::is_err);
    match said.iter().find_map(|s| s.as_ref().err()) {
        Some(first) if silent => Err(match said.len() {
            1 => first.clone(),
            n => Fault::new(first.kind, format!("none of {n} Alertmanagers answered; the first: {}", first.detail)),
        }),
        None if said.is_empty() => Err(Fault::new(FaultKind::Unreachable, "no Alertmanager is configured")),
        _ => Ok(said),
    }
}
