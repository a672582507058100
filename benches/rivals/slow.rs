//! A link on which every answer waits: whoever asks through it has questions under way nearly all the time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// How long an answer waits.
const HELD: Duration = Duration::from_secs(4);

/// Leads to what listens at an address (`http://127.0.0.1:9090`), for as long as this process lives; returns its own.
pub fn link(to: &str) -> String {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), to.trim_start_matches("http://").to_owned());
    let own = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(&to).unwrap();
            let (asked, answered) = ((near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near));
            std::thread::spawn(move || copy(asked.0, asked.1, Duration::ZERO));
            std::thread::spawn(move || copy(answered.0, answered.1, HELD));
        }
    });
    format!("http://{own}")
}

fn copy(mut from: TcpStream, mut to: TcpStream, held: Duration) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(some @ 1..) = from.read(&mut buffer) {
        std::thread::sleep(held);
        if to.write_all(&buffer[..some]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}
