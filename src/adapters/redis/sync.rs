//! A snapshot as a server gives it to a replica: `REPLCONF` says what sort of replica this is, `SYNC` asks. The server then sends
//! empty lines while it saves, then `$LENGTH` or `$EOF:MARK`, then the RDB, with the mark after it.
//! Source: <https://redis.io/docs/latest/operate/oss_and_stack/management/replication/>.

use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::adapters::reach::Reach;
use crate::adapters::redis::body::{Counted, Marked};
use crate::adapters::redis::link::failure;
use crate::adapters::tls::{self, TlsMode};
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::redis::{Snapshot, Way};

/// How long connecting and each answer may take; saving takes its time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest line that a server may send before the RDB.
const LINE: usize = 4096;
/// What a stream is read by.
const BUFFER: usize = 256 << 10;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Asks for a snapshot; returns when the RDB begins.
pub(super) async fn snapshot(reach: &Reach, user: Option<&str>, password: Option<&str>, way: Way) -> Result<Snapshot, Failure> {
    let connected = tokio::time::timeout(PATIENCE, connect(reach)).await;
    let mut talk = Talk { reach, stream: BufReader::with_capacity(BUFFER, connected.map_err(|_| late(reach))??) };
    match (user, password) {
        (Some(user), password) => talk.must(&["AUTH", user, password.unwrap_or_default()]).await?,
        (None, Some(password)) => talk.must(&["AUTH", password]).await?,
        (None, None) => {}
    }
    // A replica that takes the RDB only: the server then keeps no writes for us. One that does not know this sends them after it.
    talk.ask(&["REPLCONF", "rdb-only", "1"]).await?;
    if way == Way::Stream {
        // We take whatever it writes: without a version Valkey would write as Redis 7.2 did, and fail at fields that expire.
        talk.ask(&["REPLCONF", "version", "255.255.255"]).await?;
        talk.must(&["REPLCONF", "capa", "eof"]).await?;
    }
    talk.send(&["SYNC"]).await?;
    let line = talk.line().await?;
    body(reach, &line, talk.stream)
}

fn body(reach: &Reach, line: &str, stream: impl AsyncBufRead + Send + Unpin + 'static) -> Result<Snapshot, Failure> {
    if let Some(mark) = line.strip_prefix("$EOF:") {
        return Ok(Snapshot { bytes: None, rdb: Box::new(Marked::new(stream, mark.as_bytes())) });
    }
    match line.strip_prefix('$').and_then(|length| length.parse().ok()) {
        Some(bytes) => Ok(Snapshot { bytes: Some(bytes), rdb: Box::new(Counted::new(stream, bytes)) }),
        None => Err(refused(reach, "SYNC", line)),
    }
}

/// A conversation before the RDB begins.
struct Talk<'a> {
    reach: &'a Reach,
    stream: BufReader<Box<dyn Duplex>>,
}

impl Talk<'_> {
    async fn send(&mut self, words: &[&str]) -> Result<(), Failure> {
        let each = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let text = format!("*{}\r\n{}", words.len(), each.collect::<String>());
        self.stream.write_all(text.as_bytes()).await.map_err(|e| broken(self.reach, &e))?;
        self.stream.flush().await.map_err(|e| broken(self.reach, &e))
    }

    /// The next line that is not empty.
    async fn line(&mut self) -> Result<String, Failure> {
        loop {
            let mut line = Vec::new();
            let mut limited = tokio::io::AsyncReadExt::take(&mut self.stream, LINE as u64);
            limited.read_until(b'\n', &mut line).await.map_err(|e| broken(self.reach, &e))?;
            if line.pop() != Some(b'\n') {
                return Err(broken(self.reach, &"the server closed the connection before it sent anything: see its log"));
            }
            match String::from_utf8_lossy(&line).trim() {
                "" => {}
                line => return Ok(line.to_owned()),
            }
        }
    }

    async fn ask(&mut self, words: &[&str]) -> Result<String, Failure> {
        self.send(words).await?;
        tokio::time::timeout(PATIENCE, self.line()).await.map_err(|_| late(self.reach))?
    }

    /// Asks for what has to be granted.
    async fn must(&mut self, words: &[&str]) -> Result<(), Failure> {
        let answer = self.ask(words).await?;
        if answer == "+OK" { Ok(()) } else { Err(refused(self.reach, words[0], &answer)) }
    }
}

async fn connect(reach: &Reach) -> Result<Box<dyn Duplex>, Failure> {
    let (host, port, tls) = match reach {
        Reach::Unix { path } => return Ok(Box::new(UnixStream::connect(path).await.map_err(|e| broken(reach, &e))?)),
        Reach::Tcp { host, port, tls } => (host, *port, tls),
    };
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|e| broken(reach, &e))?;
    let config = match tls {
        TlsMode::Disable => return Ok(Box::new(stream)),
        TlsMode::Require => tls::unverified(),
        TlsMode::VerifyFull(tls) => tls.config(),
    };
    let name = ServerName::try_from(host.clone()).map_err(|e| broken(reach, &e))?;
    let connector = TlsConnector::from(std::sync::Arc::new(config.map_err(failure)?));
    Ok(Box::new(connector.connect(name, stream).await.map_err(|e| broken(reach, &e))?))
}

/// What the server's error means, with what mends it.
fn refused(reach: &Reach, command: &str, answer: &str) -> Failure {
    let words = answer.trim_start_matches('-');
    let failure = |kind| Failure::new(kind, format!("{reach}: {command}: {words}"));
    match words.split(' ').next().unwrap_or_default() {
        "NOPERM" => failure(FailureKind::Denied),
        "WRONGPASS" | "NOAUTH" | "ERR" if command == "AUTH" => failure(FailureKind::Denied),
        "NOAUTH" => failure(FailureKind::Denied).mend("give the service a password"),
        "NOMASTERLINK" => failure(FailureKind::Unavailable).mend("wait until this replica follows its primary, or back that up"),
        _ => failure(FailureKind::Unavailable),
    }
}

fn broken(reach: &Reach, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unavailable, format!("{reach}: {why}"))
}

fn late(reach: &Reach) -> Failure {
    broken(reach, &format!("no answer within {} s", PATIENCE.as_secs()))
}
