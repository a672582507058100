//! Strings that mean something: durations, addresses, colours, names, references to secrets. Each says what it must be.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;

use crate::config::reader::Complaint;
use crate::domain::access::Reach;
use crate::domain::secret::SecretRef;

type Read<T> = Result<T, Complaint>;

/// A duration like `15s` or `1m 30s`, within bounds.
pub fn duration(text: &str, least: Duration, most: Duration) -> Read<Duration> {
    let read = text.parse::<SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok());
    let read =
        read.ok_or_else(|| Complaint::new(format!("cannot be {text:?}"), "a duration is written like \"15s\" or \"1m 30s\""))?;
    if (least..=most).contains(&read) {
        return Ok(read);
    }
    Err(Complaint::new(format!("cannot be {text:?}"), format!("it must be from {}s to {}s", least.as_secs(), most.as_secs())))
}

/// A name that can be typed and drawn.
pub fn name(text: &str) -> Read<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !text.is_empty() && text.len() <= 64 && text.chars().all(plain) {
        return Ok(text);
    }
    Err(Complaint::new("has no good name", "a name has up to 64 letters, digits, dots, dashes and underscores"))
}

/// The first words of a call: `backup`, `verify shop-db`.
pub fn call(text: &str) -> Read<&str> {
    if text.split(' ').all(|word| name(word).is_ok()) {
        return Ok(text);
    }
    Err(Complaint::new(
        format!("cannot be {text:?}"),
        "it is a routine, or the first words of its call: \"backup\", \"verify shop-db\"",
    ))
}

/// An address `http(s)://host[:port][/prefix]`. Complaints do not repeat it: it may hold a password.
pub fn url(text: &str) -> Read<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if !["http", "https"].contains(&scheme) {
        return Err(Complaint::new("must begin with http:// or https://", "like \"https://prometheus.example.org/prefix\""));
    }
    if text.contains('@') {
        return Err(Complaint::new("must not hold credentials", "use basic = { user = \"…\", password = \"file:…\" } beside it"));
    }
    if text.contains(['?', '#']) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Complaint::new(
            "must be a plain address",
            "scheme, host, port and path alone: no ?query, no #fragment, no spaces",
        ));
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let good = if authority.starts_with('[') { authority.ends_with(']') } else { !authority.contains(':') };
    if authority.is_empty() || !good && host_and_port(authority).is_none() {
        return Err(Complaint::new("must name a host", "like \"http://prometheus:9090\""));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// `host:port`; an IPv6 address in brackets.
pub fn tcp(text: &str) -> Read<Reach> {
    let (host, port) =
        host_and_port(text).ok_or_else(|| Complaint::new("must be a host and a port", "like \"db-1:5432\" or \"[::1]:5432\""))?;
    Ok(Reach::Tcp { host, port })
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let good = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(plain),
    };
    let port = port.parse().ok().filter(|port| *port > 0)?;
    good.then(|| (bare.unwrap_or(host).to_owned(), port))
}

/// A reference to a secret. Complaints do not repeat it: it may be the secret itself.
pub fn secret(text: &str, folder: &Path) -> Read<SecretRef> {
    let (kind, rest) = text.split_once(':').unwrap_or(("", text));
    match kind {
        "file" if !rest.is_empty() => Ok(SecretRef::File(folder.join(rest))),
        "env" if is_variable(rest) => Ok(SecretRef::Env(rest.to_owned())),
        "cmd" if !rest.trim().is_empty() => Ok(SecretRef::Cmd(rest.to_owned())),
        "file" => Err(Complaint::new("names no file", "like \"file:/etc/midwatch/password\"")),
        "env" => Err(Complaint::new("names no environment variable", "like \"env:PGPASSWORD\"")),
        "cmd" => Err(Complaint::new("names no command", "like \"cmd:pass show db\"")),
        _ => Err(Complaint::new("must be a reference to the secret, not the secret itself", REFERENCES)),
    }
}

const REFERENCES: &str =
    "put it into a file of mode 0600 and write \"file:/path\", or write \"env:VARIABLE\" or \"cmd:command that prints it\"";

/// Whether a text is meant as a reference to a secret.
pub fn is_reference(text: &str) -> bool {
    ["file:", "env:", "cmd:"].iter().any(|kind| text.starts_with(kind))
}

/// The name of an environment variable.
pub fn variable(text: &str) -> Read<&str> {
    is_variable(text).then_some(text).ok_or_else(|| Complaint::new("names no environment variable", "like \"DATABASE_URL\""))
}

fn is_variable(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(word) && text.chars().next().is_some_and(|first| !first.is_ascii_digit())
}
