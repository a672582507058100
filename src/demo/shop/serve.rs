//! Serving HTTP on the loopback, with the metrics of every request.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::demo::error::DemoError;
use crate::demo::shop::metrics::Metrics;

/// Routes whose requests are not those of customers.
const OWN: [&str; 2] = ["/metrics", "/healthz"];

/// Serves until the process is ended.
pub async fn serve(name: &str, port: u16, router: Router) -> Result<(), DemoError> {
    let listener =
        TcpListener::bind(("127.0.0.1", port)).await.map_err(DemoError::io(format!("{name} listening on port {port}")))?;
    axum::serve(listener, router).await.map_err(DemoError::io(format!("{name} serving")))
}

/// The route that tells the metrics.
pub fn metrics_route(metrics: &Arc<Metrics>) -> Router {
    let metrics = Arc::clone(metrics);
    Router::new().route("/metrics", get(async move || metrics.render()))
}

/// Counts and times the requests of a router.
pub fn measured(router: Router, metrics: &Arc<Metrics>) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::clone(metrics), measure))
}

async fn measure(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    if OWN.contains(&route.as_str()) {
        return next.run(request).await;
    }
    let method = request.method().as_str().to_owned();
    let flight = InFlight::new(&metrics);
    let began = Instant::now();
    let response = next.run(request).await;
    drop(flight);
    let labels = [("method", method.as_str()), ("route", &route)];
    metrics.observe("http_request_duration_seconds", &labels, began.elapsed());
    metrics.add("http_requests_total", &[labels[0], labels[1], ("status", response.status().as_str())], 1.0);
    response
}

/// Counts a request as long as it is being answered, also when its customer hangs up.
struct InFlight<'a>(&'a Metrics);

impl<'a> InFlight<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        metrics.add("http_requests_in_flight", &[], 1.0);
        Self(metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.add("http_requests_in_flight", &[], -1.0);
    }
}
