//! The shop's customers: a steady stream of requests with a slow wave in it, the same in every demo.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::demo::error::DemoError;
use crate::demo::shop::metrics::Metrics;
use crate::demo::shop::serve::{metrics_route, serve};

/// Requests a second, how much the wave adds and takes, and how long one wave is, in seconds.
const RATE: f64 = 25.0;
const WAVE: f64 = 0.2;
const PERIOD: f64 = 240.0;
/// How long a customer waits, and how many wait at once before others stay away.
const PATIENCE: Duration = Duration::from_secs(2);
const CROWD: usize = 100;

const SEED: u64 = 1859;
const CUSTOMERS: i64 = 3000;
const PRODUCTS: i64 = 400;
const CATEGORIES: [&str; 4] = ["light", "navigation", "galley", "bunk"];

/// Where the shop is, and where the customers tell how they fare.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Where the metrics are told.
    pub port: u16,
    /// The shop's port.
    pub shop: u16,
}

/// One kind of customer's wish.
enum Wish {
    Browse,
    Look,
    Take,
    Order,
    Ask,
}

struct Crowd {
    http: Client,
    shop: String,
    random: Rng,
}

impl Load {
    /// Asks until the process is ended.
    pub async fn run(self) -> Result<(), DemoError> {
        let metrics = Arc::new(Metrics::default());
        for outcome in ["ok", "failed"] {
            metrics.add("load_requests_total", &[("outcome", outcome)], 0.0);
        }
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(|error| DemoError::not_up("load", error))?;
        let shop = format!("http://127.0.0.1:{}", self.shop);
        let crowd = Crowd { http, shop, random: Rng::with_seed(SEED) };
        tokio::spawn(crowd.come(Arc::clone(&metrics)));
        serve("load", self.port, metrics_route(&metrics)).await
    }
}

impl Crowd {
    /// Sends requests at their time, whether or not earlier ones were answered.
    async fn come(mut self, metrics: Arc<Metrics>) {
        let waiting = Arc::new(Semaphore::new(CROWD));
        let began = Instant::now();
        let mut next = began;
        loop {
            sleep_until(next).await;
            let rate = RATE * (1.0 + WAVE * (TAU * began.elapsed().as_secs_f64() / PERIOD).sin());
            // Not on the beat: real customers do not keep step.
            next = Instant::now().max(next) + Duration::from_secs_f64((0.5 + self.random.f64()) / rate);
            let request = self.request();
            let Ok(place) = Arc::clone(&waiting).try_acquire_owned() else {
                metrics.add("load_requests_total", &[("outcome", "failed")], 1.0);
                continue;
            };
            let metrics = Arc::clone(&metrics);
            tokio::spawn(async move {
                let answered = request.send().await.is_ok_and(|answer| !answer.status().is_server_error());
                let outcome = if answered { "ok" } else { "failed" };
                metrics.add("load_requests_total", &[("outcome", outcome)], 1.0);
                drop(place);
            });
        }
    }

    fn request(&mut self) -> RequestBuilder {
        let wish = match self.random.u8(0..100) {
            0..20 => Wish::Browse,
            20..62 => Wish::Look,
            62..82 => Wish::Take,
            82..90 => Wish::Order,
            _ => Wish::Ask,
        };
        match wish {
            Wish::Browse => {
                let category = CATEGORIES[self.random.usize(..CATEGORIES.len())];
                self.get(&format!("/products?category={category}"))
            }
            Wish::Look => {
                let product = self.product();
                self.get(&format!("/products/{product}"))
            }
            Wish::Take => {
                let (customer, product) = (self.customer(), self.product());
                self.post("/cart", &json!({ "customer": customer, "product": product, "quantity": 1 }))
            }
            Wish::Order => self.order(),
            Wish::Ask => {
                let order = self.random.i64(1..=11_999);
                self.get(&format!("/orders/{order}"))
            }
        }
    }

    fn order(&mut self) -> RequestBuilder {
        let items: Vec<Value> = (0..self.random.u8(1..=3))
            .map(|_| json!({ "product": self.product(), "quantity": self.random.i32(1..=3) }))
            .collect();
        let customer = self.customer();
        self.post("/orders", &json!({ "customer": customer, "items": items }))
    }

    /// Some products are asked for far more often than others.
    fn product(&mut self) -> i64 {
        1 + (self.random.f64().powi(3) * PRODUCTS as f64) as i64
    }

    fn customer(&mut self) -> i64 {
        self.random.i64(1..=CUSTOMERS)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.shop))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.shop)).json(body)
    }
}
