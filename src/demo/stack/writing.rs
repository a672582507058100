//! What a demo tells about itself: its endpoints, and the configuration that makes it the console's environment `demo`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::demo::assets;
use crate::demo::client::StartServer;
use crate::demo::error::DemoError;
use crate::demo::protocol::{AppEndpoint, Endpoints, Server};
use crate::demo::role::Role;
use crate::demo::secret::write_private;
use crate::demo::site::Site;
use crate::demo::stack::{Pair, Parts};

/// Where everything is reached.
pub fn endpoints(site: &Site, name: &str, parts: &Parts, prometheus: u16) -> Endpoints {
    let postgres = |port| Server {
        address: address(port),
        user: Some("midwatch".to_owned()),
        database: Some("shop".to_owned()),
        password_file: site.secrets.file("midwatch"),
    };
    let redis = |port| Server { address: address(port), user: None, database: None, password_file: site.secrets.file("redis") };
    Endpoints {
        name: name.to_owned(),
        dir: site.dir.clone(),
        config: site.dir.join("midwatch.toml"),
        prometheus: url(prometheus),
        alertmanagers: parts.alertmanagers.map(url).to_vec(),
        postgres: pair(parts.postgres, "standby", postgres),
        redis: pair(parts.redis, "replica", redis),
        shop: AppEndpoint { name: "shop".to_owned(), url: url(parts.shop.proxy) },
        apps: parts.shop.apps.iter().map(|(name, port)| AppEndpoint { name: name.clone(), url: url(*port) }).collect(),
        exporters: exporters(parts),
    }
}

/// Writes `midwatch.toml` into the demo's folder.
pub fn config(site: &Site, endpoints: &Endpoints, socket: &Path) -> Result<(), DemoError> {
    let start = |server: &str| start(socket, server);
    let mut apps = String::new();
    for AppEndpoint { name, url } in &endpoints.apps {
        let words = [("name", name.clone()), ("address", bare(url).to_owned()), ("start", start(name))];
        apps.push_str(&assets::fill(APP, &words));
    }
    let names: Vec<_> = endpoints.apps.iter().map(|app| format!("{:?}", app.name)).collect();
    let alertmanagers: Vec<String> = endpoints.alertmanagers.iter().map(|url| format!("{{ url = \"{url}\" }}")).collect();
    let address = |servers: &BTreeMap<String, Server>, role: &str| {
        servers.get(role).map(|server| server.address.clone()).unwrap_or_default()
    };
    let text = assets::fill(
        assets::MIDWATCH_TOML,
        &[
            ("name", endpoints.name.clone()),
            ("prometheus", endpoints.prometheus.clone()),
            ("alertmanagers", alertmanagers.join(", ")),
            ("primary", address(&endpoints.postgres, "primary")),
            ("standby", address(&endpoints.postgres, "standby")),
            ("redis", address(&endpoints.redis, "primary")),
            ("redis-replica", address(&endpoints.redis, "replica")),
            ("proxy", bare(&endpoints.shop.url).to_owned()),
            ("apps", apps),
            ("instances", names.join(", ")),
            ("start-primary", start("postgres-primary")),
            ("start-standby", start("postgres-standby")),
            ("start-redis", start("redis")),
            ("start-redis-replica", start("redis-replica")),
            ("start-proxy", start("proxy")),
        ],
    );
    write_private(&site.dir.join("midwatch.toml"), &text)
}

/// One instance of the shop.
const APP: &str = r#"
[environments.demo.services.{{name}}]
kind = "http"
reach = { tcp = "{{address}}" }
labels = { job = "app", instance = "{{name}}" }
health = { path = "/healthz", status = 200 }
depends_on = ["postgres", "redis"]
control = { process = "run/{{name}}.pid", start = {{start}}, log = "log/{{name}}.log" }
"#;

/// The program that starts a server, as an array of TOML: the supervisor's own file, also where that was replaced meanwhile.
fn start(socket: &Path, server: &str) -> String {
    let role = Role::Start(StartServer { socket: socket.to_owned(), server: server.to_owned() });
    let program = format!("/proc/{}/exe", std::process::id());
    let words: Vec<_> = std::iter::once(program).chain(role.arguments()).collect();
    serde_json::to_string(&words).unwrap_or_default()
}

fn exporters(parts: &Parts) -> BTreeMap<String, String> {
    let found = [
        ("node", parts.node),
        ("postgres-primary", parts.exporters.postgres.primary),
        ("postgres-standby", parts.exporters.postgres.follower),
        ("redis-primary", parts.exporters.redis.primary),
        ("redis-replica", parts.exporters.redis.follower),
        ("load", parts.shop.load),
    ];
    found.into_iter().map(|(name, port)| (name.to_owned(), format!("{}/metrics", url(port)))).collect()
}

fn pair(ports: Pair, follower: &str, server: impl Fn(u16) -> Server) -> BTreeMap<String, Server> {
    BTreeMap::from([("primary".to_owned(), server(ports.primary)), (follower.to_owned(), server(ports.follower))])
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn bare(url: &str) -> &str {
    url.trim_start_matches("http://")
}
