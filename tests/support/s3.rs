//! An S3 server on a loopback port, and a proxy in front of it that does to requests what networks do. Include it with
//! `#[path = "support/s3.rs"] mod s3;`.
#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server lets in.
pub const ACCESS_KEY: &str = "AKMIDWATCH";
/// The secret of it, which must be found nowhere.
pub const SECRET_KEY: &str = "s3-secret-hunter2";
/// The one bucket.
pub const BUCKET: &str = "backups";

/// A server with one empty bucket. It ends when this is dropped.
pub struct S3 {
    /// Where buckets are folders and objects are files.
    pub folder: TempDir,
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl S3 {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let router = axum::Router::new().fallback(move |request: Request| answer(service.clone(), request));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { folder, address, task }
    }

    /// Where an object lies.
    pub fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }

    /// How many parts lie there of uploads that were never completed.
    pub fn parts(&self) -> usize {
        let names = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload_id-")).count()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(service: S3Service, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    match service.call(axum::http::Request::from_parts(head, body.into())).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset when half of the request has arrived.
    Reset,
    /// It is done, and the connection reset before the answer.
    Lost,
    /// Nobody ever answers.
    Hole,
    /// `503 SlowDown`.
    Unavailable,
    /// It arrives in pieces, with pauses.
    Slow,
}

impl Fault {
    pub const ALL: [Self; 5] = [Self::Reset, Self::Lost, Self::Hole, Self::Unavailable, Self::Slow];
}

/// What is to go wrong, and what was asked.
#[derive(Default)]
struct Weather {
    fault: Option<Fault>,
    from: usize,
    to: usize,
    /// The first line of every request.
    seen: Vec<String>,
}

/// A proxy in front of a server. It ends when this is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    weather: Arc<Mutex<Weather>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let weather = Arc::<Mutex<Weather>>::default();
        let shared = weather.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let weather = shared.clone();
                tokio::spawn(async move { drop(relay(client, server, &weather).await) });
            }
        });
        Self { address, weather, task }
    }

    /// From now on this happens to the requests of these numbers, counted from here.
    pub fn fault(&self, fault: Fault, requests: std::ops::Range<usize>) {
        *self.weather.lock().unwrap() = Weather { fault: Some(fault), from: requests.start, to: requests.end, seen: vec![] };
    }

    /// Nothing happens to them any more, and they are counted again.
    pub fn heal(&self) {
        *self.weather.lock().unwrap() = Weather::default();
    }

    /// The first line of every request since then.
    pub fn seen(&self) -> Vec<String> {
        self.weather.lock().unwrap().seen.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection: a request, its answer, and so on.
async fn relay(mut client: TcpStream, server: SocketAddr, weather: &Mutex<Weather>) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut answer, mut next) = (vec![0; 64 << 10], [0]);
    loop {
        let Some((head, length)) = head(&mut client).await? else { return Ok(()) };
        match forecast(weather, &head) {
            None => {
                server.write_all(&head).await?;
                pass(&mut client, &mut server, length, Duration::ZERO).await?;
            }
            Some(Fault::Slow) => {
                server.write_all(&head).await?;
                pass(&mut client, &mut server, length, Duration::from_millis(5)).await?;
            }
            Some(Fault::Reset) => {
                server.write_all(&head).await?;
                pass(&mut client, &mut server, length / 2, Duration::ZERO).await?;
                return reset(&client);
            }
            Some(Fault::Lost) => {
                server.write_all(&head).await?;
                pass(&mut client, &mut server, length, Duration::ZERO).await?;
                server.peek(&mut next).await?;
                return reset(&client);
            }
            Some(Fault::Unavailable) => {
                pass(&mut client, &mut tokio::io::sink(), length, Duration::ZERO).await?;
                client.write_all(BUSY).await?;
                continue;
            }
            Some(Fault::Hole) => {
                pass(&mut client, &mut tokio::io::sink(), length, Duration::ZERO).await?;
                client.peek(&mut next).await?;
                return Ok(());
            }
        }
        // The answer goes back until the client asks again.
        loop {
            tokio::select! {
                asked = client.peek(&mut next) => match asked? {
                    0 => return Ok(()),
                    _ => break,
                },
                read = server.read(&mut answer) => match read? {
                    0 => return Ok(()),
                    some => client.write_all(&answer[..some]).await?,
                }
            }
        }
    }
}

const BUSY: &[u8] = b"HTTP/1.1 503 Slow Down\r\ncontent-length: 71\r\n\r\n\
    <Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>";

/// A request up to its body, and how long that is.
async fn head(client: &mut TcpStream) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Ok(Some((head, length.unwrap_or(0))))
}

fn forecast(weather: &Mutex<Weather>, head: &[u8]) -> Option<Fault> {
    let mut weather = weather.lock().unwrap();
    let number = weather.seen.len();
    weather.seen.push(String::from_utf8_lossy(head).lines().next().unwrap_or_default().to_owned());
    weather.fault.filter(|_| (weather.from..weather.to).contains(&number))
}

async fn pass(
    from: &mut TcpStream,
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    mut length: u64,
    pause: Duration,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    while length > 0 {
        let most = buffer.len().min(length as usize);
        let some = from.read(&mut buffer[..most]).await?;
        if some == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        to.write_all(&buffer[..some]).await?;
        length -= some as u64;
        drip(pause).await;
    }
    Ok(())
}

/// A slow network.
async fn drip(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// The next thing that is sent is a reset.
fn reset(client: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_socket_linger(client, Some(Duration::ZERO))?)
}

/// A file of mode 0600 with a secret in it.
pub fn secret(folder: &Path, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}
