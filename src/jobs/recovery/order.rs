//! In which order services are mended: what one cannot do without comes before it.

use crate::domain::service::spec::ServiceSpec;

/// A service and all that it needs, by way of others too; each after what it needs itself.
pub fn with_needs<'a>(all: &'a [ServiceSpec], wanted: &[&'a ServiceSpec]) -> Vec<&'a ServiceSpec> {
    let mut sorted = Vec::new();
    for service in wanted {
        visit(all, service, &mut sorted, &mut Vec::new());
    }
    sorted
}

/// The configuration has no circles; one would end here all the same.
fn visit<'a>(all: &'a [ServiceSpec], service: &'a ServiceSpec, sorted: &mut Vec<&'a ServiceSpec>, under: &mut Vec<&'a str>) {
    let name = service.name.as_str();
    if under.contains(&name) || sorted.iter().any(|other| other.name == service.name) {
        return;
    }
    under.push(name);
    for need in all.iter().filter(|other| service.depends_on.contains(&other.name)) {
        visit(all, need, sorted, under);
    }
    under.pop();
    sorted.push(service);
}
