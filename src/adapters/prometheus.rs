//! Prometheus's HTTP API, and that of whoever speaks it (Thanos, Mimir, `VictoriaMetrics`).
//! Source of the shapes: <https://prometheus.io/docs/prometheus/latest/querying/api/>.
//!
//! It knows nothing of panels: a range query is told how many columns there are, and loses no spike on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;

use crate::adapters::http::{Ask, Budget, Decode, Endpoint, Http, Typed};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::labels::Labels;
use crate::domain::metadata::Metadata;
use crate::domain::range::Window;
use crate::domain::rule::RuleGroup;
use crate::domain::series::{Answer, Series};
use crate::domain::target::Target;
use crate::domain::time::Stamp;

mod answer;
mod metrics;
mod reduce;
mod reports;

use answer::AnswerDecode;
use reduce::Grid;
pub use reports::BuildInfo;
use reports::Envelope;

/// One Prometheus. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Prometheus {
    http: Http,
    /// Whether it refused a POST before: some proxies do.
    only_get: Arc<AtomicBool>,
}

/// What is fetched for a range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeQuery<'a> {
    /// The expression.
    pub expr: &'a str,
    /// The part of time.
    pub window: Window,
    /// The distance between evaluations.
    pub step: Duration,
    /// How many columns can be drawn: what does not fit is reduced to each column's first, lowest, highest and last sample.
    pub points: u16,
}

impl Prometheus {
    /// A client for `endpoint`; connects to nothing yet.
    pub fn new(endpoint: &Endpoint, budget: Budget) -> Result<Self, Fault> {
        Ok(Self { http: Http::new(endpoint, budget)?, only_get: Arc::default() })
    }

    /// Its URL, for display: it holds no credentials.
    pub fn place(&self) -> &str {
        self.http.place()
    }

    /// How far its clock is ahead of ours, in milliseconds, by its newest answer.
    pub fn skew(&self) -> Option<i64> {
        self.http.skew()
    }

    /// The value of `expr` at an instant. Where `selectors` tell what it is computed from, the age of those samples is asked for
    /// beside it: the answer's own stamps say *now* whatever their age.
    pub async fn query(&self, expr: &str, at: Stamp, selectors: &[String]) -> Result<Answer, Fault> {
        let time = at.seconds().to_string();
        let ages = async {
            match ages(selectors) {
                Some(ages) => self.instant(&ages, &time).await.ok(),
                None => None,
            }
        };
        let (answer, ages) = tokio::join!(self.instant(expr, &time), ages);
        let oldest =
            ages.and_then(|ages| ages.series.iter().filter_map(Series::last).map(|s| Stamp::from_seconds(s.value)).min());
        answer.map(|answer| Answer { sampled_at: oldest, ..answer })
    }

    async fn instant(&self, expr: &str, time: &str) -> Result<Answer, Fault> {
        let patience = self.patience();
        // Without `nocache` VictoriaMetrics answers what was true half a minute ago, stamped with now; Prometheus does not know it.
        let params = [("query", expr), ("time", time), ("timeout", &patience), ("nocache", "1")];
        self.post("/api/v1/query", &params, || AnswerDecode::new(None)).await
    }

    /// The values of an expression over a range of time.
    pub async fn query_range(&self, query: RangeQuery<'_>) -> Result<Answer, Fault> {
        let [start, end] = [query.window.start, query.window.end].map(|at| at.seconds().to_string());
        let (step, patience) = (query.step.as_secs_f64().to_string(), self.patience());
        let params = [("query", query.expr), ("start", &start), ("end", &end), ("step", &step), ("timeout", &patience)];
        let grid = Grid::new(query.window, query.step, query.points);
        self.post("/api/v1/query_range", &params, || AnswerDecode::new(Some(grid))).await
    }

    /// The label sets of every series that `selector` matches within a range of time; at most `limit`, where the server knows limits.
    pub async fn series(&self, selector: &str, window: Window, limit: u32) -> Result<Vec<Labels>, Fault> {
        let ([start, end], limit) = (seconds(window), limit.to_string());
        let params = [("match[]", selector), ("start", &start), ("end", &end), ("limit", &limit)];
        let sets: Vec<reports::LabelMap> = self.data("/api/v1/series", &params).await?;
        Ok(sets.into_iter().map(reports::LabelMap::into_labels).collect())
    }

    /// The names of labels within a range of time, of all series or of those that `selector` matches.
    pub async fn labels(&self, selector: Option<&str>, window: Window) -> Result<Vec<String>, Fault> {
        let [start, end] = seconds(window);
        let mut params = vec![("start", start.as_str()), ("end", end.as_str())];
        params.extend(selector.map(|selector| ("match[]", selector)));
        self.data("/api/v1/labels", &params).await
    }

    /// The values of one label within a range of time, over all series or those that `selector` matches.
    pub async fn label_values(&self, label: &str, selector: Option<&str>, window: Window) -> Result<Vec<String>, Fault> {
        let [start, end] = seconds(window);
        let mut params = vec![("start", start.as_str()), ("end", end.as_str())];
        params.extend(selector.map(|selector| ("match[]", selector)));
        // No POST here: the API has none.
        self.get(&format!("/api/v1/label/{}/values", escaped(label)), &params).await
    }

    /// What every metric says of itself, in the order of names.
    pub async fn metadata(&self) -> Result<Vec<Metadata>, Fault> {
        self.get::<reports::MetadataReport>("/api/v1/metadata", &[("limit_per_metric", "1")]).await.map(reports::metadata)
    }

    /// What the metrics of the targets that `matcher` (`{job="app"}`) selects say of themselves.
    pub async fn target_metadata(&self, matcher: &str) -> Result<Vec<Metadata>, Fault> {
        let found: Vec<reports::TargetMetadata> = self.get("/api/v1/targets/metadata", &[("match_target", matcher)]).await?;
        Ok(reports::target_metadata(found))
    }

    /// The active targets.
    pub async fn targets(&self) -> Result<Vec<Target>, Fault> {
        self.get::<reports::TargetReport>("/api/v1/targets", &[("state", "active")]).await.map(reports::targets)
    }

    /// Every rule, with the alerts that are pending or firing.
    pub async fn rules(&self) -> Result<Vec<RuleGroup>, Fault> {
        self.get::<reports::RuleReport>("/api/v1/rules", &[]).await.map(reports::rules)
    }

    /// The addresses of the Alertmanagers that it sends alerts to, credentials removed.
    pub async fn alertmanagers(&self) -> Result<Vec<String>, Fault> {
        self.get::<reports::ManagerReport>("/api/v1/alertmanagers", &[]).await.map(reports::managers)
    }

    /// Which version it is.
    pub async fn build_info(&self) -> Result<BuildInfo, Fault> {
        self.get("/api/v1/status/buildinfo", &[]).await
    }

    async fn get<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<T, Fault> {
        self.opened(path, self.http.call(Ask::get(path, params), Typed::<Envelope<T>>::new()).await?)
    }

    async fn data<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<T, Fault> {
        self.post(path, params, Typed::<Envelope<T>>::new).await
    }

    /// By POST, so that an expression may be longer than a URL; by GET where that is refused.
    async fn post<T, D>(&self, path: &str, params: &[(&str, &str)], decode: impl Fn() -> D) -> Result<T, Fault>
    where
        D: Decode<Out = Envelope<T>>,
    {
        if !self.only_get.load(Ordering::Relaxed) {
            let answer = self.http.call(Ask::post(path, params), decode()).await;
            match answer {
                Err(fault) if is_post_refused(&fault) => self.only_get.store(true, Ordering::Relaxed),
                answer => return self.opened(path, answer?),
            }
        }
        self.opened(path, self.http.call(Ask::get(path, params), decode()).await?)
    }

    fn opened<T>(&self, path: &str, envelope: Envelope<T>) -> Result<T, Fault> {
        envelope.into_data().map_err(|fault| Fault { detail: format!("{}{path}: {}", self.place(), fault.detail), ..fault })
    }

    /// The `timeout` that Prometheus is told: a little less than ours, so that it is the one to say that it took too long.
    fn patience(&self) -> String {
        format!("{}ms", (self.http.timeout().as_millis() * 9 / 10).max(1))
    }
}

fn is_post_refused(fault: &Fault) -> bool {
    fault.kind == FaultKind::Refused && fault.detail.contains(StatusCode::METHOD_NOT_ALLOWED.as_str())
}

fn seconds(window: Window) -> [String; 2] {
    [window.start, window.end].map(|at| at.seconds().to_string())
}

/// A label's name in a path. Prometheus 3 escapes UTF-8 names as `U__` and the code points of what is not a letter or digit.
fn escaped(label: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if label.chars().all(plain) {
        return label.to_owned();
    }
    let one = |c: char| {
        if c == '_' {
            "__".to_owned()
        } else if plain(c) {
            c.to_string()
        } else {
            format!("_{:X}_", c as u32)
        }
    };
    format!("U__{}", label.chars().map(one).collect::<String>())
}

/// One query for the newest sample's time of each selector. `or` keeps only one of several unnamed results, so each gets a name.
fn ages(selectors: &[String]) -> Option<String> {
    let one = |(n, s): (usize, &String)| format!(r#"label_replace(max(timestamp({s})), "selector", "{n}", "", "")"#);
    (!selectors.is_empty()).then(|| selectors.iter().enumerate().map(one).collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_of_all_selectors_come_in_one_query() {
        assert_eq!(ages(&[]), None);
        let two = ages(&["up".into(), "node_load1{a=\"b\"}".into()]).unwrap_or_default();
        assert_eq!(
            two,
            r#"label_replace(max(timestamp(up)), "selector", "0", "", "") or label_replace(max(timestamp(node_load1{a="b"})), "selector", "1", "", "")"#
        );
    }

    #[test]
    fn a_label_cannot_leave_its_place_in_the_path() {
        assert_eq!(escaped("job"), "job");
        assert_eq!(escaped("a/../b c_d"), "U__a_2F__2E__2E__2F_b_20_c__d");
    }
}
