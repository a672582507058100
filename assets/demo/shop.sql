-- The demo's shop: tables, and three months of trade. The same seed gives the same trade.
BEGIN;

CREATE TABLE customers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    name       text NOT NULL,
    country    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku      text NOT NULL UNIQUE,
    name     text NOT NULL,
    category text NOT NULL,
    cents    integer NOT NULL CHECK (cents > 0)
);

CREATE TABLE stock (
    product_id bigint PRIMARY KEY REFERENCES products,
    quantity   integer NOT NULL CHECK (quantity >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status      text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'settled', 'cancelled')),
    cents       integer NOT NULL,
    placed_at   timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz
);

CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES products,
    quantity   integer NOT NULL CHECK (quantity > 0),
    cents      integer NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

CREATE TABLE payments (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL UNIQUE REFERENCES orders ON DELETE CASCADE,
    method   text NOT NULL,
    cents    integer NOT NULL,
    paid_at  timestamptz NOT NULL DEFAULT now()
);

-- Orders whose job still has to reach the queue: written with the order, so that none is lost while Redis is away.
CREATE TABLE outbox (
    order_id   bigint PRIMARY KEY REFERENCES orders ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);

SELECT setseed(0.1859);

INSERT INTO customers (email, name, country, created_at)
SELECT 'customer' || n || '@example.com',
       (ARRAY['Ada', 'Ben', 'Chandra', 'Dagny', 'Edsger', 'Frances', 'Grace', 'Haskell'])[1 + n % 8] || ' '
           || (ARRAY['Abel', 'Brook', 'Castor', 'Delft', 'Ember', 'Frost', 'Gale'])[1 + n % 7],
       (ARRAY['DE', 'FR', 'NL', 'PL', 'SE', 'US'])[1 + floor(random() * 6)::int],
       now() - random() * interval '400 days'
FROM generate_series(1, 3000) AS n;

INSERT INTO products (sku, name, category, cents)
SELECT 'SKU-' || lpad(n::text, 5, '0'),
       (ARRAY['Brass', 'Oak', 'Steel', 'Linen', 'Wool'])[1 + n % 5] || ' '
           || (ARRAY['lantern', 'compass', 'kettle', 'blanket', 'sextant', 'mug', 'rope'])[1 + n % 7],
       (ARRAY['light', 'navigation', 'galley', 'bunk'])[1 + n % 4],
       199 + floor(random() * 20000)::int
FROM generate_series(1, 400) AS n;

INSERT INTO stock (product_id, quantity) SELECT id, 500 + floor(random() * 500)::int FROM products;

INSERT INTO orders (customer_id, status, cents, placed_at, settled_at)
SELECT 1 + floor(random() * 3000)::int, 'settled', 1, at, at + interval '2 seconds'
FROM (SELECT now() - interval '90 days' * (1 - n / 12000.0) AS at FROM generate_series(1, 11999) AS n) AS trade;

INSERT INTO order_items (order_id, product_id, quantity, cents)
SELECT orders.id, products.id, 1 + (orders.id * n) % 3, products.cents
FROM orders
CROSS JOIN generate_series(1, 3) AS n
JOIN products ON products.id = 1 + (orders.id * 31 + n * 127) % 400
WHERE n <= 1 + orders.id % 3;

UPDATE orders SET cents = total.cents
FROM (SELECT order_id, sum(quantity * cents)::int AS cents FROM order_items GROUP BY order_id) AS total
WHERE total.order_id = orders.id;

INSERT INTO payments (order_id, method, cents, paid_at)
SELECT id, (ARRAY['card', 'transfer', 'wallet'])[1 + id % 3], cents, settled_at FROM orders;

CREATE INDEX ON orders (customer_id, placed_at DESC);
CREATE INDEX ON orders (placed_at);
CREATE INDEX ON products (category, id);
CREATE INDEX ON order_items (product_id);

COMMIT;
ANALYZE;
