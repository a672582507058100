//! Customers who write down which of their orders were accepted.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config, NoTls};

/// Both servers of a demo, as a customer reaches them.
#[derive(Clone)]
pub struct Customers {
    ports: [u16; 2],
    password: String,
}

/// Somebody who orders all the time.
pub struct Orders {
    kept: Arc<Mutex<BTreeSet<i64>>>,
    since_break: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

impl Customers {
    pub fn new(ports: [u16; 2], password: &str) -> Self {
        Self { ports, password: password.to_owned() }
    }

    async fn connect(&self, attrs: TargetSessionAttrs) -> Option<Client> {
        let mut config = Config::new();
        for port in self.ports {
            config.host("127.0.0.1").port(port);
        }
        config.user("shop").dbname("shop").password(&self.password).connect_timeout(Duration::from_secs(1));
        let (client, connection) = config.target_session_attrs(attrs).connect(NoTls).await.ok()?;
        tokio::spawn(async { drop(connection.await) });
        Some(client)
    }

    pub fn prepare(&self) {
        runtime().block_on(async {
            let client = self.connect(TargetSessionAttrs::ReadWrite).await.unwrap();
            client.batch_execute("CREATE TABLE kept (id bigint PRIMARY KEY)").await.unwrap();
        });
    }

    /// All orders that the one that takes writes has.
    pub fn all(&self) -> BTreeSet<i64> {
        self.read(TargetSessionAttrs::ReadWrite).unwrap()
    }

    /// Whether a standby has them all too.
    pub fn follows(&self) -> bool {
        self.read(TargetSessionAttrs::ReadOnly).is_some_and(|there| there == self.all())
    }

    /// How many slots of midwatch's keep WAL at the one that takes writes.
    pub fn kept_by_slots(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'midwatch%'";
        runtime().block_on(async {
            let client = self.connect(TargetSessionAttrs::ReadWrite).await.unwrap();
            client.query_one(sql, &[]).await.unwrap().get(0)
        })
    }

    fn read(&self, attrs: TargetSessionAttrs) -> Option<BTreeSet<i64>> {
        runtime().block_on(async {
            let rows = self.connect(attrs).await?.query("SELECT id FROM kept", &[]).await.ok()?;
            Some(rows.iter().map(|row| row.get(0)).collect())
        })
    }

    /// Orders all the time, at whichever server takes it.
    pub fn order(&self) -> Orders {
        let (kept, since_break) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicU64::new(0)));
        let stop = Arc::new(AtomicBool::new(false));
        let (customers, ours, streak, ended) = (self.clone(), kept.clone(), since_break.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let mut id = 0;
                while !ended.load(Ordering::Relaxed) {
                    let Some(client) = customers.connect(TargetSessionAttrs::ReadWrite).await else {
                        streak.store(0, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    };
                    while !ended.load(Ordering::Relaxed) {
                        id += 1;
                        let order = async { client.execute("INSERT INTO kept VALUES ($1)", &[&id]).await };
                        match tokio::time::timeout(Duration::from_secs(2), order).await {
                            Ok(Ok(_)) => ours.lock().unwrap().insert(id),
                            _ => break,
                        };
                        streak.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        });
        Orders { kept, since_break, stop, thread }
    }
}

impl Orders {
    /// How many were accepted.
    pub fn kept(&self) -> usize {
        self.kept.lock().unwrap().len()
    }

    /// How many since nobody took them last.
    pub fn kept_since_break(&self) -> u64 {
        self.since_break.load(Ordering::Relaxed)
    }

    /// Ends it; the accepted ones.
    pub fn end(self) -> BTreeSet<i64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        std::mem::take(&mut *self.kept.lock().unwrap())
    }
}
