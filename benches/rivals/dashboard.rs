//! A dashboard of nine panels with thirteen queries.

use std::path::Path;

use serde_json::{Value, json};

/// Its queries; the first four panels have two, the others one.
pub const QUERIES: [&str; 13] = [
    "sum by (app) (rate(shop_requests_total[$__rate_interval]))",
    "sum(rate(shop_requests_total[$__rate_interval]))",
    "max by (app) (shop_latency_seconds)",
    "avg(shop_latency_seconds)",
    "sum by (app) (shop_memory_bytes)",
    "sum(shop_memory_bytes)",
    "rate(shop_requests_total{app=\"app-1\"}[$__rate_interval])",
    "rate(shop_requests_total{app=\"app-2\"}[$__rate_interval])",
    "shop_latency_seconds{app=\"app-1\"}",
    "shop_memory_bytes{app=\"app-2\"}",
    "quantile by (app) (0.9, shop_latency_seconds)",
    "quantile(0.9, rate(shop_requests_total[$__rate_interval]))",
    "stddev by (app) (shop_memory_bytes)",
];
/// What part of time it shows, seconds.
pub const RANGE: u64 = 300;

/// A query as Grafana would send it to a Prometheus that scrapes every 5 s.
pub fn filled_in(query: &str) -> String {
    query.replace("$__rate_interval", "20s")
}

/// Writes `bench9.json` into a folder.
pub fn write(folder: &Path) {
    let mut queries = QUERIES.iter();
    let panels: Vec<Value> = (0..9)
        .map(|n| {
            let own = queries.by_ref().take(if n < 4 { 2 } else { 1 }).zip(["A", "B"]);
            let targets: Vec<Value> = own.map(|(query, id)| json!({ "expr": query, "refId": id })).collect();
            let place = json!({ "x": n % 3 * 8, "y": n / 3 * 10, "w": 8, "h": 10 });
            json!({ "id": n + 1, "type": "timeseries", "title": format!("Panel {}", n + 1), "gridPos": place, "targets": targets })
        })
        .collect();
    let time = json!({ "from": format!("now-{RANGE}s"), "to": "now" });
    let whole =
        json!({ "title": "bench9", "uid": "bench9", "refresh": "5s", "schemaVersion": 39, "time": time, "panels": panels });
    std::fs::write(folder.join("bench9.json"), whole.to_string()).unwrap();
}
