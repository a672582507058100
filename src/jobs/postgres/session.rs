//! One SQL session as a `psql` that is fed line by line, so that it works through `docker exec` and `ssh` as it does here, and
//! can hold a transaction open.
//!
//! Each answer is asked for as JSON, one row a line: names and texts with line breaks, quotes or bars in them arrive whole. After
//! each statement `psql` is told to print a line that no row can be: it ends the answer.

use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::client;
use crate::ports::tools::{Run, Running, Tools};

/// What ends an answer. Rows are JSON objects, so no row is this.
const END: &str = "end";
/// How long a session waits for a lock on a table before it fails, in milliseconds.
const PATIENCE: &str = "60000";
/// What makes a value's text the same in every session of the same major version, and keeps a session from being ended while it
/// waits; those that the server knows are set.
const SETTINGS: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("lock_timeout", PATIENCE),
    // A session that waits for hours is not forgotten by what lies between.
    ("tcp_keepalives_idle", "60"),
    ("tcp_keepalives_interval", "15"),
    ("search_path", ""),
    ("row_security", "off"),
    ("datestyle", "ISO, MDY"),
    ("intervalstyle", "postgres"),
    ("timezone", "UTC"),
    ("bytea_output", "hex"),
    ("xmlbinary", "base64"),
    ("extra_float_digits", "3"),
    ("lc_monetary", "C"),
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
];

/// One session. Dropped, its `psql` is killed, and the server rolls back what was open.
pub struct Session {
    running: Box<dyn Running>,
    input: Box<dyn AsyncWrite + Send + Unpin>,
    output: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
}

impl Session {
    /// Connects to a database of a service.
    pub async fn open(tools: &dyn Tools, database: &str) -> Result<Self, Failure> {
        let run = tools.postgres(Self::run(database)).await?;
        Self::begin(tools.start(&run).await?).await
    }

    /// The same by a name of its own, by which the server's list of sessions tells it from others.
    pub async fn named(tools: &dyn Tools, database: &str, name: &str) -> Result<Self, Failure> {
        let mut run = Self::run(database);
        run.env.retain(|(known, _)| known != client::NAME);
        run.env.push((client::NAME.to_owned(), name.to_owned()));
        Self::begin(tools.start(&tools.postgres(run).await?).await?).await
    }

    /// The program of a session, before it knows where to connect. The name of a database goes by environment: as an argument
    /// one that looks like a connection string would be taken for that.
    pub fn run(database: &str) -> Run {
        let args = ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1"];
        let run = Run { input: true, ..Run::new("psql", args) };
        client::within(run, database)
    }

    /// Makes a session of a `psql` that was started as [`run`](Self::run) says.
    pub async fn begin(mut running: Box<dyn Running>) -> Result<Self, Failure> {
        let pipes = running.stdin().zip(running.stdout());
        let (input, output) = pipes.ok_or_else(|| Failure::new(FailureKind::Bug, "psql was started without pipes"))?;
        let mut session = Self { running, input, output: BufReader::with_capacity(64 << 10, output) };
        session.set(SETTINGS).await?;
        Ok(session)
    }

    /// Sets what the server knows of these, for this session.
    pub async fn set(&mut self, settings: &[(&str, &str)]) -> Result<(), Failure> {
        let values: Vec<String> = settings.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
        let sql = format!(
            "SELECT set_config(s.name, s.value, false) FROM (VALUES {}) AS s (name, value) \
             JOIN pg_catalog.pg_settings AS known ON lower(known.name) = s.name",
            values.join(", ")
        );
        self.rows::<IgnoredAny>(&sql).await.map(drop)
    }

    /// Asks a query, and reads each row as an object by its columns' names.
    pub async fn rows<T: DeserializeOwned>(&mut self, query: &str) -> Result<Vec<T>, Failure> {
        let asked = format!("SELECT row_to_json(midwatch) FROM (\n{query}\n) AS midwatch;\n");
        let lines = self.send(&asked).await?;
        lines.iter().map(|line| serde_json::from_slice(line).map_err(|e| unreadable(line, &e))).collect()
    }

    /// Asks a query that has exactly one row.
    pub async fn row<T: DeserializeOwned>(&mut self, query: &str) -> Result<T, Failure> {
        let mut rows = self.rows(query).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(Failure::new(FailureKind::Bug, format!("this query must have one row: {query}"))),
        }
    }

    /// Runs statements that answer nothing.
    pub async fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        self.send(&format!("{sql};\n")).await.map(drop)
    }

    /// Has the server begin a statement, and does not wait for it: it goes on there, also when this session's `psql` is gone.
    pub async fn start(&mut self, sql: &str) -> Result<(), Failure> {
        self.write(&format!("{sql};\n")).await
    }

    /// Waits until the statement that was [started](Self::start) has ended; fails in the server's words where it did.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        self.answer().await.map(drop)
    }

    /// Ends the session, and makes sure that nothing had gone wrong with it.
    pub async fn close(self) -> Result<(), Failure> {
        let Self { mut running, input, output } = self;
        drop((input, output));
        let ended = running.ended().await?;
        if ended.status.success() { Ok(()) } else { Err(client::failed("psql", &ended)) }
    }

    async fn send(&mut self, sql: &str) -> Result<Vec<Vec<u8>>, Failure> {
        self.write(sql).await?;
        self.answer().await
    }

    async fn write(&mut self, sql: &str) -> Result<(), Failure> {
        let whole = format!("{sql}\\echo {END}\n");
        let sent = async {
            self.input.write_all(whole.as_bytes()).await?;
            self.input.flush().await
        };
        if sent.await.is_err() {
            return Err(self.broken().await);
        }
        Ok(())
    }

    async fn answer(&mut self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            match self.output.read_until(b'\n', &mut line).await {
                Ok(read) if read > 0 && line.ends_with(b"\n") => line.truncate(line.len() - 1),
                _ => return Err(self.broken().await),
            }
            if line == END.as_bytes() {
                return Ok(lines);
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
    }

    /// Why `psql` is gone: in the server's words.
    async fn broken(&mut self) -> Failure {
        match self.running.ended().await {
            Ok(ended) => client::failed("psql", &ended),
            Err(failure) => failure,
        }
    }
}

fn unreadable(line: &[u8], error: &serde_json::Error) -> Failure {
    let start = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
    Failure::new(FailureKind::Unavailable, format!("psql answered what is no row ({error}): {start}"))
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL writes it: in quotes where it needs them.
pub fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
