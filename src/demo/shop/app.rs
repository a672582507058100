//! One instance of the shop: what customers ask of it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::demo::dial::PATIENCE;
use crate::demo::error::DemoError;
use crate::demo::secret::Secrets;
use crate::demo::shop::cache::Cache;
use crate::demo::shop::metrics::Metrics;
use crate::demo::shop::orders::{self, Item, Order, Product};
use crate::demo::shop::pool::{self, Pool};
use crate::demo::shop::serve::{measured, metrics_route, serve};
use crate::demo::shop::worker;

/// How long a product stays in the cache, and a cart in the shop, in seconds.
const CACHED_FOR: u64 = 30;
const CART_LIVES: i64 = 900;

/// Which instance, and where its databases are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct App {
    /// `app-1`...
    pub name: String,
    /// Where it listens.
    pub port: u16,
    /// The ports of PostgreSQL's servers, of which one takes writes.
    pub postgres: [u16; 2],
    /// The ports of Redis's servers, of which one takes writes.
    pub redis: [u16; 2],
    /// The folder with the passwords.
    pub secrets: PathBuf,
}

/// What every request needs.
#[derive(Clone)]
pub struct Shop {
    /// PostgreSQL.
    pub pool: Arc<Pool>,
    /// Redis.
    pub redis: Cache,
    /// Its own metrics.
    pub metrics: Arc<Metrics>,
}

/// An answer, or what went wrong in it.
type Answer<T> = Result<T, (StatusCode, String)>;

#[derive(Deserialize)]
struct Wanted {
    category: Option<String>,
}

#[derive(Deserialize)]
struct Cart {
    customer: i64,
    #[serde(flatten)]
    item: Item,
}

#[derive(Deserialize)]
struct Basket {
    customer: i64,
    items: Vec<Item>,
}

impl App {
    /// Serves customers and settles orders until the process is ended.
    pub async fn run(self) -> Result<(), DemoError> {
        let shop = self.shop()?;
        let jobs = shop
            .redis
            .beside(self.redis, &self.password()?, PATIENCE + worker::WAITS)
            .map_err(|error| DemoError::not_up(&self.name, error))?;
        tokio::spawn(shop.redis.clone().keep_to_the_writable());
        tokio::spawn(worker::settle(shop.clone(), jobs));
        tokio::spawn(worker::publish(shop.clone()));
        tokio::spawn(worker::watch(shop.clone()));
        let customers = Router::new()
            .route("/healthz", get(health))
            .route("/products", get(products))
            .route("/products/{id}", get(product))
            .route("/cart", post(put_in_cart))
            .route("/orders", post(place_order))
            .route("/orders/{id}", get(order));
        let routes = measured(customers.with_state(shop.clone()), &shop.metrics).merge(metrics_route(&shop.metrics));
        serve(&self.name, self.port, routes).await
    }

    fn shop(&self) -> Result<Shop, DemoError> {
        let redis = Cache::new(self.redis, &self.password()?, PATIENCE).map_err(|error| DemoError::not_up(&self.name, error))?;
        let metrics = Arc::new(Metrics::default());
        for (name, labels) in [
            ("shop_orders_total", &[("result", "ok")][..]),
            ("shop_orders_total", &[("result", "failed")]),
            ("shop_jobs_processed_total", &[("result", "ok")]),
            ("shop_jobs_processed_total", &[("result", "failed")]),
            ("shop_cache_hits_total", &[]),
            ("shop_cache_misses_total", &[]),
        ] {
            metrics.add(name, labels, 0.0);
        }
        metrics.set("shop_db_pool_size", Some(pool::SIZE as f64));
        Ok(Shop { pool: Arc::new(Pool::new(self.postgres, &self.secrets)?), redis, metrics })
    }

    fn password(&self) -> Result<String, DemoError> {
        Secrets::at(self.secrets.clone()).read("redis")
    }
}

/// Whether both databases answer.
async fn health(State(mut shop): State<Shop>) -> (StatusCode, Json<Value>) {
    let (postgres, redis) = tokio::join!(orders::alive(&shop.pool), shop.redis.ping::<()>());
    let word = |result: Result<(), String>| result.map_or_else(|why| why, |()| "ok".to_owned());
    let healthy = postgres.is_ok() && redis.is_ok();
    let body = json!({ "postgres": word(postgres), "redis": word(redis.map_err(|error| error.to_string())) });
    (if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

async fn products(State(shop): State<Shop>, Query(wanted): Query<Wanted>) -> Answer<Json<Vec<Product>>> {
    let category = wanted.category.as_deref().unwrap_or("galley");
    orders::products(&shop.pool, category).await.map(Json).map_err(unavailable)
}

/// A product comes from the cache where it can; without the cache it still comes.
async fn product(State(mut shop): State<Shop>, Path(id): Path<i64>) -> Answer<Json<Product>> {
    let key = format!("product:{id}");
    let cached: Option<String> = shop.redis.get(&key).await.unwrap_or_default();
    if let Some(product) = cached.and_then(|text| serde_json::from_str(&text).ok()) {
        shop.metrics.add("shop_cache_hits_total", &[], 1.0);
        return Ok(Json(product));
    }
    shop.metrics.add("shop_cache_misses_total", &[], 1.0);
    let product = orders::product(&shop.pool, id).await.map_err(unavailable)?.ok_or_else(not_found)?;
    let text = serde_json::to_string(&product).unwrap_or_default();
    let _: Result<(), _> = shop.redis.set_ex(&key, text, CACHED_FOR).await;
    Ok(Json(product))
}

async fn put_in_cart(State(mut shop): State<Shop>, Json(cart): Json<Cart>) -> Answer<StatusCode> {
    let key = format!("cart:{}", cart.customer);
    let mut both = redis::pipe();
    both.atomic().hincr(&key, cart.item.product, cart.item.quantity).ignore().expire(&key, CART_LIVES).ignore();
    both.query_async::<()>(&mut shop.redis).await.map_err(|error| unavailable(error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn place_order(State(shop): State<Shop>, Json(basket): Json<Basket>) -> Answer<(StatusCode, Json<Value>)> {
    let metrics = Arc::clone(&shop.metrics);
    let placed = place(shop, basket).await;
    let result = if placed.is_ok() { "ok" } else { "failed" };
    metrics.add("shop_orders_total", &[("result", result)], 1.0);
    placed.map(|id| (StatusCode::CREATED, Json(json!({ "id": id })))).map_err(unavailable)
}

/// The order is safe once it is in PostgreSQL; where it does not reach the queue, the outbox sees to it later.
async fn place(mut shop: Shop, basket: Basket) -> Result<i64, String> {
    let id = orders::place(&shop.pool, basket.customer, basket.items).await?;
    worker::enqueue(&mut shop.redis, id).await?;
    orders::queued(&shop.pool, id).await?;
    Ok(id)
}

async fn order(State(shop): State<Shop>, Path(id): Path<i64>) -> Answer<Json<Order>> {
    orders::order(&shop.pool, id).await.map_err(unavailable)?.map(Json).ok_or_else(not_found)
}

fn unavailable(why: String) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, why)
}

fn not_found() -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, "there is none of this number".to_owned())
}
