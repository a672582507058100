//! The Docker Engine's API: one question, one answer, each within its time. Connections are kept for the next question, which
//! spares `ssh` its handshake; one that broke while nobody used it is made anew.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, DATE, HOST, HeaderMap};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::adapters::control::docker::dial::{Carrier, dial};
use crate::adapters::control::docker::seat::Seat;
use crate::adapters::control::docker::words;
use crate::adapters::control::host::Host;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;

/// How long an answer to a question may take, the way there included.
const ASKING: Duration = Duration::from_secs(15);
/// How long a change may take: Docker copies an image for a new container on some file systems.
const CHANGING: Duration = Duration::from_secs(60);
/// The most that is read of one answer, in bytes.
const LARGEST: usize = 16 << 20;
/// How many questions are asked at once.
const AT_ONCE: usize = 16;
/// The same through `ssh`, where each may be a login: a server turns away more than ten.
const LOGINS: usize = 4;
/// The newest version of the API that is spoken; an older daemon is spoken to in its own.
const VERSION: (u32, u32) = (1, 44);

/// One Engine.
pub struct Engine {
    seat: Seat,
    around: Surroundings,
    idle: Mutex<Vec<Line>>,
    version: OnceCell<String>,
    /// How many ask at once.
    places: Semaphore,
    /// Its clock, milliseconds since the epoch, as of its last answer.
    clock: AtomicI64,
}

/// What it answered.
pub struct Reply {
    /// HTTP's.
    pub status: u16,
    body: Vec<u8>,
}

/// One connection.
struct Line {
    sender: SendRequest<String>,
    carrier: Carrier,
    /// Ends with what broke the connection.
    driver: JoinHandle<hyper::Result<()>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// An answer that comes bit by bit. Dropped, its connection is ended.
pub struct Stream {
    body: Incoming,
    line: Line,
    seat: Seat,
}

impl Engine {
    /// The Engine there. Connects to nothing yet.
    pub fn new(seat: Seat, around: Surroundings) -> Self {
        let places = Semaphore::new(if matches!(seat, Seat::Ssh(_)) { LOGINS } else { AT_ONCE });
        Self { seat, around, idle: Mutex::default(), version: OnceCell::new(), places, clock: AtomicI64::new(0) }
    }

    /// Where it is.
    pub fn seat(&self) -> &Seat {
        &self.seat
    }

    /// What its clock said with its last answer.
    pub fn clock(&self) -> Stamp {
        Stamp(self.clock.load(Ordering::Relaxed))
    }

    /// Refuses one that is reached only as long as somebody is logged in here.
    pub async fn outlasts(&self) -> Result<(), Failure> {
        match &self.seat {
            Seat::Ssh(host) => Host::new(Some(host), &self.around).outlasts().await,
            Seat::Unix(_) | Seat::Tcp { .. } => Ok(()),
        }
    }

    /// Asks.
    pub async fn get(&self, path: &str, params: &[(&str, &str)]) -> Result<Reply, Failure> {
        self.call(ASKING, &Method::GET, path, params, None).await
    }

    /// Changes something.
    pub async fn post(&self, path: &str, params: &[(&str, &str)], body: Option<&Value>) -> Result<Reply, Failure> {
        self.call(CHANGING, &Method::POST, path, params, body).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str, params: &[(&str, &str)]) -> Result<Reply, Failure> {
        self.call(CHANGING, &Method::DELETE, path, params, None).await
    }

    /// Asks for what has no end; the answer has begun when this returns.
    pub async fn stream(&self, path: &str, params: &[(&str, &str)]) -> Result<Stream, Failure> {
        let begun = async {
            let _place = self.place().await?;
            let target = self.target(path, params).await?;
            let (line, answer) = self.send(&Method::GET, &target, None).await?;
            if answer.status().is_success() {
                return Ok(Stream { body: answer.into_body(), line, seat: self.seat.clone() });
            }
            let (_, reply) = self.read(line, answer).await?;
            Err(reply.refusal())
        };
        timeout(ASKING, begun).await.map_err(|_| words::silent(&self.seat, ASKING, false))?
    }

    async fn call(
        &self,
        patience: Duration,
        method: &Method,
        path: &str,
        params: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let answered = async {
            let _place = self.place().await?;
            let target = self.target(path, params).await?;
            self.ask(method, &target, body).await
        };
        timeout(patience, answered).await.map_err(|_| words::silent(&self.seat, patience, *method != Method::GET))?
    }

    /// Waits until it may be asked.
    async fn place(&self) -> Result<SemaphorePermit<'_>, Failure> {
        self.places.acquire().await.map_err(|closed| Failure::new(FailureKind::Bug, closed.to_string()))
    }

    /// The request's target, in the version that both speak.
    async fn target(&self, path: &str, params: &[(&str, &str)]) -> Result<String, Failure> {
        let version = self.version.get_or_try_init(|| self.negotiate()).await?;
        let wrong = |e| Failure::new(FailureKind::Bug, format!("{path}: {e}"));
        let mut url = Url::parse(&format!("http://docker/v{version}{path}")).map_err(wrong)?;
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    async fn negotiate(&self) -> Result<String, Failure> {
        let (line, answer) = self.send(&Method::GET, "/_ping", None).await?;
        let theirs = header(answer.headers(), "api-version").and_then(|version| {
            let (major, minor) = version.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        let (line, reply) = self.read(line, answer).await?;
        self.keep(line);
        let (major, minor) = theirs.ok_or_else(|| reply.stranger(&self.seat.to_string()))?;
        let (major, minor) = VERSION.min((major, minor));
        Ok(format!("{major}.{minor}"))
    }

    async fn ask(&self, method: &Method, target: &str, body: Option<&Value>) -> Result<Reply, Failure> {
        let (line, answer) = self.send(method, target, body).await?;
        let (line, reply) = self.read(line, answer).await?;
        self.keep(line);
        Ok(reply)
    }

    /// Sends, and waits for the answer's head. A kept line that turns out to be broken before anything went out is replaced.
    async fn send(&self, method: &Method, target: &str, body: Option<&Value>) -> Result<(Line, Response<Incoming>), Failure> {
        while let Some(mut line) = self.kept() {
            // It may not have noticed yet that the answer before was read to its end.
            if line.sender.ready().await.is_err() {
                continue;
            }
            match line.sender.send_request(request(method, target, body)?).await {
                Ok(answer) => return Ok((line, answer)),
                Err(error) if error.is_canceled() => {}
                Err(error) => return Err(line.carrier.why(&self.seat, &error).await),
            }
        }
        let mut line = self.dial().await?;
        match line.sender.send_request(request(method, target, body)?).await {
            Ok(answer) => Ok((line, answer)),
            Err(error) => Err(self.broken(&mut line, error).await),
        }
    }

    /// Why a line broke. That a question was cancelled is no reason: what its driver met is, like a server that wants a certificate.
    async fn broken(&self, line: &mut Line, error: hyper::Error) -> Failure {
        let met = if error.is_canceled() { (&mut line.driver).await.ok().and_then(Result::err) } else { None };
        line.carrier.why(&self.seat, &met.unwrap_or(error)).await
    }

    fn kept(&self) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|line| !line.sender.is_closed());
        idle.pop()
    }

    fn keep(&self, line: Line) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    async fn dial(&self) -> Result<Line, Failure> {
        let (stream, mut carrier) = dial(&self.seat, &self.around).await?;
        match http1::handshake(TokioIo::new(stream)).await {
            Ok((sender, connection)) => {
                let driver = tokio::spawn(connection);
                Ok(Line { sender, carrier, driver })
            }
            Err(error) => Err(carrier.why(&self.seat, &error).await),
        }
    }

    async fn read(&self, mut line: Line, answer: Response<Incoming>) -> Result<(Line, Reply), Failure> {
        if let Some(at) = header(answer.headers(), DATE.as_str()).and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            self.clock.store(at.timestamp().as_millisecond(), Ordering::Relaxed);
        }
        let status = answer.status().as_u16();
        let (mut from, mut body) = (answer.into_body(), Vec::new());
        while let Some(data) = piece(&mut from).await {
            match data {
                Ok(data) => body.extend_from_slice(&data),
                Err(error) => return Err(line.carrier.why(&self.seat, &error).await),
            }
            if body.len() > LARGEST {
                let what = format!("{}: an answer of more than {} MiB", self.seat, LARGEST >> 20);
                return Err(Failure::new(FailureKind::Damaged, what));
            }
        }
        Ok((line, Reply { status, body }))
    }
}

fn request(method: &Method, target: &str, body: Option<&Value>) -> Result<Request<String>, Failure> {
    let request = Request::builder().method(method).uri(target).header(HOST, "docker").header(CONTENT_TYPE, "application/json");
    let body = body.map(Value::to_string).unwrap_or_default();
    request.body(body).map_err(|e| Failure::new(FailureKind::Bug, format!("asking Docker for {target}: {e}")))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The next bytes of a body; none at its end.
async fn piece(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await? {
            // What comes after a body is of no interest.
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

impl Stream {
    /// The next bytes; none at its end. Read no faster than it is asked.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        match piece(&mut self.body).await {
            None => Ok(None),
            Some(Ok(data)) => Ok(Some(data)),
            Some(Err(error)) => Err(self.line.carrier.why(&self.seat, &error).await),
        }
    }
}

impl Reply {
    /// Whether it was done, or was so already.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status) || self.status == 304
    }

    /// The answer where it was done; else what Docker says.
    pub fn done(self) -> Result<Self, Failure> {
        if self.is_done() { Ok(self) } else { Err(self.refusal()) }
    }

    /// What it says, read.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let reply = self.done()?;
        let garbled = |e| Failure::new(FailureKind::Damaged, format!("Docker's answer is not to be understood: {e}"));
        serde_json::from_slice(&reply.body).map_err(garbled)
    }

    /// Docker's own words for why not.
    pub fn words(&self) -> String {
        #[derive(Deserialize)]
        struct Said {
            message: String,
        }
        let said = serde_json::from_slice::<Said>(&self.body).map(|said| said.message);
        let said = said.unwrap_or_else(|_| String::from_utf8_lossy(&self.body).trim().chars().take(300).collect());
        if said.is_empty() { format!("status {}", self.status) } else { said }
    }

    /// What answers at an address and tells no version of Docker's.
    fn stranger(&self, seat: &str) -> Failure {
        let said = self.words();
        if said.contains("HTTP request to an HTTPS server") {
            let what = format!("{seat}: Docker wants HTTPS there, and was asked without ({said})");
            let mend = "DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH=FOLDER with ca.pem, cert.pem and key.pem";
            return Failure::new(FailureKind::Unavailable, what).mend(mend);
        }
        let what = format!("{seat}: what answers there is no Docker Engine (status {})", self.status);
        Failure::new(FailureKind::Unavailable, what).mend("let DOCKER_HOST name where it listens")
    }

    fn refusal(&self) -> Failure {
        let kind = match self.status {
            403 | 401 => FailureKind::Denied,
            404 | 409 | 400 => FailureKind::Refused,
            _ => FailureKind::Unavailable,
        };
        Failure::new(kind, format!("Docker says: {}", self.words()))
    }
}
