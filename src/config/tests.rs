#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::model::*;
use super::*;
use crate::domain::access::{Reach, Tls};
use crate::domain::colour::Colour;
use crate::domain::guard::Guard;
use crate::domain::secret::SecretRef;
use crate::domain::service::ServiceKind;
use crate::domain::service::spec::Health;

mod access;
mod backups;
mod console;
mod control;
mod errors;
mod layers;

fn places(root: &Path) -> Places {
    Places { here: root.to_owned(), user: Some(root.join("user")), system: root.join("etc") }
}

fn load_text(body: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("midwatch.toml"), body).unwrap();
    load(&Overrides::default(), &places(folder.path()))
}

/// A configuration with one environment, `e`, that holds this.
fn environment(body: &str) -> Environment {
    load_text(&format!("[environments.e]\n{body}")).unwrap_or_else(|error| panic!("{error}")).environments.remove(0)
}

#[test]
fn the_ten_lines_to_begin_with_are_right() {
    let config = load_text(STARTER).unwrap();
    assert_eq!(
        (config.environment, config.theme, config.ascii),
        (Name::from("production"), Choice::Named("default".into()), false)
    );
    let production = &config.environments[0];
    assert_eq!((production.guard, production.color), (Guard::Strict, Colour::Ansi(1)));
    assert_eq!((production.refresh, production.alertmanagers.len()), (Duration::from_secs(15), 1));
    assert!(STARTER.lines().count() <= 10);
}

#[test]
fn the_ledger_and_the_metrics_stand_where_they_are_put() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("midwatch.toml"), "state = \"s\"\ntextfile = \"/m.prom\"\n[environments.e]").unwrap();
    let config = load(&Overrides::default(), &places(folder.path())).unwrap();
    assert_eq!((config.state, config.textfile), (Some(folder.path().join("s")), Some("/m.prom".into())));
    let asked = Overrides { state: Some("t".into()), ..Overrides::default() };
    assert_eq!(load(&asked, &places(folder.path())).unwrap().state, Some(folder.path().join("t")), "a flag is above every file");
}

#[test]
fn response_times_are_read_under_either_name_and_once() {
    let response = |body: &str| load_text(&format!("{body}\n[environments.e]")).map(|config| config.response);
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let set = response("[response]\np0 = \"2m\"\np1 = \"10m\"\nwarning = \"4h\"").unwrap();
    assert_eq!((set.emergency, set.critical, set.warning), (minutes(2), minutes(10), minutes(240)));
    assert_eq!(set.info, response("").unwrap().info);
    let told = |body: &str| response(body).unwrap_err().to_string();
    assert!(told("[response]\np1 = \"1m\"\ncritical = \"2m\"").contains("critical under another name"));
    assert!(told("[response]\ncritcal = \"1m\"").contains("critical"));
    assert!(told("[response]\np3 = \"soon\"").contains("response.p3"));
}

#[test]
fn an_environment_needs_nothing_but_a_name() {
    let bare = environment("");
    assert_eq!((bare.guard, bare.prometheus, bare.services.len()), (Guard::Confirm, None, 0));
}

#[test]
fn an_endpoint_has_headers_a_login_and_certificates() {
    let read = environment(
        r#"[environments.e.prometheus]
        url = "https://prom.example/prefix/"
        headers = { X-Scope-OrgID = "team", X-Api-Key = "cmd:pass show key" }
        basic = { user = "u", password = "file:prom.pass" }
        ca = "/etc/ssl/private-ca.pem"
        client = { certificate = "/c.pem", key = "/k.pem" }
        timeout = "2s""#,
    );
    let prometheus = read.prometheus.unwrap();
    assert_eq!(prometheus.url, "https://prom.example/prefix");
    let values: Vec<_> = prometheus.headers.into_iter().map(|header| header.value).collect();
    assert_eq!(values, [HeaderValue::Text("team".into()), HeaderValue::Secret(SecretRef::Cmd("pass show key".into()))]);
    let Some(Auth::Basic { user, password: SecretRef::File(file) }) = prometheus.auth else { panic!("no login") };
    assert!(user == "u" && file.is_absolute() && file.ends_with("prom.pass"), "{file:?}");
    assert_eq!(prometheus.ca, Some("/etc/ssl/private-ca.pem".into()));
    assert_eq!(prometheus.client, Some(ClientCertificate { certificate: "/c.pem".into(), key: "/k.pem".into() }));
    assert_eq!(prometheus.timeout, Duration::from_secs(2));
}

#[test]
fn services_are_reached_in_their_own_ways() {
    let read = environment(
        r#"[environments.e.services]
        orders = { kind = "postgres", user = "u", password = "env:PW", reach = { tcp = "[::1]:5432" }, tls = "verify-full", ca = "/ca.pem" }
        cache = { kind = "redis", reach = { unix = "/run/redis.sock" } }
        app = { kind = "http", reach = { tcp = "app:80" }, health = { path = "/healthz", status = 204 } }"#,
    );
    let [orders, cache, app] = &read.services[..] else { panic!("{:?}", read.services) };
    assert_eq!(orders.access.reach, Reach::Tcp { host: "::1".into(), port: 5432 });
    assert_eq!(orders.access.tls, Tls::VerifyFull { ca: Some("/ca.pem".into()) });
    assert_eq!(orders.access.password, Some(SecretRef::Env("PW".into())));
    assert_eq!((cache.kind, &cache.access.reach), (ServiceKind::Redis, &Reach::Unix("/run/redis.sock".into())));
    assert_eq!(app.health, Some(Health { path: "/healthz".into(), status: Some(204) }));
}

#[test]
fn signals_have_thresholds_and_a_unit() {
    let read = environment(
        "[[environments.e.signals]]\nname = 'error ratio'\nquery = 'a / b'\nunit = 'percentunit'\nwarning = 0.01\ncritical = 1",
    );
    let signal = &read.signals[0];
    assert_eq!((&*signal.name, &*signal.query, signal.warning, signal.critical), ("error ratio", "a / b", Some(0.01), Some(1.0)));
}

#[test]
fn the_first_environment_opens_unless_another_is_chosen() {
    let two = "[environments.b]\n[environments.a]\n";
    assert_eq!(load_text(two).unwrap().environment, Name::from("b"));
    assert_eq!(load_text(&format!("environment = 'a'\n{two}")).unwrap().environment, Name::from("a"));
}

#[test]
fn paths_are_relative_to_their_file_whatever_its_folder_is_called() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("odd [name]*");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("midwatch.toml"), "[environments.e]\nrunbooks = ['*.md', '/srv/*.md']").unwrap();
    std::fs::write(folder.join("a.md"), "").unwrap();
    let runbooks = load(&Overrides::default(), &places(&folder)).unwrap().environments.remove(0).files.runbooks;
    let matched: Vec<_> = glob::glob(&runbooks[0].glob).unwrap().map(Result::unwrap).collect();
    assert_eq!(matched, [folder.join("a.md")]);
    assert_eq!((runbooks[1].glob.as_str(), runbooks[1].place.line), ("/srv/*.md", 2));
}

#[test]
fn a_pattern_means_a_file_a_folder_or_what_a_glob_matches() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("boards/team")).unwrap();
    for file in ["boards/b.json", "boards/team/a.json", "boards/notes.txt", "boards/.hidden.json"] {
        std::fs::write(root.path().join(file), "").unwrap();
    }
    std::fs::write(
        root.path().join("midwatch.toml"),
        "[environments.e]\ndashboards = ['boards', 'boards/*.txt', 'boards/b.json', 'no/*']",
    )
    .unwrap();
    let patterns = load(&Overrides::default(), &places(root.path())).unwrap().environments.remove(0).files.dashboards;
    let found: Vec<Vec<_>> = patterns.iter().map(|pattern| pattern.files("json").unwrap()).collect();
    let expected = |names: &[&str]| names.iter().map(|name| root.path().join(name)).collect::<Vec<_>>();
    assert_eq!(found[0], expected(&["boards/b.json", "boards/team/a.json"]));
    assert_eq!(found[1..], [expected(&["boards/notes.txt"]), expected(&["boards/b.json"]), vec![]]);
}
