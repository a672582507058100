//! HTTP to one endpoint: its credentials, its trust, its deadlines, and how much of an answer is read.
//!
//! Every call ends within the endpoint's timeout, whatever the other side does: stalls, drips, breaks off, sends a page, a
//! gigabyte or a bomb. It knows nothing of what an answer means: that is the [`Decode`]'s matter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::adapters::tls::{self, Tls};
use crate::domain::fault::{Fault, FaultKind};

mod body;
mod budget;
mod hints;
mod link;
mod words;

pub(crate) use body::{Decode, Typed, json};
pub use budget::Budget;
use link::{Link, Reading};

/// The most that is read of one answer where nothing else is said.
pub const LARGEST: usize = 64 << 20;
/// How long an answer that has begun may pause.
const PAUSE: Duration = Duration::from_secs(5);
/// How much of a failure's body is read for its words.
const FAILURE: usize = 64 << 10;
/// No clock difference is known yet.
const UNKNOWN: i64 = i64::MIN;

/// Where and how to ask.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `http://host:9090/prefix`, without credentials.
    pub url: String,
    /// Sent with every request; their values are secrets.
    pub headers: Vec<(String, SecretString)>,
    /// Who we are.
    pub auth: Auth,
    /// Whom we trust.
    pub tls: Tls,
    /// The most time one answer may take, connecting and reading included.
    pub timeout: Duration,
    /// The most that is read of one answer, bytes, decompressed.
    pub largest: usize,
}

impl Endpoint {
    /// An endpoint without credentials, with ten seconds to answer.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            auth: Auth::None,
            tls: Tls::default(),
            timeout: Duration::from_secs(10),
            largest: LARGEST,
        }
    }
}

/// Who we are.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Nobody in particular.
    #[default]
    None,
    /// HTTP basic authentication.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
}

/// A client for one endpoint. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    base: Url,
    place: Arc<str>,
    auth: Auth,
    timeout: Duration,
    largest: usize,
    budget: Budget,
    skew: Arc<AtomicI64>,
    link: Arc<Link>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// GET, or POST with the parameters as a form.
    pub method: &'a Method,
    /// Below the endpoint's own path, starting with `/`.
    pub path: &'a str,
    /// Query or form parameters.
    pub params: &'a [(&'a str, &'a str)],
    /// Whether the answer may come compressed.
    packed: bool,
}

impl<'a> Ask<'a> {
    pub fn get(path: &'a str, params: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: &Method::GET, path, params, packed: false }
    }

    pub fn post(path: &'a str, params: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: &Method::POST, path, params, packed: false }
    }
}

impl Http {
    /// A client for `endpoint`. Connects to nothing yet; fails where the URL, a header or a certificate cannot be used.
    pub fn new(endpoint: &Endpoint, budget: Budget) -> Result<Self, Fault> {
        let base = base(&endpoint.url)?;
        let mut client = Client::builder()
            .user_agent(concat!("midwatch/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(endpoint)?)
            .redirect(same_origin())
            .tls_backend_preconfigured(trust(&base, &endpoint.tls)?);
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|e| words::of_transport(&endpoint.url, e))?;
        Ok(Self {
            client,
            place: shown(&base).into(),
            base,
            auth: endpoint.auth.clone(),
            timeout: endpoint.timeout,
            largest: endpoint.largest,
            budget,
            skew: Arc::new(AtomicI64::new(UNKNOWN)),
            link: Arc::default(),
        })
    }

    /// The endpoint's URL, for display: it holds no credentials and no query.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The most time one answer may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How far the server's clock is ahead of ours, in milliseconds, by its newest answer; good to a second, as `Date` is.
    pub fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|ms| *ms != UNKNOWN)
    }

    /// Asks, and decodes a successful answer off the event loop.
    pub(crate) async fn call<D: Decode>(&self, ask: Ask<'_>, decode: D) -> Result<D::Out, Fault> {
        let tried = self.tried(ask);
        let deadline = Instant::now() + self.timeout;
        let room = tokio::time::timeout_at(deadline, self.budget.small()).await;
        let _room = room.map_err(|_| late(&tried, "other answers took all the room for", self.timeout))?;
        let packed = self.link.wants_packed();
        let response = self.send(Ask { packed, ..ask }, &tried, deadline).await?;
        let reading = Reading { packed, ..Reading::default() };
        let mut body = body::Body::new(response, &tried, deadline, self.timeout.min(PAUSE), (&self.link, reading));
        if !body.status().is_success() {
            let fault = words::of_status(&tried, body.status(), &body.beginning(FAILURE).await);
            let mend = hints::of_refusal(body.status(), &fault.detail, &self.auth);
            return Err(fault.mended_by(mend));
        }
        body.limit(self.largest.min(D::LARGEST))?;
        body.decode(decode, &self.budget).await
    }

    /// Asks, and reads nothing of the answer but its status.
    pub(crate) async fn status(&self, ask: Ask<'_>) -> Result<StatusCode, Fault> {
        let tried = self.tried(ask);
        Ok(self.send(ask, &tried, Instant::now() + self.timeout).await?.status())
    }

    /// Everything asked here is a question, so one that breaks before any answer is asked once more: a connection kept from
    /// before may have been closed meanwhile.
    async fn send(&self, ask: Ask<'_>, tried: &str, deadline: Instant) -> Result<Response, Fault> {
        let response = match self.send_once(ask, tried, deadline).await {
            Err(fault) if fault.kind == FaultKind::Broken => self.send_once(ask, tried, deadline).await?,
            sent => sent?,
        };
        if let Some(skew) = skew(&response) {
            self.skew.store(skew, Ordering::Relaxed);
        }
        Ok(response)
    }

    async fn send_once(&self, ask: Ask<'_>, tried: &str, deadline: Instant) -> Result<Response, Fault> {
        let sent = tokio::time::timeout_at(deadline, self.request(ask).send()).await;
        sent.map_err(|_| late(tried, "no answer within", self.timeout))?.map_err(|e| words::of_transport(tried, e))
    }

    fn request(&self, ask: Ask<'_>) -> RequestBuilder {
        let encoding = if ask.packed { "gzip" } else { "identity" };
        let request = self.client.request(ask.method.clone(), self.url(ask.path)).header(ACCEPT_ENCODING, encoding);
        let request = match &self.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        if *ask.method == Method::POST { request.form(ask.params) } else { request.query(ask.params) }
    }

    /// The endpoint's own path with `path` below it; a query in the endpoint's URL goes with every request.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        }
        url
    }

    /// What is being tried, without its parameters: they may be long.
    fn tried(&self, ask: Ask<'_>) -> String {
        format!("{} {}", ask.method, shown(&self.url(ask.path)))
    }
}

fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.as_str().trim_end_matches('/').to_owned()
}

fn late(tried: &str, what: &str, limit: Duration) -> Fault {
    Fault::new(FaultKind::Timeout, format!("{tried}: {what} {limit:?}"))
}

fn base(url: &str) -> Result<Url, Fault> {
    let bad = |why: &str| Fault::new(FaultKind::Refused, why.to_owned());
    // The URL is not quoted before it is known to hold no password.
    let base = Url::parse(url).map_err(|e| bad(&format!("the endpoint's URL cannot be used: {e}")))?;
    if !base.username().is_empty() || base.password().is_some() {
        return Err(bad("the endpoint's URL holds credentials: give them as `basic` or `bearer` instead"));
    }
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(bad("the endpoint's URL must begin with http:// or https:// and name a host"));
    }
    Ok(base)
}

fn headers(endpoint: &Endpoint) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    for (name, value) in &endpoint.headers {
        let bad = || Fault::new(FaultKind::Refused, format!("the header {name:?} cannot be sent"));
        headers.append(HeaderName::try_from(name).map_err(|_| bad())?, sensitive(value.expose_secret()).ok_or_else(bad)?);
    }
    Ok(headers)
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Redirects are followed within the origin only: credentials stay where they were meant for.
fn same_origin() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let home = attempt.previous().first().map(Url::origin);
        if home == Some(attempt.url().origin()) && attempt.previous().len() < 4 { attempt.follow() } else { attempt.stop() }
    })
}

fn trust(base: &Url, tls: &Tls) -> Result<rustls::ClientConfig, Fault> {
    if base.scheme() == "http" {
        return tls::unused();
    }
    let mut config = tls.config()?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// As in Go's clients, a proxy is never used for this host itself.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn skew(response: &Response) -> Option<i64> {
    let date = response.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond();
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis() as i64;
    // `Date` is cut to the second: half a second is the best guess of what was lost.
    Some(theirs + 500 - ours)
}

#[cfg(test)]
mod tests;
