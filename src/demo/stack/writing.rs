//! What a demo tells about itself: its endpoints, and the configuration that makes it the console's environment `demo`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::demo::assets;
use crate::demo::error::DemoError;
use crate::demo::protocol::{AppEndpoint, Endpoints, Server};
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
        schema_version: 1,
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
pub fn config(site: &Site, endpoints: &Endpoints) -> Result<(), DemoError> {
    let mut apps = String::new();
    for app in &endpoints.apps {
        let _ = write!(
            apps,
            "\n[environments.demo.services.{}]\nkind = \"http\"\nreach = {{ tcp = \"{}\" }}\nhealth = {{ path = \"/healthz\", status = 200 }}\n",
            app.name,
            bare(&app.url),
        );
    }
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
        ],
    );
    write_private(&site.dir.join("midwatch.toml"), &text)
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
