//! Which service an alert is about, as far as its labels tell. Pure, and never a guess among several: those that fit equally well
//! are all named.

use std::collections::BTreeMap;

use crate::domain::labels::Labels;
use crate::domain::name::Name;
use crate::domain::service::Service;
use crate::domain::service::spec::ServiceSpec;

/// The labels by which people name what an alert is about, the most telling first.
pub const TELLING: [&str; 6] = ["service", "instance", "container", "name", "job", "component"];

/// What tells a service in labels.
pub trait Labelled {
    /// Its name in the configuration.
    fn name(&self) -> &Name;

    /// The labels that Prometheus gives it, as configured; none where nothing is said.
    fn labels(&self) -> &BTreeMap<String, String>;

    /// Where it is reached: `db-1:5432`.
    fn place(&self) -> String;
}

impl Labelled for ServiceSpec {
    fn name(&self) -> &Name {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn place(&self) -> String {
        self.access.reach.to_string()
    }
}

impl Labelled for Service {
    fn name(&self) -> &Name {
        &self.name
    }

    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}

/// The services that an alert's labels fit best. Their configured labels come first; then names, in the order of [`TELLING`];
/// then the address; at last those that share a configured label and contradict none, for alerts over a whole group. None where
/// nothing fits.
pub fn about<'a, S: Labelled>(labels: &Labels, services: &'a [S]) -> Vec<&'a Name> {
    let ways = [configured(labels, services), named(labels, services), reached(labels, services), kin(labels, services)];
    ways.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Whether an alert is about none of these services, as their configured labels tell: it contradicts all of them. Where one has no
/// labels nobody can tell. Alerts of another job than theirs come of another exporter (a host's, a proxy's), which calls the same
/// thing otherwise: what they say of job and instance contradicts nobody; the rest, a cluster, a region, does.
pub fn elsewhere<'a, S: Labelled + 'a>(labels: &Labels, services: impl Iterator<Item = &'a S>) -> bool {
    let services: Vec<&S> = services.collect();
    let job = labels.get("job");
    let (own, others): (Vec<&S>, Vec<&S>) =
        services.iter().partition(|service| service.labels().get("job").map(String::as_str) == job);
    let is_told = !services.is_empty() && services.iter().all(|service| !service.labels().is_empty());
    let foreign =
        |service: &&S| service.labels().iter().any(|(name, value)| !TELLING.contains(&&**name) && differs(labels, name, value));
    is_told && if own.is_empty() { others.iter().all(foreign) } else { own.iter().all(|service| contradicts(labels, *service)) }
}

/// The labels of an alert that could have told, for people: `instance="db-1:9187", job="postgres"`.
pub fn told(labels: &Labels) -> String {
    let told = TELLING.iter().filter_map(|label| Some(format!("{label}={:?}", labels.get(label)?)));
    let told: Vec<String> = told.collect();
    if told.is_empty() { format!("none of {}", TELLING.join(", ")) } else { told.join(", ") }
}

/// Those with the most configured labels, all of which the alert has.
fn configured<'a, S: Labelled>(labels: &Labels, services: &'a [S]) -> Vec<&'a Name> {
    let fits = |service: &&S| service.labels().iter().all(|(name, value)| labels.get(name) == Some(value));
    let most = services.iter().filter(fits).map(|service| service.labels().len()).max().unwrap_or_default();
    names(services.iter().filter(fits).filter(|service| most > 0 && service.labels().len() == most))
}

fn named<'a, S: Labelled>(labels: &Labels, services: &'a [S]) -> Vec<&'a Name> {
    let by = |label: &&str| {
        let value = labels.get(label)?;
        let host = value.rsplit_once(':').map_or(value, |(host, _)| host);
        let found = names(services.iter().filter(|service| [value, host].contains(&service.name().as_str())));
        (!found.is_empty()).then_some(found)
    };
    TELLING.iter().find_map(by).unwrap_or_default()
}

fn reached<'a, S: Labelled>(labels: &Labels, services: &'a [S]) -> Vec<&'a Name> {
    let Some(instance) = labels.get("instance") else { return Vec::new() };
    names(services.iter().filter(|service| service.place() == instance))
}

fn kin<'a, S: Labelled>(labels: &Labels, services: &'a [S]) -> Vec<&'a Name> {
    let shares = |service: &&S| service.labels().iter().any(|(name, value)| labels.get(name) == Some(value));
    names(services.iter().filter(shares).filter(|service| !contradicts(labels, *service)))
}

/// Whether a label that both have has another value.
fn contradicts(labels: &Labels, service: &impl Labelled) -> bool {
    service.labels().iter().any(|(name, value)| differs(labels, name, value))
}

fn differs(labels: &Labels, name: &str, value: &str) -> bool {
    labels.get(name).is_some_and(|other| other != value)
}

fn names<'a, S: Labelled + 'a>(services: impl Iterator<Item = &'a S>) -> Vec<&'a Name> {
    services.map(Labelled::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::service::ServiceKind;

    fn service(name: &str, place: &str, labels: &[(&str, &str)]) -> Service {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Service { name: name.into(), kind: ServiceKind::Postgres, place: place.into(), backup: None, control: None, labels }
    }

    fn fits(alert: &[(&str, &str)]) -> String {
        let services = [
            service("orders", "10.0.0.1:5432", &[("job", "postgres"), ("instance", "primary")]),
            service("orders-standby", "10.0.0.2:5432", &[("job", "postgres"), ("instance", "standby")]),
            service("cache", "10.0.0.3:6379", &[]),
            service("app", "app:8080", &[]),
        ];
        let labels: Labels = alert.iter().copied().collect();
        about(&labels, &services).iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_the_configuration_says_of_labels_goes_before_names() {
        assert_eq!(fits(&[("job", "postgres"), ("instance", "standby"), ("service", "app")]), "orders-standby");
    }

    #[test]
    fn without_configured_labels_a_service_is_known_by_its_name_or_its_address() {
        assert_eq!(fits(&[("alertname", "Down"), ("service", "cache")]), "cache");
        assert_eq!(fits(&[("instance", "cache:9121"), ("job", "redis")]), "cache");
        assert_eq!(fits(&[("job", "app")]), "app");
        assert_eq!(fits(&[("instance", "10.0.0.3:6379")]), "cache");
    }

    #[test]
    fn an_alert_over_a_group_names_all_of_it_and_one_of_a_stranger_none() {
        assert_eq!(fits(&[("job", "postgres")]), "orders orders-standby");
        assert_eq!(fits(&[("job", "postgres"), ("instance", "analytics")]), "");
        assert_eq!(fits(&[("job", "node"), ("instance", "host")]), "");
        assert_eq!(fits(&[]), "");
    }

    #[test]
    fn an_alert_is_of_elsewhere_where_it_contradicts_every_service() {
        let eu = |name, job, instance| service(name, "", &[("job", job), ("instance", instance), ("cluster", "eu")]);
        let (db, app, dumb) = (eu("db", "postgres", "primary"), eu("app", "app", "app-1"), service("proxy", "", &[]));
        let of = |alert: &[(&str, &str)], services: &[&Service]| {
            let labels: Labels = alert.iter().copied().collect();
            elsewhere(&labels, services.iter().copied())
        };
        let both = [&db, &app];
        assert!(of(&[("job", "postgres"), ("instance", "analytics")], &both), "another server of the same job");
        assert!(of(&[("job", "postgres"), ("instance", "primary"), ("cluster", "us")], &both), "its like in another cluster");
        assert!(of(&[("job", "node"), ("cluster", "us")], &both), "another cluster's host");
        assert!(of(&[("cluster", "us")], &both));
        assert!(!of(&[("job", "postgres"), ("instance", "primary"), ("cluster", "eu")], &both));
        assert!(!of(&[("job", "app")], &both), "all of a job");
        assert!(!of(&[("job", "node"), ("instance", "host:9100"), ("cluster", "eu")], &both), "a host is called otherwise");
        assert!(!of(&[], &both), "a sum over everything");
        assert!(!of(&[("cluster", "us")], &[&db, &dumb]), "one without labels may be meant");
        assert!(!of(&[("cluster", "us")], &[]));
    }

    #[test]
    fn what_could_have_told_is_said() {
        let labels: Labels = [("job", "node"), ("alertname", "Full"), ("instance", "host")].into_iter().collect();
        assert_eq!(told(&labels), r#"instance="host", job="node""#);
        assert_eq!(told(&Labels::default()), "none of service, instance, container, name, job, component");
    }
}
