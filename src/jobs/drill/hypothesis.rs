//! The steady state as one line, and back: `redis answers; sum(rate(errors[1m])) < 5`. Pure.

use crate::domain::chaos::{Ask, Probe, Tolerance};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::spec::ServiceSpec;

/// What the line of a service ends with.
const ANSWERS: &str = " answers";

/// The probes of a line. Services are those of the environment; anything else is an expression and its bound.
pub fn parse(text: &str, services: &[ServiceSpec]) -> Result<Vec<Probe>, Failure> {
    parts(text).into_iter().map(str::trim).filter(|part| !part.is_empty()).map(|part| probe(part, services)).collect()
}

/// A probe as such a line says it; none for one that everything is tolerated of.
pub fn line(probe: &Probe) -> Option<String> {
    match (&probe.ask, probe.tolerance) {
        (Ask::Service(name), _) => Some(format!("{name}{ANSWERS}")),
        (Ask::Promql(expr), Tolerance::Below(_) | Tolerance::Above(_)) => Some(format!("{expr} {}", probe.tolerance.words())),
        (Ask::Promql(_), Tolerance::Well | Tolerance::Any) => None,
    }
}

fn probe(part: &str, services: &[ServiceSpec]) -> Result<Probe, Failure> {
    let wrong = |what: String| {
        let failure = Failure::new(FailureKind::Usage, what);
        failure.mend("--hypothesis 'redis answers; sum(rate(http_requests_total[1m])) > 5'")
    };
    if let Some(name) = part.strip_suffix(ANSWERS) {
        let found = services.iter().find(|service| service.name.as_str() == name.trim());
        let service = found.ok_or_else(|| wrong(format!("no service is called {name:?}")))?;
        return Ok(Probe::service(&service.name));
    }
    let (expr, tolerance) = bounded(part).ok_or_else(|| wrong(format!("{part:?} has no bound")))?;
    Ok(Probe { name: expr.to_owned(), ask: Ask::Promql(expr.to_owned()), tolerance, unit: None })
}

/// `EXPR < 5`, `EXPR > 5`.
fn bounded(part: &str) -> Option<(&str, Tolerance)> {
    let at = part.rfind(['<', '>'])?;
    let (expr, rest) = part.split_at(at);
    let bound: f64 = rest[1..].trim().parse().ok().filter(|bound: &f64| bound.is_finite())?;
    let tolerance = if rest.starts_with('<') { Tolerance::Below(bound) } else { Tolerance::Above(bound) };
    Some((expr.trim(), tolerance)).filter(|(expr, _)| !expr.is_empty())
}

/// Cut at semicolons that stand in no string.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, ';') => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::jobs::routines::control::tests::stage;

    #[test]
    fn a_line_says_probes_and_comes_back() {
        let services = [stage::service("cache", None, &[])];
        let text = "cache answers; up{job=\"a;b\\\"\"} > 0; max(x) < 0.5";
        let probes = parse(text, &services).unwrap();
        let told: Vec<_> = probes.iter().filter_map(line).collect();
        assert_eq!(told.join("; "), text);
        assert_eq!(probes[1].ask, Ask::Promql("up{job=\"a;b\\\"\"}".to_owned()));
        assert_eq!(parse(" ; ", &services).unwrap(), []);
    }

    #[test]
    fn what_has_no_bound_is_no_hypothesis() {
        for (text, why) in
            [("up", "has no bound"), ("up > many", "has no bound"), ("> 5", "has no bound"), ("db answers", "no service")]
        {
            let failure = parse(text, &[]).unwrap_err();
            assert!(failure.kind == FailureKind::Usage && failure.what.contains(why), "{text}: {failure}");
        }
    }
}
