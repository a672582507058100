//! `depends_on` of an environment's services: each names another service, and no way leads back to where it began.

use crate::config::reader::Field;
use crate::domain::name::Name;
use crate::domain::service::spec::ServiceSpec;

/// Reports what is wrong with the dependencies of services, each with the field it was read from.
pub fn judge(services: &[(ServiceSpec, Field<'_>)]) {
    for (service, field) in services {
        for other in &service.depends_on {
            if find(services, other).is_none() {
                let hint = "name services of this environment, as in [environments.NAME.services.NAME]";
                field.misplaced(format!("{} depends on {other}, which is no service here", service.name), hint);
            }
        }
        if let Some(way) = circle(services, service) {
            let names: Vec<_> = way.iter().map(|name| name.as_str()).collect();
            field.misplaced(
                format!("{} depends on itself: {}", service.name, names.join(" → ")),
                "remove one of these dependencies",
            );
        }
    }
}

fn find<'a>(services: &'a [(ServiceSpec, Field<'_>)], name: &Name) -> Option<&'a ServiceSpec> {
    services.iter().map(|(service, _)| service).find(|service| service.name == *name)
}

/// The way from a service back to itself, if there is one.
fn circle<'a>(services: &'a [(ServiceSpec, Field<'_>)], start: &'a ServiceSpec) -> Option<Vec<&'a Name>> {
    let mut ways = vec![vec![&start.name]];
    let mut seen = Vec::new();
    while let Some(way) = ways.pop() {
        let Some(last) = way.last().and_then(|name| find(services, name)) else { continue };
        for next in &last.depends_on {
            let longer = [&way[..], &[next]].concat();
            if *next == start.name {
                return Some(longer);
            }
            if !seen.contains(&next) {
                seen.push(next);
                ways.push(longer);
            }
        }
    }
    None
}
