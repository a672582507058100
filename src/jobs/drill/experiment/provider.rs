//! What an activity of an experiment calls: a program with its arguments, an address, a function of Python's.

use serde_json::{Map, Value};

use crate::domain::access::Reach;
use crate::domain::service::spec::ServiceSpec;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Without its folder.
    pub program: String,
    /// As it would get them.
    pub arguments: Vec<String>,
}

impl Call {
    /// What a provider runs; none where it is no process.
    pub fn of(provider: &Value) -> Option<Self> {
        let path = provider["path"].as_str().filter(|_| provider["type"] == "process")?;
        let arguments = match &provider["arguments"] {
            Value::Null => Vec::new(),
            // Chaos Toolkit hands this to a shell: what only a shell understands is not guessed at.
            Value::String(text) if text.contains(|c| ";&|<>$`'\"\\(){}*?\n".contains(c)) => return None,
            Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            Value::Array(all) => all.iter().map(plain).collect(),
            Value::Object(pairs) => pairs.iter().flat_map(|(name, value)| [name.clone(), plain(value)]).collect(),
            other => vec![plain(other)],
        };
        let program = path.rsplit('/').next().unwrap_or(path).to_owned();
        Some(Self { program, arguments: arguments.into_iter().filter(|argument| !argument.is_empty()).collect() })
    }

    /// The value behind an option: `-p 5432`, `-p5432`, `--port 5432`, `--port=5432`.
    pub fn option(&self, short: &str, long: &str) -> Option<&str> {
        self.arguments.iter().enumerate().find_map(|(at, argument)| {
            if argument == short || argument == long {
                return self.arguments.get(at + 1).map(String::as_str);
            }
            let glued = argument.strip_prefix(&format!("{long}="));
            glued.or_else(|| argument.strip_prefix(short).filter(|rest| !rest.is_empty() && !argument.starts_with("--")))
        })
    }

    /// Its arguments behind midwatch's own global ones, and the environment that was named; none where it is not midwatch.
    pub fn midwatch(&self) -> Option<(&[String], Option<&str>)> {
        let mut rest = (self.program == "midwatch").then_some(self.arguments.as_slice())?;
        loop {
            rest = match rest {
                [flag, _, more @ ..] if ["--config", "--state", "--environment"].contains(&flag.as_str()) => more,
                [flag, more @ ..] if flag.starts_with("--") => more,
                _ => break,
            };
        }
        Some((rest, self.option("--environment", "--environment")))
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What it is called where it cannot be run.
pub fn words(provider: &Value) -> String {
    let text = |key: &str| provider[key].as_str().unwrap_or("?").to_owned();
    match provider["type"].as_str() {
        Some("python") => format!("{}.{}", text("module"), text("func")),
        Some("http") => text("url"),
        Some("process") => Call::of(provider).map_or_else(|| text("path"), |call| call.program),
        _ => "something without a provider".to_owned(),
    }
}

/// The service at an address.
pub fn at<'a>(services: &'a [ServiceSpec], host: &str, port: u16) -> Option<&'a ServiceSpec> {
    let plain = |host: &str| if host == "localhost" { "127.0.0.1".to_owned() } else { host.to_owned() };
    let is = |service: &&ServiceSpec| match &service.access.reach {
        Reach::Tcp { host: own, port: its } => plain(own) == plain(host) && *its == port,
        _ => false,
    };
    services.iter().find(is)
}

/// The service that an URL is of.
pub fn behind<'a>(services: &'a [ServiceSpec], url: &str) -> Option<&'a ServiceSpec> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let default = if scheme == "https" { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) => at(services, host.trim_matches(['[', ']']), port.parse().ok()?),
        None => at(services, authority, default),
    }
}

/// The experiment with its own configuration put in: `${name}`, where the file says the value itself.
pub fn substituted(file: &Value) -> Value {
    let values: Vec<(String, String)> = file["configuration"].as_object().map(plain_values).unwrap_or_default();
    put(file, &values)
}

fn plain_values(configuration: &Map<String, Value>) -> Vec<(String, String)> {
    let own = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        _ => None,
    };
    configuration.iter().filter_map(own).collect()
}

fn put(value: &Value, values: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => {
            Value::String(values.iter().fold(text.clone(), |text, (name, own)| text.replace(&format!("${{{name}}}"), own)))
        }
        Value::Array(all) => all.iter().map(|one| put(one, values)).collect(),
        Value::Object(all) => all.iter().map(|(name, one)| (name.clone(), put(one, values))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}
