//! How the programs of PostgreSQL and Redis are told where a service is and who we are. Passwords go another way.

use std::path::Path;

use crate::domain::access::{Access, Reach, Tls, ToolPlace};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::Run;

/// How long a connection may take to come about, in seconds.
const CONNECTS: &str = "10";
/// Where systems keep the authorities they trust: PostgreSQL's programs before 16 do not look for them.
const AUTHORITIES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

/// A run of one of PostgreSQL's programs, with the variables by which it connects. What the run says itself is kept.
pub fn postgres(access: &Access, mut run: Run) -> Result<Run, Failure> {
    let mut told: Vec<(&str, String)> = Vec::new();
    match &access.reach {
        Reach::Tcp { host, port } | Reach::Network { host, port, .. } => {
            told.extend([("PGHOST", host.clone()), ("PGPORT", port.to_string())]);
        }
        Reach::Unix(path) => told.extend(socket(path)),
        Reach::Docker { .. } => told.extend(beside(access).map(|host| ("PGHOST", host))),
    }
    told.extend(access.user.clone().map(|user| ("PGUSER", user)));
    told.push(("PGDATABASE", access.database.clone().unwrap_or_else(|| "postgres".to_owned())));
    told.extend(encryption(access)?);
    told.extend([("PGCONNECT_TIMEOUT", CONNECTS.to_owned()), ("PGAPPNAME", "midwatch".to_owned())]);
    for (name, value) in told {
        if !run.env.iter().any(|(known, _)| known == name) {
            run.env.push((name.to_owned(), value));
        }
    }
    Ok(run)
}

/// From a container that shares another's network its sockets are not seen.
fn beside(access: &Access) -> Option<String> {
    matches!(access.tools, ToolPlace::Image(_)).then(|| "127.0.0.1".to_owned())
}

/// A socket's folder and port; a path that is no socket of PostgreSQL's is the folder.
fn socket(path: &Path) -> Vec<(&'static str, String)> {
    let port = path.file_name().and_then(|name| name.to_str()?.strip_prefix(".s.PGSQL."));
    match (port, path.parent()) {
        (Some(port), Some(folder)) => vec![("PGHOST", folder.display().to_string()), ("PGPORT", port.to_owned())],
        _ => vec![("PGHOST", path.display().to_string())],
    }
}

fn encryption(access: &Access) -> Result<Vec<(&'static str, String)>, Failure> {
    let mode = |word: &str| ("PGSSLMODE", word.to_owned());
    Ok(match &access.tls {
        Tls::Disable => vec![mode("disable")],
        Tls::Require => vec![mode("require")],
        Tls::VerifyFull { ca } => {
            let roots = match ca {
                Some(ca) => ca.display().to_string(),
                None => authorities(access)?.to_owned(),
            };
            vec![mode("verify-full"), ("PGSSLROOTCERT", roots)]
        }
    })
}

/// Elsewhere it is taken to be where most systems have it.
fn authorities(access: &Access) -> Result<&'static str, Failure> {
    let is_here = access.ssh.is_none() && !matches!(access.tools, ToolPlace::Image(_));
    if !is_here {
        return Ok(AUTHORITIES[0]);
    }
    let found = AUTHORITIES.iter().find(|path| Path::new(path).is_file());
    found.copied().ok_or_else(|| {
        Failure::new(FailureKind::Config, "no file of trusted authorities was found on this system")
            .mend("sudo apt-get install ca-certificates, or name one: ca = \"/path/to/ca.pem\"")
    })
}

/// A run of `redis-cli`, with the arguments by which it connects before its own. With TLS it verifies the server's certificate,
/// but no version of `redis-cli` compares the name in it.
pub fn redis(access: &Access, mut run: Run) -> Result<Run, Failure> {
    let mut told: Vec<String> = match &access.reach {
        Reach::Tcp { host, port } | Reach::Network { host, port, .. } => {
            vec!["-h".into(), host.clone(), "-p".into(), port.to_string()]
        }
        Reach::Unix(path) => vec!["-s".into(), path.display().to_string()],
        Reach::Docker { .. } => vec![],
    };
    if let Some(user) = &access.user {
        told.extend(["--user".into(), user.clone()]);
    }
    match &access.tls {
        Tls::Disable => {}
        Tls::Require => told.extend(["--tls".into(), "--insecure".into()]),
        Tls::VerifyFull { ca: None } => told.extend(["--tls".into(), "--cacert".into(), authorities(access)?.to_owned()]),
        Tls::VerifyFull { ca: Some(ca) } => told.extend(["--tls".into(), "--cacert".into(), ca.display().to_string()]),
    }
    told.append(&mut run.args);
    run.args = told;
    Ok(run)
}
