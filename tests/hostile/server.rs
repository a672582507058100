//! A server that misbehaves on purpose: raw TCP, a script for each bad day, bodies made on the fly.
#![allow(dead_code, reason = "every test binary uses its own part")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What it does to every request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Reads and never answers.
    Stall,
    /// Sends half of what it announced, then nothing.
    StallInside,
    /// Sends one byte at a time, for ever.
    Drip,
    /// Breaks off in the middle with a reset.
    Reset,
    /// Closes in the middle, politely.
    Short,
    /// A status and a body.
    Status(u16, String),
    /// 405 to POST, this body to GET.
    OnlyGet(&'static str),
    /// Sends the client to another host.
    Redirect,
    /// Not HTTP.
    Raw(&'static str),
    /// A gigabyte, announced.
    AnnouncedGigabyte,
    /// A gigabyte of samples, in chunks.
    Gigabyte,
    /// So many series of one sample, in chunks.
    Series(usize),
    /// As many samples as are kept, each with labels of its own, in chunks.
    Wide,
    /// A string that does not end, in chunks.
    EndlessString,
    /// Arrays in arrays.
    Deep,
    /// A compressed body.
    Gzip(Arc<Vec<u8>>),
    /// One alert, one member.
    Alertmanager,
    /// What this says, by the request's head and body.
    By(fn(&str) -> Behaviour),
    /// Answers only when it has been turned into something else.
    Held,
}

impl Behaviour {
    pub fn ok(body: &str) -> Self {
        Self::Status(200, body.to_owned())
    }

    pub fn status(code: u16, body: &str) -> Self {
        Self::Status(code, body.to_owned())
    }

    /// 200 MB of samples, in 1 MB.
    pub fn gzip_bomb() -> Self {
        let mut gzip = Command::new("gzip").arg("-1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut into = gzip.stdin.take().unwrap();
        let feeding = std::thread::spawn(move || {
            into.write_all(format!("{OPENING}{FIRST_SAMPLE}").as_bytes())?;
            let samples = SAMPLE.repeat(1 << 14);
            (0..320).try_for_each(|_| into.write_all(samples.as_bytes()))
        });
        let bomb = gzip.wait_with_output().unwrap().stdout;
        feeding.join().unwrap().unwrap();
        Self::Gzip(Arc::new(bomb))
    }
}

/// A server on a free port of this host; ends when dropped.
pub struct Server {
    pub url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    behaviour: watch::Sender<Behaviour>,
    /// Every request's head and body.
    heard: Mutex<String>,
    /// Seconds that its clock is ahead.
    ahead: AtomicI64,
}

impl Server {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = watch::Sender::new(behaviour);
        let shared = Arc::new(Shared { behaviour, heard: Mutex::default(), ahead: AtomicI64::default() });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { url, shared, accepting }
    }

    /// Ends, and waits until the port is closed.
    pub async fn stop(mut self) {
        self.accepting.abort();
        assert!((&mut self.accepting).await.is_err());
    }

    pub fn heard(&self) -> String {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Does this to every request from now on.
    pub fn turn(&self, behaviour: Behaviour) {
        self.shared.behaviour.send_replace(behaviour);
    }

    pub fn set_clock(&self, seconds_ahead: i64) {
        self.shared.ahead.store(seconds_ahead, Ordering::Relaxed);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        // The client may hang up at any time: that is its right.
        open.spawn(async move { drop(serve(stream, &shared).await) });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let raw = match &*shared.behaviour.borrow() {
        Behaviour::Raw(text) => *text,
        _ => "",
    };
    stream.write_all(raw.as_bytes()).await?;
    while let Some(request) = request(&mut stream).await? {
        shared.heard.lock().unwrap().push_str(&request);
        let mut turning = shared.behaviour.subscribe();
        let turned = turning.wait_for(|behaviour| !matches!(behaviour, Behaviour::Held)).await;
        let behaviour = match turned.map(|behaviour| behaviour.clone()) {
            Ok(Behaviour::By(choose)) => choose(&request),
            Ok(behaviour) => behaviour,
            Err(_) => return Ok(()),
        };
        let date = date(shared.ahead.load(Ordering::Relaxed));
        answer(&mut stream, &behaviour, &request, &date).await?;
    }
    Ok(())
}

/// One request, head and body; none when the client has closed.
async fn request(stream: &mut TcpStream) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some(end) = text.find("\r\n\r\n") else { continue };
        let length = text.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return Ok(Some(text.into_owned()));
        }
    }
}

fn date(ahead: i64) -> String {
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead);
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

const OPENING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":["#;
const FIRST_SAMPLE: &str = r#"{"metric":{},"values":[[0,"1"]"#;
const SAMPLE: &str = r#",[1795312800.123,"0.12345678901234567"]"#;
const ALERT: &str = r#"[{"fingerprint":"f1","labels":{"alertname":"Down"},"annotations":{},"receivers":[{"name":"ops"}],
    "startsAt":"2026-11-22T02:00:00Z","updatedAt":"2026-11-22T02:00:00Z","endsAt":"2026-11-22T03:00:00Z",
    "status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}]"#;
const STATUS: &str = r#"{"cluster":{"status":"ready","peers":[{"name":"a","address":"x"}]},"versionInfo":{"version":"0.25.0"},"uptime":"x","config":{"original":""}}"#;

async fn answer(stream: &mut TcpStream, behaviour: &Behaviour, request: &str, date: &str) -> Result<()> {
    let whole =
        |code: u16, body: &str| format!("HTTP/1.1 {code} X\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{OPENING}");
    match behaviour {
        Behaviour::Stall | Behaviour::Raw(_) | Behaviour::By(_) | Behaviour::Held => std::future::pending().await,
        Behaviour::StallInside => {
            stream.write_all(half.as_bytes()).await?;
            std::future::pending().await
        }
        Behaviour::Drip => drip(stream, &half).await,
        Behaviour::Reset => {
            stream.write_all(half.as_bytes()).await?;
            stream.set_zero_linger()?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
        Behaviour::Short => {
            stream.write_all(half.as_bytes()).await?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
        Behaviour::Status(code, body) => stream.write_all(whole(*code, body).as_bytes()).await,
        Behaviour::OnlyGet(body) if request.starts_with("GET ") => stream.write_all(whole(200, body).as_bytes()).await,
        Behaviour::OnlyGet(_) => stream.write_all(whole(405, "").as_bytes()).await,
        Behaviour::Alertmanager if request.contains("/status") => stream.write_all(whole(200, STATUS).as_bytes()).await,
        Behaviour::Alertmanager => stream.write_all(whole(200, ALERT).as_bytes()).await,
        Behaviour::Redirect => {
            stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n").await
        }
        Behaviour::AnnouncedGigabyte => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n").await?;
            flood(stream, &[b' '; 16 << 10], 1 << 16).await
        }
        Behaviour::Gzip(bomb) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(bomb).await
        }
        Behaviour::Deep => stream.write_all(whole(200, &format!("{OPENING}{}", "[".repeat(50_000))).as_bytes()).await,
        Behaviour::Gigabyte | Behaviour::Series(_) | Behaviour::Wide | Behaviour::EndlessString => {
            chunked(stream, behaviour).await
        }
    }
}

async fn drip(stream: &mut TcpStream, opening: &str) -> Result<()> {
    stream.write_all(opening.as_bytes()).await?;
    loop {
        stream.write_all(b" ").await?;
        // The pace of the drip is what this behaviour is about.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn flood(stream: &mut TcpStream, bytes: &[u8], times: usize) -> Result<()> {
    for _ in 0..times {
        stream.write_all(bytes).await?;
    }
    Ok(())
}

async fn chunked(stream: &mut TcpStream, behaviour: &Behaviour) -> Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    chunk(stream, OPENING).await?;
    match behaviour {
        Behaviour::Series(count) => {
            for first in (0..*count).step_by(1_000) {
                let series = (first..(first + 1_000).min(*count)).map(|n| {
                    let comma = if n == 0 { "" } else { "," };
                    format!(r#"{comma}{{"metric":{{"n":"{n}"}},"values":[[0,"1"]]}}"#)
                });
                chunk(stream, &series.collect::<String>()).await?;
            }
        }
        Behaviour::Wide => {
            let samples: Vec<_> = (0..241).map(|n| format!(r#"[{},"{n}"]"#, n * 15)).collect();
            for n in 0..3_000 {
                let (comma, label) = (if n == 0 { "" } else { "," }, format!("{n}").repeat(200));
                let series = format!(r#"{comma}{{"metric":{{"x":"{label}"}},"values":[{}]}}"#, samples.join(","));
                chunk(stream, &series).await?;
            }
        }
        Behaviour::Gigabyte => {
            chunk(stream, FIRST_SAMPLE).await?;
            let samples = SAMPLE.repeat(1 << 14);
            for _ in 0..(1 << 30) / samples.len() {
                chunk(stream, &samples).await?;
            }
        }
        _ => {
            chunk(stream, r#"{"metric":{"x":""#).await?;
            for _ in 0..1 << 14 {
                chunk(stream, &r#"a\""#.repeat(20_000)).await?;
            }
        }
    }
    chunk(stream, "]}}").await?;
    chunk(stream, "").await
}

/// The empty chunk is the last.
async fn chunk(stream: &mut TcpStream, text: &str) -> Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}
