//! The shop: three instances, the proxy before them, and their customers.

use crate::demo::error::DemoError;
use crate::demo::role::Role;
use crate::demo::shop::{app::App, load::Load, proxy::Proxy};
use crate::demo::site::{Launch, Site};
use crate::demo::stack::answers;

/// The ports of the shop's processes.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Of the instances: `app-1`...
    pub apps: Vec<(String, u16)>,
    /// Of the proxy.
    pub proxy: u16,
    /// Of the load generator's metrics.
    pub load: u16,
}

/// Starts everything and waits until an order could be placed.
pub async fn start(site: &Site, postgres: [u16; 2], redis: [u16; 2]) -> Result<Ports, DemoError> {
    let (first, second, third) = site
        .step("shop's instances", async {
            tokio::try_join!(app(site, 1, postgres, redis), app(site, 2, postgres, redis), app(site, 3, postgres, redis))
        })
        .await?;
    let apps = vec![first, second, third];
    let proxy = site.step("shop's proxy", proxy(site, &apps)).await?;
    let load = site.step("shop's customers", load(site, proxy)).await?;
    Ok(Ports { apps, proxy, load })
}

async fn app(site: &Site, number: u8, postgres: [u16; 2], redis: [u16; 2]) -> Result<(String, u16), DemoError> {
    let name = format!("app-{number}");
    let secrets = site.dir.join("secrets");
    let role = |port| Role::ShopApp(App { name: name.clone(), port, postgres, redis, secrets: secrets.clone() });
    let port = serve(site, &name, role, "/healthz").await?;
    Ok((name, port))
}

async fn proxy(site: &Site, apps: &[(String, u16)]) -> Result<u16, DemoError> {
    serve(site, "proxy", |port| Role::ShopProxy(Proxy { port, instances: apps.to_vec() }), "/healthz").await
}

async fn load(site: &Site, proxy: u16) -> Result<u16, DemoError> {
    serve(site, "load", |port| Role::ShopLoad(Load { port, shop: proxy }), "/metrics").await
}

async fn serve(site: &Site, name: &str, role: impl Fn(u16) -> Role, ready: &str) -> Result<u16, DemoError> {
    let launch = |[port]: [u16; 1]| Launch::role(name, &role(port));
    let [port] = site.serve(launch, async |[port]| answers(&site.http, port, ready).await).await?;
    Ok(port)
}
