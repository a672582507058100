//! A dashboard of nine panels with thirteen queries of what every Prometheus says of itself.

use std::path::Path;

use serde_json::{Value, json};

/// Its queries; a panel has one or two.
pub const QUERIES: [&str; 13] = [
    "rate(prometheus_http_requests_total[$__rate_interval])",
    "sum(rate(prometheus_http_requests_total[$__rate_interval]))",
    "go_memstats_heap_inuse_bytes",
    "go_memstats_alloc_bytes",
    "go_goroutines",
    "rate(process_cpu_seconds_total[$__rate_interval])",
    "process_resident_memory_bytes",
    "prometheus_tsdb_head_series",
    "prometheus_tsdb_head_chunks",
    "rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval])",
    "scrape_duration_seconds",
    "prometheus_rule_group_last_duration_seconds",
    "rate(go_memstats_frees_total[$__rate_interval])",
];

/// A query as Grafana would send it.
pub fn filled_in(query: &str) -> String {
    query.replace("$__rate_interval", "1m")
}

/// Writes `bench9.json` into a folder.
pub fn write(folder: &Path) {
    let mut queries = QUERIES.iter();
    let panels: Vec<Value> = (0..9)
        .map(|n| {
            let targets: Vec<Value> = queries
                .by_ref()
                .take(if n < 4 { 2 } else { 1 })
                .zip(["A", "B"])
                .map(|(query, id)| json!({ "expr": query, "refId": id, "legendFormat": "" }))
                .collect();
            let place = json!({ "x": n % 3 * 8, "y": n / 3 * 8, "w": 8, "h": 8 });
            json!({ "id": n + 1, "type": "timeseries", "title": format!("Panel {}", n + 1), "gridPos": place, "targets": targets })
        })
        .collect();
    let time = json!({ "from": "now-5m", "to": "now" });
    let whole =
        json!({ "title": "bench9", "uid": "bench9", "refresh": "5s", "schemaVersion": 39, "time": time, "panels": panels });
    std::fs::write(folder.join("bench9.json"), whole.to_string()).unwrap();
}
