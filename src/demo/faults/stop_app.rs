//! Stopping one instance of the shop, and waking it again.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::adapters::process::Process;

/// How long a signal may take to act, and the instance to answer again.
const ACTS_WITHIN: Duration = Duration::from_secs(2);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Stops it.
pub fn inject(process: Process) -> Result<(), String> {
    if process.alive() { process.stop(ACTS_WITHIN) } else { Err("the instance is not running".to_owned()) }
}

/// Wakes it and waits until it answers.
pub async fn revert(process: Process, port: u16) -> Result<String, String> {
    let deadline = Instant::now() + ANSWERS_WITHIN;
    loop {
        process.signal(Signal::CONT).map_err(|error| format!("it cannot be woken: {error}"))?;
        let Some(seen) = process.look() else { return Ok("the instance is gone".to_owned()) };
        if !seen.stopped() && answers(port).await {
            return Ok("the instance is awake and answers".to_owned());
        }
        if Instant::now() >= deadline {
            return Err("the instance does not answer".to_owned());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Whether it says anything at all to a request: what it says depends on the databases too.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /metrics HTTP/1.0\r\n\r\n").await?;
        tokio::io::AsyncReadExt::read_u8(&mut stream).await
    };
    matches!(timeout(Duration::from_secs(1), ask).await, Ok(Ok(_)))
}
