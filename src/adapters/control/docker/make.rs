//! A new container like one that is there: its image, its settings, its networks, under the next number.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::adapters::control::docker::act;
use crate::adapters::control::docker::container::{Container, MADE, NUMBER};
use crate::adapters::control::docker::engine::Engine;
use crate::adapters::control::docker::set::inspect;
use crate::domain::failure::{Failure, FailureKind};

/// Compose's note of which container a new one takes the place of: none.
const REPLACES: &str = "com.docker.compose.replace";

/// What the Engine tells of what it knows or has made.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Known {
    id: String,
}

/// What new containers are made after.
pub struct Mould {
    name: String,
    number: u32,
    id: String,
    /// Its image as it is named, or the image itself where that name stands for another by now.
    image: String,
    /// All that the Engine tells of it.
    whole: Value,
}

impl Mould {
    /// After that one. Refused where a second like it could not run beside it.
    pub async fn of(engine: &Engine, container: &Container) -> Result<Self, Failure> {
        let facts = &container.facts;
        let whole: Value = engine.get(&format!("/containers/{}/json", facts.id), &[]).await?.read()?;
        only_once(facts.name(), &whole)?;
        let named = engine.get(&format!("/images/{}/json", facts.config.image), &[]).await?;
        let is_same = named.read::<Known>().is_ok_and(|named| named.id == facts.image);
        let image = if is_same { facts.config.image.clone() } else { facts.image.clone() };
        Ok(Self { name: facts.name().to_owned(), number: container.number, id: facts.id.clone(), image, whole })
    }

    /// Makes one and starts it. One that could not be started is removed: it never ran.
    pub async fn cast(&self, engine: &Engine, number: u32) -> Result<(), Failure> {
        let name = self.named(number);
        let id = create(engine, &name, &self.body(&name, number)).await?;
        if let Err(failure) = self.run(engine, &id, &name, number).await {
            let ran = inspect(engine, &id, 0).await?.is_some_and(|made| made.facts.has_run());
            if !ran {
                engine.delete(&format!("/containers/{id}"), &[]).await?.done()?;
            }
            return Err(failure);
        }
        Ok(())
    }

    async fn run(&self, engine: &Engine, id: &str, name: &str, number: u32) -> Result<(), Failure> {
        for (network, endpoint) in self.networks(name) {
            let body = json!({ "Container": id, "EndpointConfig": endpoint });
            engine.post(&format!("/networks/{network}/connect"), &[], Some(&body)).await?.done()?;
        }
        let gone = || Failure::new(FailureKind::Unavailable, format!("{name} was made, and somebody removed it at once"));
        let made = inspect(engine, id, number).await?.ok_or_else(gone)?;
        act::start(engine, &made).await
    }

    /// `shop-worker-3` after `shop-worker-2`, also where an older Compose wrote `shop_worker_2`.
    fn named(&self, number: u32) -> String {
        let stem = self.name.strip_suffix(&self.number.to_string());
        match stem.filter(|stem| stem.ends_with(['-', '_'])) {
            Some(stem) => format!("{stem}{number}"),
            None => format!("{}-{number}", self.name),
        }
    }

    /// What the Engine is told to make.
    fn body(&self, name: &str, number: u32) -> Value {
        let mut body = self.whole["Config"].as_object().cloned().unwrap_or_default();
        // Its own id, as Docker names hosts that nobody named; and an address of the wire that only one can have.
        if body.get("Hostname").and_then(Value::as_str).is_some_and(|host| self.id.starts_with(host)) {
            body.remove("Hostname");
        }
        body.remove("MacAddress");
        let mut labels = body.get("Labels").and_then(Value::as_object).cloned().unwrap_or_default();
        labels.remove(REPLACES);
        labels.insert(NUMBER.to_owned(), number.to_string().into());
        labels.insert(MADE.to_owned(), self.name.clone().into());
        body.insert("Labels".to_owned(), labels.into());
        body.insert("Image".to_owned(), self.image.clone().into());
        let mut host = self.whole["HostConfig"].as_object().cloned().unwrap_or_default();
        host.remove("ContainerIDFile");
        let first = host.get("NetworkMode").and_then(Value::as_str).and_then(|mode| Some((mode, self.endpoint(mode, name)?)));
        if let Some((network, endpoint)) = first {
            body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": { network: endpoint } }));
        }
        body.insert("HostConfig".to_owned(), host.into());
        body.into()
    }

    /// The networks it is in beside its first: older Engines take one at a time.
    fn networks(&self, name: &str) -> Vec<(String, Value)> {
        let first = self.whole["HostConfig"]["NetworkMode"].as_str().unwrap_or_default();
        let all = self.whole["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
        let others = all.filter(|(network, own)| *network != first && own["NetworkID"] != first);
        others.filter_map(|(network, _)| Some((network.clone(), self.endpoint(network, name)?))).collect()
    }

    /// How it is in a network that somebody made: by which names, but not at which address.
    fn endpoint(&self, network: &str, name: &str) -> Option<Value> {
        if ["default", "bridge", "host", "none"].contains(&network) {
            return None;
        }
        let mut all = self.whole["NetworkSettings"]["Networks"].as_object()?.iter();
        let (_, own) = all.find(|(name, own)| *name == network || own["NetworkID"] == network)?;
        let aliases = own["Aliases"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let aliases: Vec<&str> = aliases
            .filter(|alias| !self.id.starts_with(alias))
            .map(|alias| if alias == self.name { name } else { alias })
            .collect();
        let mut endpoint = Map::new();
        endpoint.insert("Aliases".to_owned(), aliases.into());
        for kept in ["Links", "DriverOpts", "GwPriority"] {
            endpoint.extend(own.get(kept).map(|value| (kept.to_owned(), value.clone())));
        }
        Some(endpoint.into())
    }
}

/// Refuses what two cannot have: a port of the host, an address.
fn only_once(name: &str, whole: &Value) -> Result<(), Failure> {
    let bindings = whole["HostConfig"]["PortBindings"].as_object().into_iter().flatten();
    let ports = bindings.flat_map(|(_, at)| at.as_array().into_iter().flatten()).filter_map(|at| at["HostPort"].as_str());
    if let Some(port) = ports.into_iter().find(|port| port.parse::<u16>().is_ok_and(|port| port != 0)) {
        let what = format!("{name} has port {port} of the host, which a second like it could not have");
        return Err(Failure::refused(what).mend("let a proxy have the port, or publish a range of ports"));
    }
    let networks = whole["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
    let fixed = |network: &Value| {
        ["IPv4Address", "IPv6Address"]
            .iter()
            .any(|family| network["IPAMConfig"][*family].as_str().is_some_and(|at| !at.is_empty()))
    };
    if let Some((network, _)) = networks.into_iter().find(|(_, network)| fixed(network)) {
        let what = format!("{name} has an address of its own in {network}, which a second like it could not have");
        return Err(Failure::refused(what).mend("remove ipv4_address and ipv6_address from its Compose file"));
    }
    Ok(())
}

async fn create(engine: &Engine, name: &str, body: &Value) -> Result<String, Failure> {
    let reply = engine.post("/containers/create", &[("name", name)], Some(body)).await?;
    if reply.status == 409 {
        let what =
            format!("{name} is there already: somebody else scales this service, or it is no part of it ({})", reply.words());
        return Err(Failure::refused(what).mend("docker ps --all shows it; scale again when it is settled"));
    }
    let made: Known =
        reply.read().map_err(|failure| Failure { what: format!("{name} was not made: {}", failure.what), ..failure })?;
    Ok(made.id)
}
