//! Files: dashboards and `GameDay`s that parse, runbooks that can be read, certificates that are there.

use std::path::{Path, PathBuf};

use crate::config::gameday;
use crate::config::model::{Environment, Pattern, Upstream};
use crate::domain::access::Tls;
use crate::domain::service::spec::ServiceSpec;
use crate::grafana;
use crate::jobs::scenarios;
use crate::runtime::check::{Check, Finding, Subject, quoted};

/// The checks of every file that an environment names.
pub fn checks(environment: &Environment) -> Vec<Check<'_>> {
    let patterns = |kind: &'static Kind, patterns: &[Pattern]| -> Vec<Check<'static>> {
        let named = patterns.iter().map(|pattern| (Subject::of(environment, kind.key), pattern.clone()));
        named.map(|(subject, pattern)| blocking(move || of_pattern(&subject, &pattern, kind))).collect()
    };
    let files = &environment.files;
    let mut all = patterns(DASHBOARDS, &files.dashboards);
    all.extend(patterns(RUNBOOKS, &files.runbooks));
    all.extend(patterns(GAMEDAYS, &files.gamedays));
    for (subject, path) in certificates(environment) {
        all.push(blocking(move || of_certificate(&subject, &path).into_iter().collect()));
    }
    all
}

/// What files of one kind must be.
struct Kind {
    /// The key that names them, and how their names end in a folder.
    key: &'static str,
    extension: &'static str,
    /// Why a file's text is not what it should be.
    read: fn(&Path, &str) -> Result<(), String>,
    /// How one that is not is mended.
    mend: &'static str,
}

const DASHBOARDS: &Kind = &Kind {
    key: "dashboards",
    extension: "json",
    read: |path, text| grafana::read(text).map(drop).map_err(|error| format!("{}: {error}", path.display())),
    mend: "export it from Grafana again: Share, Export, Save to file",
};
const RUNBOOKS: &Kind = &Kind { key: "runbooks", extension: "md", read: |_, _| Ok(()), mend: "" };
const GAMEDAYS: &Kind = &Kind {
    key: "gamedays",
    extension: "toml",
    read: |path, text| {
        gameday::parse(&path.display().to_string(), text, &scenarios::names()).map(drop).map_err(|error| error.to_string())
    },
    mend: "midwatch chaos gameday FILE --dry-run tells its plans once it can be read",
};

fn blocking(check: impl FnOnce() -> Vec<Finding> + Send + 'static) -> Check<'static> {
    Box::pin(async { tokio::task::spawn_blocking(check).await.unwrap_or_default() })
}

fn of_pattern(subject: &Subject, pattern: &Pattern, kind: &Kind) -> Vec<Finding> {
    let place = format!("{}:{}:{}", pattern.place.file, pattern.place.line, pattern.place.column);
    let files = match pattern.files(kind.extension) {
        Ok(files) if files.is_empty() => {
            let detail = format!("{:?} matches no file: looked for {}", pattern.written, pattern.glob);
            return vec![subject.missing(detail, format!("mend the path at {place}: it is relative to its file"))];
        }
        Ok(files) => files,
        Err(error) => {
            return vec![subject.missing(format!("{:?}: {error}", pattern.written), format!("ls -ld {}", quoted(&pattern.glob)))];
        }
    };
    let bad: Vec<_> = files.iter().filter_map(|file| of_file(subject, file, kind)).collect();
    let good = files.len() - bad.len();
    let summary =
        (good > 0).then(|| subject.good(format!("{:?}: {good} file{}", pattern.written, if good == 1 { "" } else { "s" })));
    summary.into_iter().chain(bad).collect()
}

fn of_file(subject: &Subject, file: &Path, kind: &Kind) -> Option<Finding> {
    let shown = file.display();
    match std::fs::read_to_string(file) {
        Err(error) => Some(subject.missing(format!("{shown}: {error}"), format!("ls -l {}", quoted(&file.to_string_lossy())))),
        Ok(text) => {
            let why = (kind.read)(file, &text).err()?;
            Some(subject.missing(why, kind.mend))
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

fn of_service(service: &ServiceSpec) -> Option<(String, PathBuf)> {
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
