//! Which containers a service is: one by its name, several by a pattern of names, or those with Compose's labels.

use std::fmt;

use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::json;

use crate::adapters::control::docker::container::{Container, Facts, NUMBER, ONE_OFF, PROJECT, SERVICE};
use crate::adapters::control::docker::engine::Engine;
use crate::adapters::control::docker::words::nearest;
use crate::domain::control;
use crate::domain::failure::Failure;

/// The least of an id that stands for a container, as `docker ps` shows it: a shorter one may be another's name.
const SHORT_ID: usize = 12;

/// Which containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// One, by its name or id.
    One(String),
    /// Several, by what stands before and after their numbers.
    Numbered {
        /// `worker-` of `worker-{n}`.
        before: String,
        /// Mostly nothing.
        after: String,
    },
    /// A service of Compose's.
    Compose {
        /// Of which project.
        project: String,
        /// Its name.
        service: String,
    },
}

/// As the configuration writes it.
impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(name) => f.write_str(name),
            Self::Numbered { before, after } => write!(f, "{before}{}{after}", control::NUMBER),
            Self::Compose { project, service } => write!(f, "{project}/{service}"),
        }
    }
}

/// One line of a list of containers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, String>,
}

impl Listed {
    fn name(&self) -> &str {
        // A link gives a container a second name, with another's before it.
        let own = self.names.iter().map(|name| name.trim_start_matches('/')).find(|name| !name.contains('/'));
        own.unwrap_or(&self.id)
    }
}

impl Set {
    /// What a container's name means.
    pub fn named(container: &str) -> Self {
        match container.split_once(control::NUMBER) {
            None => Self::One(container.to_owned()),
            Some((before, after)) => Self::Numbered { before: before.to_owned(), after: after.to_owned() },
        }
    }

    /// A service of Compose's.
    pub fn compose(project: &str, service: &str) -> Self {
        Self::Compose { project: project.to_owned(), service: service.to_owned() }
    }

    /// All there are, in the order of their numbers.
    pub async fn all(&self, engine: &Engine) -> Result<Vec<Container>, Failure> {
        let mut ids = match self {
            Self::One(name) => vec![(0, name.clone())],
            _ => self.listed(engine).await?,
        };
        ids.sort();
        let found = try_join_all(ids.iter().map(|(number, id)| inspect(engine, id, *number))).await?;
        Ok(found.into_iter().flatten().filter(|container| self.means(container)).collect())
    }

    /// Those that are meant: one by its name, else all; at least one.
    pub async fn chosen(&self, engine: &Engine, instance: Option<&str>) -> Result<Vec<Container>, Failure> {
        let mut all = self.all(engine).await?;
        if all.is_empty() {
            return Err(self.absent(engine).await);
        }
        if let Some(instance) = instance {
            let names: Vec<String> = all.iter().map(|container| container.facts.name().to_owned()).collect();
            all.retain(|container| container.facts.name() == instance);
            if all.is_empty() {
                let what = format!("{self} has no container {instance}; it has {}", names.join(", "));
                return Err(Failure::refused(what));
            }
        }
        Ok(all)
    }

    /// That there is none, and what is near.
    pub async fn absent(&self, engine: &Engine) -> Failure {
        let wanted = match self {
            Self::Compose { project, service } => format!("{project}-{service}-1"),
            _ => self.to_string(),
        };
        let known = list(engine, None).await.unwrap_or_default();
        let names: Vec<String> = known.iter().map(|listed| listed.name().to_owned()).collect();
        let what = match self {
            Self::Compose { .. } => format!("{} has no container with Compose's labels of {self}", engine.seat()),
            _ => format!("{} has no container {self}", engine.seat()),
        };
        let near = nearest(&wanted, &names).map(|near| format!("; near to it: {near}")).unwrap_or_default();
        let mend = match self {
            Self::Compose { project, service } => format!("docker compose -p {project} up -d {service}, where its file is"),
            _ => "docker ps --all lists what there is".to_owned(),
        };
        Failure::refused(format!("{what}{near}")).mend(mend)
    }

    /// The Engine takes the beginning of an id for a name, too.
    fn means(&self, container: &Container) -> bool {
        let Self::One(wanted) = self else { return true };
        container.facts.name() == wanted || wanted.len() >= SHORT_ID && container.facts.id.starts_with(wanted.as_str())
    }

    async fn listed(&self, engine: &Engine) -> Result<Vec<(u32, String)>, Failure> {
        let filters = match self {
            Self::Compose { project, service } => {
                Some(json!({ "label": [format!("{PROJECT}={project}"), format!("{SERVICE}={service}")] }).to_string())
            }
            _ => None,
        };
        let all = list(engine, filters.as_deref()).await?;
        Ok(all.into_iter().filter_map(|listed| self.number(&listed).map(|number| (number, listed.id))).collect())
    }

    /// The number of a container that belongs here; none where it does not.
    fn number(&self, listed: &Listed) -> Option<u32> {
        match self {
            Self::One(_) => None,
            Self::Numbered { before, after } => {
                let digits = listed.name().strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                // `worker-01` is not what `{n}` makes of a number.
                digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
            }
            Self::Compose { .. } => {
                let one_off = listed.labels.get(ONE_OFF).is_some_and(|value| value == "True");
                (!one_off).then(|| listed.labels.get(NUMBER).and_then(|number| number.parse().ok()).unwrap_or_default())
            }
        }
    }
}

/// All containers the Engine has, those that do not run too.
async fn list(engine: &Engine, filters: Option<&str>) -> Result<Vec<Listed>, Failure> {
    let mut params = vec![("all", "1")];
    params.extend(filters.map(|filters| ("filters", filters)));
    engine.get("/containers/json", &params).await?.read()
}

/// One container; none where there is none.
pub async fn inspect(engine: &Engine, id: &str, number: u32) -> Result<Option<Container>, Failure> {
    let reply = engine.get(&format!("/containers/{id}/json"), &[]).await?;
    if reply.status == 404 {
        return Ok(None);
    }
    Ok(Some(Container { facts: reply.read::<Facts>()?, number, at: engine.clock() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn listed(name: &str, labels: &[(&str, &str)]) -> Listed {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Listed { id: "1".to_owned(), names: vec![format!("/other/{name}"), format!("/{name}")], labels }
    }

    #[test]
    fn only_whole_numbers_belong_to_a_pattern() {
        let set = Set::named("worker-{n}-blue");
        let number = |name: &str| set.number(&listed(name, &[]));
        assert_eq!(number("worker-12-blue"), Some(12));
        for other in ["worker-12", "worker--blue", "worker-01-blue", "worker-1-2-blue", "xworker-1-blue", "worker-+1-blue"] {
            assert_eq!(number(other), None, "{other}");
        }
        assert_eq!(set.to_string(), "worker-{n}-blue");
    }

    #[test]
    fn what_compose_ran_once_is_no_part_of_the_service() {
        let set = Set::Compose { project: "shop".into(), service: "worker".into() };
        assert_eq!(set.number(&listed("a", &[(NUMBER, "2"), (ONE_OFF, "False")])), Some(2));
        assert_eq!(set.number(&listed("a", &[(NUMBER, "1"), (ONE_OFF, "True")])), None);
    }
}
