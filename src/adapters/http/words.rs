//! Words for what went wrong: one line, from the outside where it has something to say, and never a secret.

use reqwest::StatusCode;
use serde::Deserialize;

use super::hints;
use crate::domain::fault::{Fault, FaultKind};

/// The most characters of an answer that are quoted.
const QUOTED: usize = 300;

/// What rustls says where TLS is what failed.
const OF_TLS: [&str; 5] = ["certificate", "TLS", "tls", "InvalidContentType", "received fatal alert"];

/// A fault from an HTTP status and the beginning of its body.
pub(crate) fn of_status(tried: &str, status: StatusCode, body: &[u8]) -> Fault {
    let said = said(body);
    let kind = match status.as_u16() {
        401 | 403 | 407 => FaultKind::Denied,
        // As nginx tells of a certificate that is missing or not to its liking.
        400 if said.contains("SSL certificate") => FaultKind::Tls,
        500.. => FaultKind::Failing,
        _ => FaultKind::Refused,
    };
    Fault::new(kind, joined(&format!("{tried}: {status}"), &said))
}

/// A fault from an answer that could not be decoded.
pub(crate) fn of_decoding(tried: &str, error: &serde_json::Error, beginning: &[u8]) -> Fault {
    if looks_like_html(beginning) {
        return Fault::new(FaultKind::Garbled, joined(&format!("{tried}: a web page instead of JSON"), &said(beginning)));
    }
    let why = if error.is_eof() { format!("the JSON is cut off ({error})") } else { format!("not the JSON expected ({error})") };
    Fault::new(FaultKind::Garbled, format!("{tried}: {}", quoted(&why)))
}

/// A fault from the client, before or during an answer.
pub(crate) fn of_transport(tried: &str, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let causes = causes(&error);
    let kind = if error.is_timeout() {
        FaultKind::Timeout
    } else if causes.iter().any(|cause| OF_TLS.iter().any(|word| cause.contains(word))) {
        FaultKind::Tls
    } else if error.is_connect() {
        FaultKind::Unreachable
    } else {
        FaultKind::Broken
    };
    // The last cause is the one that says something: the others are "error sending request" and its kin.
    let cause = causes.last().map_or("no cause given", String::as_str);
    let hung_up = kind == FaultKind::Broken && tried.contains(" https://");
    Fault::new(kind, joined(tried, &quoted(cause))).mended_by(hints::of_tls(cause).or(hung_up.then_some(hints::HUNG_UP)))
}

fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect()
}

fn joined(before: &str, after: &str) -> String {
    if after.is_empty() { before.to_owned() } else { format!("{before}: {after}") }
}

/// What a body says of the failure: Prometheus's `error`, Alertmanager's `message`, a page's title, or its first words.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(alias = "message")]
        error: String,
    }
    let text = String::from_utf8_lossy(body);
    let words = match serde_json::from_str::<Failure>(&text) {
        Ok(failure) => failure.error,
        Err(_) if looks_like_html(body) => title(&text).to_owned(),
        Err(_) => text.into_owned(),
    };
    quoted(&words)
}

fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

fn title(page: &str) -> &str {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>").map(|at| at + "<title>".len());
    let end = lower.find("</title>");
    match (start, end) {
        (Some(start), Some(end)) if start <= end => &page[start..end],
        _ => "",
    }
}

/// On one line, and not for ever.
fn quoted(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(QUOTED) {
        words.truncate(at);
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_speaks_for_itself() {
        let body = br#"{"status":"error","errorType":"bad_data","error":"1:5: parse error:\n unexpected end"}"#;
        let fault = of_status("POST http://p/api/v1/query", StatusCode::BAD_REQUEST, body);
        assert_eq!(fault.kind, FaultKind::Refused);
        assert_eq!(fault.detail, "POST http://p/api/v1/query: 400 Bad Request: 1:5: parse error: unexpected end");
    }

    #[test]
    fn a_page_is_known_by_its_title() {
        let page = b"<html><head><TITLE>Sign in\n to proxy</TITLE></head><body>long</body>";
        assert_eq!(said(page), "Sign in to proxy");
        assert_eq!(said(b"<title>"), "");
        assert_eq!(said(b"</title><title>"), "");
    }

    #[test]
    fn an_endless_failure_is_cut() {
        assert_eq!(said("é".repeat(5_000).as_bytes()).chars().count(), QUOTED + 1);
    }

    #[test]
    fn the_status_tells_the_kind() {
        let kind = |code| of_status("GET http://p/", StatusCode::from_u16(code).unwrap_or_default(), b"").kind;
        assert_eq!(
            [401, 403, 404, 422, 302].map(kind),
            [FaultKind::Denied, FaultKind::Denied, FaultKind::Refused, FaultKind::Refused, FaultKind::Refused]
        );
        assert_eq!([500, 502, 503, 599].map(kind), [FaultKind::Failing; 4]);
    }
}
