//! The proxy before the instances: each request goes to the next one that is up, and a question that one instance does not
//! answer is asked of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::demo::error::DemoError;
use crate::demo::shop::metrics::Metrics;
use crate::demo::shop::serve::{metrics_route, serve};

/// How long an instance may take to answer a customer, and to show that it is there.
const ANSWERS_WITHIN: Duration = Duration::from_millis(1500);
const SHOWS_WITHIN: Duration = Duration::from_millis(1200);
const CHECKS_EVERY: Duration = Duration::from_secs(1);
/// The largest request, in bytes.
const LARGEST: usize = 64 << 10;

/// Where the proxy listens, and what is behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    /// The instances: name and port.
    pub instances: Vec<(String, u16)>,
}

struct Front {
    instances: Vec<Instance>,
    next: AtomicUsize,
    http: reqwest::Client,
    metrics: Arc<Metrics>,
}

struct Instance {
    url: String,
    up: AtomicBool,
}

/// A request, read whole so that it can be sent twice.
struct Call {
    method: Method,
    path: String,
    content_type: Option<header::HeaderValue>,
    body: Bytes,
}

impl Proxy {
    /// Serves until the process is ended.
    pub async fn run(self) -> Result<(), DemoError> {
        let metrics = Arc::new(Metrics::default());
        metrics.add("proxy_requests_total", &[("code", "200")], 0.0);
        metrics.add("proxy_requests_total", &[("code", "503")], 0.0);
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWERS_WITHIN).build();
        let instance = |(_, port)| Instance { url: format!("http://127.0.0.1:{port}"), up: AtomicBool::new(true) };
        let front = Arc::new(Front {
            instances: self.instances.into_iter().map(instance).collect(),
            next: AtomicUsize::new(0),
            http: http.map_err(|error| DemoError::not_up("proxy", error))?,
            metrics: Arc::clone(&metrics),
        });
        tokio::spawn(check(Arc::clone(&front)));
        let router = Router::new().fallback(pass).with_state(front).merge(metrics_route(&metrics));
        serve("proxy", self.port, router).await
    }
}

async fn pass(State(front): State<Arc<Front>>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
    let response = front.answer(&Call { method: parts.method, path, content_type, body }).await;
    front.metrics.observe("proxy_request_duration_seconds", &[], began.elapsed());
    front.metrics.add("proxy_requests_total", &[("code", response.status().as_str())], 1.0);
    response
}

impl Front {
    async fn answer(&self, call: &Call) -> Response {
        let up: Vec<&Instance> = self.instances.iter().filter(|instance| instance.up.load(Ordering::Relaxed)).collect();
        if up.is_empty() {
            return (StatusCode::SERVICE_UNAVAILABLE, "no instance is up").into_response();
        }
        // Asking twice does no harm; ordering twice does.
        let attempts = if call.method == Method::GET { up.len().min(2) } else { 1 };
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for attempt in 0..attempts {
            let instance = up[(first + attempt) % up.len()];
            match self.forward(instance, call).await {
                Ok(response) => return response,
                Err(_) => instance.up.store(false, Ordering::Relaxed),
            }
        }
        (StatusCode::BAD_GATEWAY, "the instance did not answer").into_response()
    }

    async fn forward(&self, instance: &Instance, call: &Call) -> Result<Response, reqwest::Error> {
        let mut request =
            self.http.request(call.method.clone(), format!("{}{}", instance.url, call.path)).body(call.body.clone());
        if let Some(kind) = &call.content_type {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer = request.send().await?;
        let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(response)
    }
}

/// Keeps looking which instances are there. Any answer will do: one without its databases still has its cache.
async fn check(front: Arc<Front>) {
    loop {
        let checks = front.instances.iter().map(async |instance| {
            let asked = front.http.get(format!("{}/healthz", instance.url)).timeout(SHOWS_WITHIN).send().await;
            instance.up.store(asked.is_ok(), Ordering::Relaxed);
        });
        futures_util::future::join_all(checks).await;
        let up = front.instances.iter().filter(|instance| instance.up.load(Ordering::Relaxed)).count();
        front.metrics.set("proxy_backends_up", Some(up as f64));
        sleep(CHECKS_EVERY).await;
    }
}
