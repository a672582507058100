//! Three Alertmanagers that gossip over the loopback.

use std::time::Duration;

use crate::demo::assets;
use crate::demo::error::DemoError;
use crate::demo::secret::write_private;
use crate::demo::site::{Launch, Site};
use crate::demo::stack::{agree, answers, json};

/// Starts the cluster and waits until all three know each other.
pub async fn start(site: &Site) -> Result<[u16; 3], DemoError> {
    site.step("Alertmanagers", cluster(site)).await
}

async fn cluster(site: &Site) -> Result<[u16; 3], DemoError> {
    write_private(&site.dir.join("alertmanager.yml"), assets::ALERTMANAGER_YML)?;
    let [first, gossip] = member(site, 1, None).await?;
    let ([second, _], [third, _]) = tokio::try_join!(member(site, 2, Some(gossip)), member(site, 3, Some(gossip)))?;
    let ports = [first, second, third];
    agree("Alertmanagers", Duration::from_secs(20), async || unsettled(site, ports).await).await?;
    Ok(ports)
}

async fn member(site: &Site, number: u8, peer: Option<u16>) -> Result<[u16; 2], DemoError> {
    let name = format!("alertmanager-{number}");
    let home = site.folder(&name)?;
    let launch = |[web, gossip]: [u16; 2]| {
        let launch = Launch::new(&name, &site.tools.alertmanager)
            .env("GOMAXPROCS", "1")
            .args([format!("--config.file={}", site.dir.join("alertmanager.yml").display())])
            .args([format!("--storage.path={}", home.display())])
            .args([format!("--web.listen-address=127.0.0.1:{web}")])
            .args([format!("--cluster.listen-address=127.0.0.1:{gossip}")])
            .args([format!("--cluster.advertise-address=127.0.0.1:{gossip}")])
            // Also sets how soon a cluster of this size counts as settled: after three looks, ten intervals apart.
            .args(["--cluster.gossip-interval=100ms", "--cluster.pushpull-interval=5s", "--cluster.peer-timeout=2s"])
            .args(["--cluster.reconnect-interval=2s"]);
        launch.args(peer.map(|peer| format!("--cluster.peer=127.0.0.1:{peer}")))
    };
    site.serve(launch, async |[web, _]| answers(&site.http, web, "/-/healthy").await).await
}

async fn unsettled(site: &Site, ports: [u16; 3]) -> Option<String> {
    for port in ports {
        let status = json(&site.http, port, "/api/v2/status").await;
        let peers = status["cluster"]["peers"].as_array().map_or(0, Vec::len);
        if peers != ports.len() || status["cluster"]["status"] != "ready" {
            return Some(format!("the one on port {port} knows {peers} members and is {}", status["cluster"]["status"]));
        }
    }
    None
}
