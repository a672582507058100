//! A connection to a Docker Engine: a socket, TCP, TLS, or the streams of an `ssh`.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::adapters::control::docker::seat::Seat;
use crate::adapters::control::docker::words;
use crate::adapters::tls::Tls;
use crate::adapters::tools::docker_beyond;
use crate::adapters::tools::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::tools::Running;

/// How long `ssh` may take for its last words when its line has broken.
const FAREWELL: Duration = Duration::from_secs(2);

/// Bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// What carries a connection beside its bytes. Dropped, it is ended.
pub struct Carrier(Option<Box<dyn Running>>);

/// Connects. The caller bounds how long that may take.
pub async fn dial(seat: &Seat, around: &Surroundings) -> Result<(Box<dyn Duplex>, Carrier), Failure> {
    match seat {
        Seat::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|e| words::socket(path, &e))?;
            Ok((Box::new(stream), Carrier(None)))
        }
        Seat::Tcp { address, tls } => {
            let stream = TcpStream::connect(address).await.map_err(|e| words::address(seat, &e))?;
            match tls {
                None => Ok((Box::new(stream), Carrier(None))),
                Some(tls) => Ok((secured(seat, address, tls, stream).await?, Carrier(None))),
            }
        }
        Seat::Ssh(host) => {
            let mut ssh = docker_beyond(host, around)?;
            let streams = ssh.stdout().zip(ssh.stdin());
            let (out, input) = streams.ok_or_else(|| Failure::new(FailureKind::Bug, "ssh was started without its streams"))?;
            Ok((Box::new(tokio::io::join(out, input)), Carrier(Some(ssh))))
        }
    }
}

async fn secured(seat: &Seat, address: &str, tls: &Tls, stream: TcpStream) -> Result<Box<dyn Duplex>, Failure> {
    let trust = tls.config().map_err(|fault| words::address(seat, &fault))?;
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(|e| words::address(seat, &e))?;
    let stream = TlsConnector::from(Arc::new(trust)).connect(name, stream).await.map_err(|e| words::address(seat, &e))?;
    Ok(Box::new(stream))
}

/// The first cause: hyper itself says no more than that there was one.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

impl Carrier {
    /// Why the connection broke: what `ssh` said, or the broken connection's own words.
    pub async fn why(&mut self, seat: &Seat, error: &hyper::Error) -> Failure {
        let (Some(ssh), Seat::Ssh(host)) = (&mut self.0, seat) else {
            return Failure::new(FailureKind::Unavailable, format!("{seat} broke off: {}", reason(error)));
        };
        match timeout(FAREWELL, ssh.ended()).await {
            Ok(Ok(ended)) => words::beyond(host, &ended.stderr),
            _ => Failure::new(FailureKind::Unavailable, format!("ssh to {host} broke off: {error}")),
        }
    }
}
