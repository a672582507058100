//! Sessions of the shop's own that make trouble in its database: a chain of locks, a transaction that is held open, a query that
//! takes for ever. They are known by their names there, and the server ends them by itself a little after they should have ended.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::demo::dial::{self, Session, sql_error};
use crate::demo::faults::FaultKind;
use crate::demo::secret::Secrets;

/// How much longer than the fault the server lets its sessions live, should the process that ends it be lost.
const SPARE: Duration = Duration::from_secs(5);
/// How long it may take until none of them is left.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Makes the sessions, which this process keeps.
pub async fn inject(dir: &Path, port: u16, what: FaultKind, left: Duration) -> Result<(), String> {
    let troubles = Troubles { dir, port, what, left };
    match what {
        FaultKind::LockChain => troubles.chain().await,
        FaultKind::IdleTransaction => troubles.idle().await,
        FaultKind::SlowQuery => troubles.slow().await,
        FaultKind::PausePostgres | FaultKind::StopApp | FaultKind::FillRedis => {
            Err(format!("{} is not made of sessions", what.word()))
        }
    }
}

/// Ends them, and proves that none is left.
pub async fn revert(dir: &Path, port: u16, what: FaultKind) -> Result<String, String> {
    let deadline = Instant::now() + ENDS_WITHIN;
    let mut ended = 0;
    loop {
        if !dir.exists() {
            return Ok("the demo is gone".to_owned());
        }
        match end(dir, port, what).await {
            Ok(0) => return Ok(format!("{ended} sessions ended, none is left")),
            Ok(more) if Instant::now() >= deadline => return Err(format!("{more} sessions do not end")),
            Ok(more) => ended = ended.max(more),
            Err(why) if Instant::now() >= deadline => return Err(why),
            Err(_) => {}
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Ends all that there are; how many there were.
async fn end(dir: &Path, port: u16, what: FaultKind) -> Result<usize, String> {
    let session = connect(dir, port).await?;
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE usename = current_user AND application_name LIKE '{} %' AND pid <> pg_backend_pid()",
        what.word()
    );
    let rows = session.query(&sql, &[]).await.map_err(|error| sql_error(&error))?;
    Ok(rows.len())
}

async fn connect(dir: &Path, port: u16) -> Result<Session, String> {
    let password = Secrets::at(dir.join("secrets")).read("shop").map_err(|error| error.to_string())?;
    dial::postgres(port, "shop", "shop", &password).await
}

struct Troubles<'a> {
    dir: &'a Path,
    port: u16,
    what: FaultKind,
    left: Duration,
}

impl Troubles<'_> {
    /// The first holds a row and works; the second holds another and wants the first's; the others want what those hold.
    async fn chain(&self) -> Result<(), String> {
        let root = self.session(1).await?;
        run(&root, &format!("BEGIN; {}", take(1))).await?;
        Self::go_on(root, format!("SELECT count(*) FROM orders, pg_sleep({})", self.left.as_secs_f64()));
        let second = self.session(2).await?;
        run(&second, &format!("BEGIN; {}", take(2))).await?;
        Self::go_on(second, format!("{}; COMMIT", take(1)));
        for (number, product) in [(3, 2), (4, 1)] {
            Self::go_on(self.session(number).await?, take(product));
        }
        Ok(())
    }

    async fn idle(&self) -> Result<(), String> {
        let session = self.session(1).await?;
        run(&session, &format!("BEGIN; {}", take(3))).await?;
        let kept = self.left + SPARE;
        tokio::spawn(async move {
            sleep(kept).await;
            drop(session);
        });
        Ok(())
    }

    async fn slow(&self) -> Result<(), String> {
        let query = "SELECT customer_id, sum(cents) FROM orders";
        let session = self.session(1).await?;
        Self::go_on(session, format!("{query}, pg_sleep({}) GROUP BY customer_id ORDER BY 2 DESC", self.left.as_secs_f64()));
        Ok(())
    }

    /// A session by its name, with the server's own end of it.
    async fn session(&self, number: u32) -> Result<Session, String> {
        let session = connect(self.dir, self.port).await?;
        let limit = (self.left + SPARE).as_millis();
        let sql = format!(
            "SET application_name = '{} {number}'; SET statement_timeout = {limit}; \
             SET idle_in_transaction_session_timeout = {limit}",
            self.what.word()
        );
        run(&session, &sql).await?;
        Ok(session)
    }

    /// Lets a session do something until that ends, or is ended.
    fn go_on(session: Session, sql: String) {
        tokio::spawn(async move { drop(session.batch_execute(&sql).await) });
    }
}

async fn run(session: &Session, sql: &str) -> Result<(), String> {
    session.batch_execute(sql).await.map_err(|error| sql_error(&error))
}

/// Takes the lock of a row, and changes nothing that anybody counts.
fn take(product: u32) -> String {
    format!("UPDATE stock SET updated_at = now() WHERE product_id = {product}")
}
