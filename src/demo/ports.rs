//! Free ports of the loopback, for servers that are started a little later.

use std::io;
use std::net::TcpListener;
use std::ops::RangeInclusive;

/// From where on ports are nobody's by rank.
const LOWEST: u16 = 10_000;
/// How many of them are tried before any that is free will do.
const TRIES: u32 = 100;

/// A port that nobody listens on now, below those that the kernel gives to outgoing connections: among these the next connection of
/// anybody could take it before the server does.
pub fn free() -> io::Result<u16> {
    let below = outgoing().and_then(|range| range.start().checked_sub(1)).filter(|last| *last > LOWEST);
    let tried = |last: u16| (0..TRIES).map(move |_| fastrand::u16(LOWEST..=last)).find_map(|port| free_at(port).ok());
    below.and_then(tried).map_or_else(|| free_at(0), Ok)
}

fn free_at(port: u16) -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", port))?.local_addr()?.port())
}

/// What outgoing connections get (`ip(7)`); none where the kernel does not say.
fn outgoing() -> Option<RangeInclusive<u16>> {
    let said = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = said.split_whitespace().map(str::parse::<u16>);
    Some(ends.next()?.ok()?..=ends.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn no_outgoing_connection_gets_what_is_free() {
        let range = outgoing().unwrap();
        for _ in 0..20 {
            let port = free().unwrap();
            assert!(*range.start() <= LOWEST + 1 || !range.contains(&port), "{port} in {range:?}");
            assert!(port >= LOWEST && TcpListener::bind(("127.0.0.1", port)).is_ok(), "{port}");
        }
    }
}
