//! Metrics in Prometheus' text format: counters, gauges and histograms, by name and labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of every histogram, in seconds.
const BUCKETS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Clock ticks in a second, as Linux tells them to programs on every host.
const TICKS: f64 = 100.0;

/// Every metric of the shop: name, type, help.
const FAMILIES: [(&str, &str, &str); 18] = [
    ("http_requests_total", "counter", "Requests answered."),
    ("http_request_duration_seconds", "histogram", "Time to answer a request."),
    ("http_requests_in_flight", "gauge", "Requests being answered now."),
    ("shop_orders_total", "counter", "Orders placed, and orders that could not be."),
    ("shop_queue_depth", "gauge", "Orders waiting to be settled."),
    ("shop_queue_oldest_seconds", "gauge", "Age of the order that has waited longest."),
    ("shop_jobs_processed_total", "counter", "Orders settled, and orders that could not be."),
    ("shop_db_pool_in_use", "gauge", "Database connections in use."),
    ("shop_db_pool_size", "gauge", "Database connections that may be open."),
    ("shop_cache_hits_total", "counter", "Products found in the cache."),
    ("shop_cache_misses_total", "counter", "Products not found in the cache."),
    ("proxy_requests_total", "counter", "Requests answered to customers."),
    ("proxy_request_duration_seconds", "histogram", "Time until customers had their answer."),
    ("proxy_backends_up", "gauge", "Instances that answer."),
    ("load_requests_total", "counter", "Requests of customers, by how they went."),
    ("process_resident_memory_bytes", "gauge", "Resident memory size in bytes."),
    ("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds."),
    ("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds."),
];

/// Labels as they are written, without brackets: `method="GET",route="/products"`.
type Labels = String;

/// The metrics of one process.
#[derive(Debug, Default)]
pub struct Metrics {
    values: Mutex<BTreeMap<(&'static str, Labels), f64>>,
    histograms: Mutex<BTreeMap<(&'static str, Labels), Histogram>>,
}

#[derive(Clone, Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    /// Adds to a counter or gauge. Adding nothing makes it known, so that its first rise is seen as one.
    pub fn add(&self, name: &'static str, labels: &[(&str, &str)], amount: f64) {
        *lock(&self.values).entry((name, written(labels))).or_default() += amount;
    }

    /// Sets a gauge, or takes it away when its value is not known.
    pub fn set(&self, name: &'static str, value: Option<f64>) {
        let mut values = lock(&self.values);
        let key = (name, Labels::new());
        match value {
            Some(value) => values.insert(key, value),
            None => values.remove(&key),
        };
    }

    /// Adds a duration to a histogram.
    pub fn observe(&self, name: &'static str, labels: &[(&str, &str)], took: Duration) {
        let seconds = took.as_secs_f64();
        let mut histograms = lock(&self.histograms);
        let histogram = histograms.entry((name, written(labels))).or_default();
        histogram.count += 1;
        histogram.sum += seconds;
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            histogram.buckets[bucket] += 1;
        }
    }

    /// All metrics as text.
    pub fn render(&self) -> String {
        self.look_at_process();
        let mut text = String::new();
        let (values, histograms) = (lock(&self.values), lock(&self.histograms));
        for (name, kind, help) in FAMILIES {
            let samples: Vec<_> = values.iter().filter(|((family, _), _)| *family == name).collect();
            let shapes: Vec<_> = histograms.iter().filter(|((family, _), _)| *family == name).collect();
            if samples.is_empty() && shapes.is_empty() {
                continue;
            }
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for ((_, labels), value) in samples {
                let _ = writeln!(text, "{name}{} {value}", bracketed(labels));
            }
            for ((_, labels), histogram) in shapes {
                histogram.write(&mut text, name, labels);
            }
        }
        text
    }

    /// What the kernel knows of this process.
    fn look_at_process(&self) {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        self.set("process_resident_memory_bytes", memory.map(|kibibytes| kibibytes * 1024.0));
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<f64> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(|field| field.parse().unwrap_or(f64::NAN))
            .collect();
        let field = |number: usize| fields.get(number).copied().filter(|value| !value.is_nan()).map(|value| value / TICKS);
        self.set("process_cpu_seconds_total", field(11).zip(field(12)).map(|(user, system)| user + system));
        self.set("process_start_time_seconds", field(19).zip(boot_time()).map(|(since_boot, boot)| boot + since_boot));
    }
}

impl Histogram {
    fn write(&self, text: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut up_to = 0;
        for (bound, count) in BUCKETS.iter().zip(self.buckets) {
            up_to += count;
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {up_to}");
        }
        let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{name}_sum{} {}", bracketed(labels), self.sum);
        let _ = writeln!(text, "{name}_count{} {}", bracketed(labels), self.count);
    }
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn written(labels: &[(&str, &str)]) -> Labels {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    pairs.join(",")
}

fn bracketed(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_up_and_the_last_holds_all() {
        let metrics = Metrics::default();
        for milliseconds in [1, 30, 30, 9000] {
            metrics.observe("http_request_duration_seconds", &[("method", "GET")], Duration::from_millis(milliseconds));
        }
        let text = metrics.render();
        for line in [
            "http_request_duration_seconds_bucket{method=\"GET\",le=\"0.005\"} 1",
            "http_request_duration_seconds_bucket{method=\"GET\",le=\"0.05\"} 3",
            "http_request_duration_seconds_bucket{method=\"GET\",le=\"5\"} 3",
            "http_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 4",
            "http_request_duration_seconds_count{method=\"GET\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let metrics = Metrics::default();
        metrics.set("shop_queue_depth", Some(3.0));
        assert!(metrics.render().contains("\nshop_queue_depth 3\n"));
        metrics.set("shop_queue_depth", None);
        assert!(!metrics.render().contains("shop_queue_depth"));
    }

    #[test]
    fn the_process_tells_of_itself() {
        let text = Metrics::default().render();
        for name in ["process_resident_memory_bytes ", "process_cpu_seconds_total ", "process_start_time_seconds 1"] {
            assert!(text.lines().any(|line| line.starts_with(name)), "{name} in\n{text}");
        }
    }
}
