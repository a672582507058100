//! What mends a refusal, where its words tell: the line of configuration that is missing, or what is to be done at the other side.
//!
//! The words are those of rustls, nginx, Prometheus and what stands before a Mimir; others get no hint rather than a wrong one.

use reqwest::StatusCode;

use super::Auth;

const PREFIX: &str = "is url its whole address, with the prefix it is served under? Like https://host/prometheus";
const TENANT: &str = "say whose data is meant: headers = { X-Scope-OrgID = \"…\" }";
const WHO: &str = "set basic = { user = \"…\", password = \"file:…\" } or bearer = \"file:…\"";
const SHOW: &str = "show a certificate: client = { certificate = \"client.pem\", key = \"client.key\" }";
/// For a server that ends an encrypted connection without a word.
pub(super) const HUNG_UP: &str = "where it asks for a certificate: client = { … } must be one of an authority that it trusts";
const SIGNED: &str = "client = { … } must be a certificate of an authority that it trusts";

/// For an answer with another status than a good one. `detail` holds what the other side said.
pub(super) fn of_refusal(status: StatusCode, detail: &str, auth: &Auth) -> Option<&'static str> {
    let said = detail.to_ascii_lowercase();
    match status.as_u16() {
        400 if said.contains("no required ssl certificate") => Some(SHOW),
        400 if said.contains("ssl certificate") => Some(SIGNED),
        400 if said.contains("http request") && said.contains("https") => Some("begin url with https://"),
        401 | 403 if said.contains("org id") || said.contains("orgid") => Some(TENANT),
        401 => Some(match auth {
            Auth::None => WHO,
            Auth::Basic { .. } => "basic is not let in: renew its user, or what its password refers to",
            Auth::Bearer(_) => "bearer is not let in: renew the token that it refers to",
        }),
        404 => Some(PREFIX),
        _ => None,
    }
}

/// For the cause of a connection that did not come about.
pub(super) fn of_tls(cause: &str) -> Option<&'static str> {
    const HINTS: [(&str, &str); 9] = [
        ("UnknownIssuer", "trust whoever signed its certificate: ca = \"/path/to/authority.pem\""),
        ("not valid for", "name it in url as its certificate does, or have it certified for this name"),
        ("certificate expired", "renew its certificate, over there"),
        ("not valid yet", "its clock or this host's is wrong: timedatectl"),
        ("CertificateRequired", SHOW),
        ("UnknownCA", SIGNED),
        ("BadCertificate", SIGNED),
        ("DecryptError", SIGNED),
        ("InvalidContentType", "it speaks no TLS there: begin url with http://"),
    ];
    HINTS.iter().find(|(word, _)| cause.contains(word)).map(|(_, hint)| *hint)
}
