//! What the shop keeps in PostgreSQL: products, and orders from being placed to being settled.

use serde::{Deserialize, Serialize};

use crate::demo::shop::pool::Pool;

/// A product as customers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Its price in cents.
    pub cents: i32,
}

/// An order as its customer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its number.
    pub id: i64,
    /// `placed` or `settled`.
    pub status: String,
    /// What it costs, in cents.
    pub cents: i32,
}

/// What a customer wants of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The product's number.
    pub product: i64,
    /// How many.
    pub quantity: i32,
}

/// The first products of a category.
pub async fn products(pool: &Pool, category: &str) -> Result<Vec<Product>, String> {
    let sql = "SELECT id, name, cents FROM products WHERE category = $1 ORDER BY id LIMIT 20";
    let rows = pool.with(async |session| session.query(sql, &[&category]).await).await?;
    Ok(rows.iter().map(|row| Product { id: row.get(0), name: row.get(1), cents: row.get(2) }).collect())
}

/// One product.
pub async fn product(pool: &Pool, id: i64) -> Result<Option<Product>, String> {
    let sql = "SELECT id, name, cents FROM products WHERE id = $1";
    let row = pool.with(async |session| session.query_opt(sql, &[&id]).await).await?;
    Ok(row.map(|row| Product { id: row.get(0), name: row.get(1), cents: row.get(2) }))
}

/// One order.
pub async fn order(pool: &Pool, id: i64) -> Result<Option<Order>, String> {
    let sql = "SELECT id, status, cents FROM orders WHERE id = $1";
    let row = pool.with(async |session| session.query_opt(sql, &[&id]).await).await?;
    Ok(row.map(|row| Order { id: row.get(0), status: row.get(1), cents: row.get(2) }))
}

/// Places an order: takes the items from stock, and leaves it in the outbox for the queue. Answers with its number.
pub async fn place(pool: &Pool, customer: i64, mut items: Vec<Item>) -> Result<i64, String> {
    // In one order everywhere: two orders of the same products do not lock each other out.
    items.sort_by_key(|item| item.product);
    items.dedup_by_key(|item| item.product);
    pool.with(async |session| {
        let transaction = session.transaction().await?;
        let sql = "INSERT INTO orders (customer_id, cents) VALUES ($1, 0) RETURNING id";
        let id: i64 = transaction.query_one(sql, &[&customer]).await?.get(0);
        for item in &items {
            // Sold out is filled up: the shop's customers come for the load, not for the goods.
            let sql = "UPDATE stock SET quantity = CASE WHEN quantity < $2 THEN 1000 ELSE quantity - $2 END, updated_at = now()
                       WHERE product_id = $1";
            transaction.execute(sql, &[&item.product, &item.quantity]).await?;
            let sql = "INSERT INTO order_items (order_id, product_id, quantity, cents)
                       SELECT $1, id, $3, cents FROM products WHERE id = $2";
            transaction.execute(sql, &[&id, &item.product, &item.quantity]).await?;
        }
        let sql = "UPDATE orders SET cents = (SELECT coalesce(sum(quantity * cents), 0) FROM order_items WHERE order_id = $1) WHERE id = $1";
        transaction.execute(sql, &[&id]).await?;
        transaction.execute("INSERT INTO outbox (order_id) VALUES ($1)", &[&id]).await?;
        transaction.commit().await.map(|()| id)
    })
    .await
}

/// Takes an order that has reached the queue out of the outbox.
pub async fn queued(pool: &Pool, id: i64) -> Result<(), String> {
    pool.with(async |session| session.execute("DELETE FROM outbox WHERE order_id = $1", &[&id]).await.map(drop)).await
}

/// Orders that were placed a while ago and have not reached the queue.
pub async fn stranded(pool: &Pool) -> Result<Vec<i64>, String> {
    let sql = "SELECT order_id FROM outbox WHERE created_at < now() - interval '5 seconds' ORDER BY created_at LIMIT 100";
    let rows = pool.with(async |session| session.query(sql, &[]).await).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Settles an order. One that is settled already stays so: a job may come twice.
pub async fn settle(pool: &Pool, id: i64) -> Result<(), String> {
    pool.with(async |session| {
        let transaction = session.transaction().await?;
        let sql = "INSERT INTO payments (order_id, method, cents) SELECT id, 'card', cents FROM orders WHERE id = $1
                   ON CONFLICT (order_id) DO NOTHING";
        transaction.execute(sql, &[&id]).await?;
        let sql = "UPDATE orders SET status = 'settled', settled_at = now() WHERE id = $1 AND status = 'placed'";
        transaction.execute(sql, &[&id]).await?;
        transaction.commit().await
    })
    .await
}

/// Whether the database answers.
pub async fn alive(pool: &Pool) -> Result<(), String> {
    pool.with(async |session| session.simple_query("SELECT 1").await.map(drop)).await
}
