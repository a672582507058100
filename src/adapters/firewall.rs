//! The packet filter before a service, by `iptables` and `ip6tables`: in the network of each of its containers, or on its host, here
//! or behind `ssh`. Only the exact port is touched, at the addresses where the service listens, and never one that midwatch or its
//! operators need.
//!
//! Every rule carries a mark, by which it is found and removed again whoever made it. It knows no drill.

use std::time::Duration;

use crate::adapters::control::docker::Docker;
use crate::adapters::control::docker::container::Facts;
use crate::adapters::control::docker::set::Set;
use crate::adapters::control::host::{Host, Said, last};
use crate::adapters::firewall::exempt::{Exempt, Lines};
use crate::adapters::firewall::rules::{Lapse, Rule, chains, lacks_match, marked, program, rules};
use crate::adapters::firewall::sockets::listening;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::access::Reach;
use crate::domain::control::{ControlSpec, Way};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::firewall::{Cut, Family, Fate, Gate, Place};
use crate::domain::number::counted;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::ServiceSpec;
use crate::ports::Promise;
use crate::ports::firewall::Firewall;
use crate::ports::tools::Run;

pub mod exempt;
mod rules;
mod sockets;
pub mod strays;

/// Runs a program in a container's network.
const ENTER: &str = include_str!("firewall/enter.sh");
/// What [`ENTER`] ends with where the network cannot be seen, and where it is no container's.
const UNSEEN: i32 = 97;
const NOT_THERE: i32 = 98;
/// How long one question to the packet filter may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the filter's lock is waited for, in seconds: Docker changes its rules, too.
const WAIT: &str = "10";
/// How often what is left is removed.
const ROUNDS: usize = 5;
/// What `iptables -C` ends with where there is no such rule.
const NO_SUCH_RULE: i32 = 1;

/// The packet filter before one service.
pub struct Filter {
    service: ServiceSpec,
    host: Host,
    ssh: Option<String>,
    docker: Option<Docker>,
    lines: Lines,
}

impl Filter {
    /// That of a service with a control. `exempt` is what midwatch itself talks to. Connects to nothing yet.
    pub fn new(service: &ServiceSpec, spec: &ControlSpec, exempt: Vec<Exempt>, around: &Surroundings) -> Result<Self, Failure> {
        let docker = match &spec.way {
            Way::Docker { container } => Some(Docker::new(Set::named(container), spec, around)?),
            Way::Compose { project, service } => Some(Docker::new(Set::compose(project, service), spec, around)?),
            Way::Process(_) | Way::Systemd { .. } => None,
        };
        let host = Host::new(spec.ssh.as_deref(), around);
        let lines = Lines::new(exempt, spec.ssh.as_deref(), around);
        Ok(Self { service: service.clone(), host, ssh: spec.ssh.clone(), docker, lines })
    }

    async fn found(&self, instance: Option<&str>) -> Result<Vec<Gate>, Failure> {
        self.lines.spare(&self.service)?;
        let mut gates = Vec::new();
        for (place, port) in self.places(instance).await? {
            if matches!(place, Place::Host { .. }) {
                self.lines.spare_host(port).await?;
            }
            let tables = self.run(&place, "cat", vec!["/proc/net/tcp".to_owned(), "/proc/net/tcp6".to_owned()]).await?;
            let at = listening(&tables.out, port);
            if at.is_empty() {
                let what =
                    format!("nothing listens at port {port} of {}: {} cannot be cut off there", place.words(), self.service.name);
                return Err(Failure::refused(what).mend("reach it by the port that it listens at"));
            }
            gates.push(Gate { place, port, at });
        }
        Ok(gates)
    }

    /// The namespaces that the service's connections come into, with its port in each.
    async fn places(&self, instance: Option<&str>) -> Result<Vec<(Place, u16)>, Failure> {
        let Some(docker) = &self.docker else {
            return Ok(vec![(Place::Host { ssh: self.ssh.clone() }, self.outer()?)]);
        };
        let all = docker.near().await?;
        let port = self.inner(&all)?;
        let meant = all.iter().filter(|facts| instance.is_none_or(|name| facts.name() == name) && facts.state.pid > 0);
        let places: Vec<_> = meant.map(|facts| Ok((self.place(facts)?, port))).collect::<Result<_, Failure>>()?;
        if places.is_empty() {
            return Err(Failure::refused(format!("no container of {} runs: there is nothing to cut off", self.service.name)));
        }
        Ok(places)
    }

    fn place(&self, facts: &Facts) -> Result<Place, Failure> {
        let (ssh, name) = (self.ssh.clone(), facts.name().to_owned());
        match facts.network() {
            "host" => Ok(Place::Host { ssh }),
            other if other.starts_with("container:") => {
                Err(Failure::refused(format!("{name} has another container's network: cutting it off would cut off both")))
            }
            _ => Ok(Place::Container { ssh, id: facts.id.clone(), name }),
        }
    }

    /// The port that the service is reached by on its host.
    fn outer(&self) -> Result<u16, Failure> {
        match &self.service.access.reach {
            Reach::Tcp { port, .. } => Ok(*port),
            other => {
                let what =
                    format!("{} is reached by {other}, not by a port: nobody knows which one to cut off", self.service.name);
                Err(Failure::refused(what).mend("reach it by tcp"))
            }
        }
    }

    /// The port that it listens at in its containers: the one that the reach leads to.
    fn inner(&self, all: &[Facts]) -> Result<u16, Failure> {
        match (&self.service.access.reach, self.service.kind) {
            (Reach::Tcp { port, .. }, _) => Ok(all.iter().find_map(|facts| facts.published(*port)).unwrap_or(*port)),
            (Reach::Network { port, .. }, _) => Ok(*port),
            (_, ServiceKind::Postgres) => Ok(5432),
            (_, ServiceKind::Redis) => Ok(6379),
            (_, ServiceKind::Http) => self.outer(),
        }
    }

    /// Runs a program in a namespace to its end. A container that is gone has none.
    async fn run(&self, place: &Place, program: &str, args: Vec<String>) -> Result<Said, Failure> {
        let Place::Container { id, name, .. } = place else {
            return self.host.run(&Run::new(program, args), PATIENCE).await;
        };
        let pid = self.pid(id).await?.ok_or_else(|| Failure::refused(format!("{name} does not run any more")))?;
        let words = ["-c", ENTER, "midwatch", &pid.to_string(), program].map(str::to_owned).into_iter().chain(args);
        let said = self.host.run(&Run::new("sh", words), PATIENCE).await?;
        match said.status.code() {
            Some(UNSEEN) => Err(denied(format!("the network of {name} may not be entered"))),
            Some(NOT_THERE) => Err(Failure::refused(format!(
                "process {pid} is not {name}: Docker runs on another host, or in a machine of its own"
            ))),
            _ => Ok(said),
        }
    }

    /// The number of a container's first process; none where it does not run.
    async fn pid(&self, id: &str) -> Result<Option<u32>, Failure> {
        let Some(docker) = &self.docker else { return Ok(None) };
        let all = docker.near().await?;
        Ok(all.iter().find(|facts| facts.id == id).map(|facts| facts.state.pid).filter(|pid| *pid > 0))
    }

    /// Has the filter do something that must work.
    async fn done(&self, place: &Place, family: Family, args: Vec<String>) -> Result<String, Failure> {
        let said = self.filter(place, family, args).await?;
        if said.status.success() { Ok(said.out) } else { Err(refusal(place, family, &said)) }
    }

    async fn filter(&self, place: &Place, family: Family, args: Vec<String>) -> Result<Said, Failure> {
        self.run(place, program(family), ["-w".to_owned(), WAIT.to_owned()].into_iter().chain(args).collect()).await
    }

    /// The rules of a cut's mark that stand.
    async fn standing(&self, cut: &Cut) -> Result<Vec<Rule>, Failure> {
        let mut standing = Vec::new();
        for family in cut.families() {
            for chain in chains(cut.toll.fate) {
                let listed = self.done(&cut.gate.place, family, chain.asked("-S")).await?;
                standing.extend(marked(&listed, family, *chain, &cut.mark));
            }
        }
        Ok(standing)
    }

    /// Asks for rules that are not there: what the filter does not know it says then, and nothing is changed.
    async fn judged(&self, cut: &Cut) -> Result<Lapse, Failure> {
        let place = &cut.gate.place;
        let is_diverted = matches!(cut.toll.fate, Fate::Diverted { .. });
        if is_diverted && *place != (Place::Host { ssh: None }) {
            let what =
                format!("a proxy stands on this host, not on {}: connections there cannot be led through it", place.words());
            return Err(Failure::refused(what));
        }
        if is_diverted && !cut.gate.at.iter().any(|at| at.is_loopback() && at.is_ipv4() || at.is_unspecified()) {
            let what = format!("port {} is not listened at on the loopback of IPv4: no proxy reaches it there", cut.gate.port);
            return Err(Failure::refused(what));
        }
        match self.asked(cut, Lapse::ByItself).await? {
            None => Ok(Lapse::ByItself),
            Some(_) => self.asked(cut, Lapse::Never).await?.map_or(Ok(Lapse::Never), Err),
        }
    }

    /// What the filter does not know of a cut, if anything.
    async fn asked(&self, cut: &Cut, lapse: Lapse) -> Result<Option<Failure>, Failure> {
        let place = &cut.gate.place;
        for rule in rules(cut, is_inner(place), lapse) {
            let said = self.filter(place, rule.family, rule.asked("-C")).await?;
            match said.status.code() {
                Some(_) if lacks_match(&said.err) => return Ok(Some(refusal(place, rule.family, &said))),
                Some(0 | NO_SUCH_RULE) => {}
                _ => return Err(refusal(place, rule.family, &said)),
            }
        }
        Ok(None)
    }

    async fn made(&self, cut: &Cut) -> Result<(), Failure> {
        let place = &cut.gate.place;
        let lapse = self.judged(cut).await?;
        let all = rules(cut, is_inner(place), lapse);
        for rule in &all {
            // Before all others: what lets established connections through comes first in most filters.
            self.done(place, rule.family, rule.asked("-I")).await?;
        }
        let there = self.standing(cut).await?.len();
        if there == all.len() {
            return Ok(());
        }
        let what =
            format!("the packet filter of {} has {} of {}, not {}", place.words(), counted(there, "rule"), cut.mark, all.len());
        Err(Failure::new(FailureKind::Damaged, what))
    }

    async fn cleared(&self, cut: &Cut) -> Result<usize, Failure> {
        let place = &cut.gate.place;
        if let Place::Container { id, .. } = place
            && self.pid(id).await?.is_none()
        {
            // Its network has ended, and all rules in it.
            return Ok(0);
        }
        let mut removed = 0;
        for _ in 0..ROUNDS {
            let standing = self.standing(cut).await?;
            if standing.is_empty() {
                return Ok(removed);
            }
            for rule in standing {
                // Whether it worked the next look tells: another may remove them just now.
                let said = self.filter(place, rule.family, rule.asked("-D")).await?;
                removed += usize::from(said.status.success());
            }
        }
        let left = self.standing(cut).await?.len();
        if left == 0 {
            return Ok(removed);
        }
        let what = format!("{} of {} left in the packet filter of {}", counted(left, "rule"), cut.mark, place.words());
        Err(Failure::new(FailureKind::Damaged, what))
    }
}

impl Firewall for Filter {
    fn gates<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, Vec<Gate>> {
        Box::pin(self.found(instance))
    }

    fn judge<'a>(&'a self, cut: &'a Cut) -> Promise<'a, bool> {
        Box::pin(async move { Ok(self.judged(cut).await? == Lapse::ByItself) })
    }

    fn cut<'a>(&'a self, cut: &'a Cut) -> Promise<'a, ()> {
        Box::pin(self.made(cut))
    }

    fn clear<'a>(&'a self, cut: &'a Cut) -> Promise<'a, usize> {
        Box::pin(self.cleared(cut))
    }
}

/// Whether it is a network of its own: what it tells itself is none of others' connections.
fn is_inner(place: &Place) -> bool {
    matches!(place, Place::Container { .. })
}

/// Why the filter did not do what it was told.
fn refusal(place: &Place, family: Family, said: &Said) -> Failure {
    let (program, at, why) = (program(family), place.words(), last(&said.err));
    let is_right = ["ermission denied", "must be root", "not permitted"].iter().any(|part| said.err.contains(part));
    let is_missing = ["failed to execute", "not found", "is not installed"].iter().any(|part| said.err.contains(part));
    match () {
        () if is_right => denied(format!("the packet filter of {at} may not be changed: {why}")),
        () if lacks_match(&said.err) => Failure::refused(format!("{program} of {at} cannot do this: {}", said.err.trim())),
        () if is_missing => Failure::new(FailureKind::Tool, format!("there is no {program} for {at}: {why}"))
            .mend("sudo apt-get install --no-install-recommends iptables"),
        () => Failure::new(FailureKind::Tool, format!("{program} of {at}: {why} ({})", said.status)),
    }
}

fn denied(what: String) -> Failure {
    Failure::new(FailureKind::Denied, what).mend("run the drill as root: only root may change the packet filter")
}

#[cfg(test)]
mod tests;
