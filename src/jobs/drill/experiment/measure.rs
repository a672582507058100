//! The steady-state hypothesis of an experiment as probes of ours.

use serde_json::Value;

use crate::domain::service::spec::ServiceSpec;
use crate::jobs::drill::experiment::LeftOut;
use crate::jobs::drill::experiment::provider::{self, Call};
use crate::jobs::drill::hypothesis;

/// Each probe as [`hypothesis::line`] says it, and those that nothing here can ask.
pub fn hypothesis(told: &Value, services: &[ServiceSpec]) -> (Vec<String>, Vec<LeftOut>) {
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for (nth, probe) in told["probes"].as_array().into_iter().flatten().enumerate() {
        match one(probe, services) {
            Ok(line) if lines.contains(&line) => {}
            Ok(line) => lines.push(line),
            Err(why) => {
                let name = probe["name"].as_str().map_or_else(|| format!("probes[{nth}]"), str::to_owned);
                left_out.push(LeftOut { name, why });
            }
        }
    }
    (lines, left_out)
}

fn one(probe: &Value, services: &[ServiceSpec]) -> Result<String, String> {
    let (provider, tolerance) = (&probe["provider"], &probe["tolerance"]);
    let unknown = || format!("nothing here asks what {} asks", provider::words(provider));
    let line = match provider["type"].as_str() {
        Some("http") => http(provider["url"].as_str().unwrap_or_default(), tolerance, services),
        Some("python") => prometheus(provider, tolerance),
        Some("process") => Call::of(provider).and_then(|call| process(&call, tolerance, services)),
        _ => None,
    };
    let line = line.ok_or_else(unknown)?;
    // What reads like a probe and is none would only be refused later.
    hypothesis::parse(&line, services).map(|_| line).map_err(|failure| failure.what)
}

/// A page of a service of ours that should be there: the service answers.
fn http(url: &str, tolerance: &Value, services: &[ServiceSpec]) -> Option<String> {
    let is_good = |status: &Value| status.as_u64().is_some_and(|status| (200..300).contains(&status));
    let wanted = match tolerance {
        Value::Array(any) => any.iter().any(is_good),
        one => is_good(one),
    };
    let service = provider::behind(services, url).filter(|_| wanted)?;
    Some(format!("{} answers", service.name))
}

/// `chaosprometheus.probes.query` within a range.
fn prometheus(provider: &Value, tolerance: &Value) -> Option<String> {
    let module = provider["module"].as_str()?;
    let query = provider["arguments"]["query"].as_str().filter(|_| module.starts_with("chaosprometheus"))?;
    let bounds = tolerance["range"].as_array().or(tolerance.as_array())?;
    let [low, high] = bounds.as_slice() else { return None };
    Some(format!("{query} > {}; {query} < {}", low.as_f64()?, high.as_f64()?))
}

/// The clients that everybody has, and what midwatch itself has written.
fn process(call: &Call, tolerance: &Value, services: &[ServiceSpec]) -> Option<String> {
    let answers = |service: &ServiceSpec| format!("{} answers", service.name);
    let addressed = |default: u16| {
        let port = call.option("-p", "--port").map_or(Some(default), |port| port.parse().ok())?;
        provider::at(services, call.option("-h", "--host").unwrap_or("127.0.0.1"), port).map(answers)
    };
    match call.program.as_str() {
        "pg_isready" => addressed(5432),
        "redis-cli" if call.arguments.iter().any(|word| word.eq_ignore_ascii_case("ping")) => addressed(6379),
        "curl" => {
            let url = call.arguments.iter().find(|word| word.starts_with("http://") || word.starts_with("https://"))?;
            let is_ok = tolerance.is_null() || *tolerance == 0;
            provider::behind(services, url).filter(|_| is_ok).map(answers)
        }
        "midwatch" => match call.midwatch()?.0 {
            [word, service, ..] if word == "services" => Some(format!("{service} answers")),
            [word, expr, ..] if word == "query" => Some(bare(expr)),
            _ => None,
        },
        _ => None,
    }
}

/// An expression and its bound without the parentheses that keep them apart.
fn bare(expr: &str) -> String {
    let inner = expr.strip_prefix('(').and_then(|rest| rest.rsplit_once(") "));
    inner.map_or_else(|| expr.to_owned(), |(inner, bound)| format!("{inner} {bound}"))
}
