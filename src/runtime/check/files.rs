//! Files: dashboards that parse, runbooks that can be read, certificates that are there.

use std::path::{Path, PathBuf};

use crate::config::model::{Environment, Pattern, ServiceConfig, Upstream};
use crate::domain::access::Tls;
use crate::grafana;
use crate::runtime::check::{Check, Finding, Subject, quoted};

/// The checks of every file that an environment names.
pub fn checks(environment: &Environment) -> Vec<Check<'_>> {
    let patterns = |key: &'static str, patterns: &[Pattern], extension, read: Read| -> Vec<Check<'static>> {
        let named = patterns.iter().map(|pattern| (Subject::of(environment, key), pattern.clone()));
        named.map(|(subject, pattern)| blocking(move || of_pattern(&subject, &pattern, extension, read))).collect()
    };
    let mut all = patterns("dashboards", &environment.dashboards, "json", dashboard);
    all.extend(patterns("runbooks", &environment.runbooks, "md", |_| Ok(())));
    for (subject, path) in certificates(environment) {
        all.push(blocking(move || of_certificate(&subject, &path).into_iter().collect()));
    }
    all
}

/// Why a file's text is not what it should be.
type Read = fn(&str) -> Result<(), String>;

fn blocking(check: impl FnOnce() -> Vec<Finding> + Send + 'static) -> Check<'static> {
    Box::pin(async { tokio::task::spawn_blocking(check).await.unwrap_or_default() })
}

fn dashboard(text: &str) -> Result<(), String> {
    grafana::read(text).map(|_| ()).map_err(|error| error.to_string())
}

fn of_pattern(subject: &Subject, pattern: &Pattern, extension: &str, read: Read) -> Vec<Finding> {
    let place = format!("{}:{}:{}", pattern.place.file, pattern.place.line, pattern.place.column);
    let files = match pattern.files(extension) {
        Ok(files) if files.is_empty() => {
            let detail = format!("{:?} matches no file: looked for {}", pattern.written, pattern.glob);
            return vec![subject.missing(detail, format!("mend the path at {place}: it is relative to its file"))];
        }
        Ok(files) => files,
        Err(error) => {
            return vec![subject.missing(format!("{:?}: {error}", pattern.written), format!("ls -ld {}", quoted(&pattern.glob)))];
        }
    };
    let bad: Vec<_> = files.iter().filter_map(|file| of_file(subject, file, read)).collect();
    let good = files.len() - bad.len();
    let summary =
        (good > 0).then(|| subject.good(format!("{:?}: {good} file{}", pattern.written, if good == 1 { "" } else { "s" })));
    summary.into_iter().chain(bad).collect()
}

fn of_file(subject: &Subject, file: &Path, read: Read) -> Option<Finding> {
    let shown = file.display();
    match std::fs::read_to_string(file) {
        Err(error) => Some(subject.missing(format!("{shown}: {error}"), format!("ls -l {}", quoted(&file.to_string_lossy())))),
        Ok(text) => {
            let why = read(&text).err()?;
            Some(subject.missing(format!("{shown}: {why}"), "export it from Grafana again: Share, Export, Save to file"))
        }
    }
}

fn certificates(environment: &Environment) -> Vec<(Subject, PathBuf)> {
    let upstreams = environment.upstreams().flat_map(|(name, upstream)| of_upstream(&name, upstream));
    let services = environment.services.iter().filter_map(of_service);
    upstreams.chain(services).map(|(name, path)| (Subject::of(environment, name), path)).collect()
}

fn of_upstream(name: &str, upstream: &Upstream) -> Vec<(String, PathBuf)> {
    let ca = upstream.ca.iter().map(|path| ("ca", path));
    let client = upstream.client.iter().flat_map(|own| [("client.certificate", &own.certificate), ("client.key", &own.key)]);
    ca.chain(client).map(|(key, path)| (format!("{name}.{key}"), path.clone())).collect()
}

fn of_service(service: &ServiceConfig) -> Option<(String, PathBuf)> {
    match &service.access.tls {
        Tls::VerifyFull { ca: Some(path) } => Some((format!("services.{}.ca", service.name), path.clone())),
        _ => None,
    }
}

/// Only what is wrong with it: a good one is part of its endpoint's good answer.
fn of_certificate(subject: &Subject, path: &Path) -> Option<Finding> {
    let shown = path.display();
    let word = quoted(&path.to_string_lossy());
    let (detail, mend) = match std::fs::read_to_string(path) {
        Ok(text) if text.contains("-----BEGIN ") => return None,
        Ok(_) => (format!("{shown}: no PEM is in it"), format!("openssl x509 -inform der -in {word} -out {word}.pem")),
        Err(error) => (format!("{shown}: {error}"), format!("ls -l {word}")),
    };
    Some(subject.missing(detail, mend))
}
