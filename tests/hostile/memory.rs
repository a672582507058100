//! Ten bad days at once, and what they take: measured in a process of its own.

use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use midwatch::adapters::http::{Budget, Endpoint};
use midwatch::adapters::prometheus::{Prometheus, RangeQuery};

use crate::server::{Behaviour, Server};
use crate::window;

/// What the console may take at its worst, MiB.
const LIMIT: u64 = 150;
/// Read of each answer; more takes longer, not more memory: large answers are never held.
const ENOUGH: usize = 16 << 20;
const SERVERS: &str = "MIDWATCH_TEST_SERVERS";

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_stay_within_the_memory_of_a_console() {
    let bomb = Behaviour::gzip_bomb();
    let large = [Behaviour::Gigabyte, Behaviour::Series(200_000), bomb, Behaviour::EndlessString, Behaviour::Wide];
    let servers = join_all(large.into_iter().cycle().take(10).map(Server::start)).await;
    let urls: Vec<_> = servers.iter().map(|s| s.url.clone()).collect();
    let child = tokio::task::spawn_blocking(move || {
        let test = "memory::a_client_of_ten_servers";
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", test, "--nocapture"]).env(SERVERS, urls.join(" ")).output().unwrap()
    });
    let output = child.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let peak: u64 = said.lines().find_map(|l| l.split_once("peak MiB: ")?.1.parse().ok()).unwrap();
    println!("{said}");
    assert!(peak < LIMIT, "{peak} MiB");
}

/// Run by the test above in a process of its own; without servers it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_ten_servers() {
    let Ok(urls) = std::env::var(SERVERS) else { return };
    let budget = Budget::default();
    let asking = urls.split(' ').map(|url| {
        let endpoint = Endpoint { timeout: Duration::from_secs(120), largest: ENOUGH, ..Endpoint::new(url) };
        let prometheus = Prometheus::new(&endpoint, budget.clone()).unwrap();
        async move {
            let query = RangeQuery { expr: "up", window: window(), step: Duration::from_secs(15), points: 200 };
            prometheus.query_range(query).await
        }
    });
    let answers = join_all(asking).await;
    for answer in &answers {
        match answer {
            Ok(answer) => println!("{} series, {:?}", answer.series.len(), answer.warnings),
            Err(fault) => println!("{fault}"),
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok()).unwrap();
    println!("peak MiB: {}", peak >> 10);
}
