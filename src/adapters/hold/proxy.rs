//! A line that is slow: a proxy before a port of this host, which keeps whatever it is told for a while before it passes it on. Whose
//! connections are led through it is no business of its own. Both ends of every connection end with the process that holds it.
//!
//! It comes to the port from source ports that nobody else here comes from by himself: so the connections of others can be told from
//! its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::adapters::hold::{Grip, Kind, Part, read};
use crate::domain::chaos::hold::SlowLine;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::firewall::OWN_PORTS;
use crate::domain::time::human;
use crate::ports::Promise;

/// The kind.
pub const PROXY: &dyn Kind = &Proxy;

/// How much is read at once, and how much of that may wait on one connection: beyond that whoever talks waits, as on a slow line.
const PIECE: usize = 16 << 10;
const PIECES: usize = 64;
/// How often another of its source ports is tried where one is taken.
const TRIES: u32 = 20;

struct Proxy;

impl Kind for Proxy {
    fn name(&self) -> &'static str {
        "proxy"
    }

    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>> {
        Box::pin(async {
            let args: SlowLine = read(args)?;
            // Let go at once: what could be listened at now can be in a moment.
            listen(args.listen).await?;
            Ok(vec![format!("whoever connects from this host waits {} longer for each answer", human_ms(args.delay * 2))])
        })
    }

    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip> {
        Box::pin(async {
            let args: SlowLine = part.args()?;
            Ok(Box::pin(serve(listen(args.listen).await?, args)) as Grip)
        })
    }
}

/// Milliseconds, which are too short for [`human`].
fn human_ms(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { human(time) }
}

fn here(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

async fn listen(port: u16) -> Result<TcpListener, Failure> {
    let taken = |e: std::io::Error| {
        Failure::new(FailureKind::Unavailable, format!("port {port} of this host cannot be listened at: {e}"))
    };
    TcpListener::bind(here(port)).await.map_err(|e| taken(e).mend("ask again: another port is chosen then"))
}

/// Passes on until it is dropped, with every connection.
async fn serve(listener: TcpListener, args: SlowLine) -> Failure {
    let mut lines = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = lines.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(lines.spawn(line(client, args))),
                // Too many files are open, mostly: those there are go on, and some will end.
                Err(error) => {
                    eprintln!("{error}");
                    tokio::time::sleep(args.delay).await;
                }
            },
        }
    }
}

/// One connection. Where the server does not take it, neither does this.
async fn line(client: TcpStream, args: SlowLine) {
    let Ok(server) = connect(args.before).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::join!(late(from_client, to_server, args.delay), late(from_server, to_client, args.delay));
}

/// Comes from one of its own source ports.
async fn connect(port: u16) -> std::io::Result<TcpStream> {
    let mut last = None;
    for _ in 0..TRIES {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        let tried = match socket.bind(here(fastrand::u16(OWN_PORTS))) {
            Ok(()) => socket.connect(here(port)).await,
            Err(error) => Err(error),
        };
        match tried {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::AddrInUse | std::io::ErrorKind::AddrNotAvailable) => {
                last = Some(error);
            }
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

/// One direction: every piece is passed on so long after it came, and so is the end.
async fn late(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (sent, mut waiting) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let hear = async move {
        let mut buffer = vec![0; PIECE];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if sent.send((Instant::now() + delay, buffer[..read].to_vec())).await.is_err() {
                break;
            }
        }
        // Dropped, what is written ends.
        drop(sent);
    };
    let tell = async move {
        while let Some((when, piece)) = waiting.recv().await {
            sleep_until(when).await;
            if to.write_all(&piece).await.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(hear, tell);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::domain::job::JobId;

    const DELAY: Duration = Duration::from_millis(60);

    async fn echo() -> (u16, tokio::task::JoinHandle<u16>) {
        let server = TcpListener::bind(here(0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let serving = async move {
            let (mut one, from) = server.accept().await.unwrap();
            let mut said = Vec::new();
            one.read_to_end(&mut said).await.unwrap();
            one.write_all(&said).await.unwrap();
            from.port()
        };
        (port, tokio::spawn(serving))
    }

    async fn free() -> u16 {
        TcpListener::bind(here(0)).await.unwrap().local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn whatever_is_said_comes_whole_and_late() {
        let ((before, server), listen) = (echo().await, free().await);
        let args = json!({ "listen": listen, "before": before, "delay": DELAY });
        let part = Part { job: JobId(1), args, most: DELAY };
        let grip = tokio::spawn(PROXY.hold(&part).await.unwrap());
        let began = Instant::now();
        let mut client = TcpStream::connect(here(listen)).await.unwrap();
        let said: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
        let (mut reader, mut writer) = client.split();
        let talking = async {
            writer.write_all(&said).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut heard = Vec::new();
        let ((), read) = tokio::join!(talking, reader.read_to_end(&mut heard));
        read.unwrap();
        assert!(heard == said, "{} of {} bytes", heard.len(), said.len());
        assert!(began.elapsed() >= DELAY * 2, "each way");
        assert!(OWN_PORTS.contains(&server.await.unwrap()), "its own connections can be told from others'");
        grip.abort();
        let _ = grip.await;
        assert!(TcpStream::connect(here(listen)).await.is_err(), "nobody listens once it was let go");
    }
}
