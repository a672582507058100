//! At which addresses a port is listened at, read from `/proc/net/tcp` and `/proc/net/tcp6`. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The state of a socket that listens.
const LISTENS: &str = "0A";

/// The addresses of the sockets that listen at a port, each once.
pub fn listening(text: &str, port: u16) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = text.lines().filter_map(listener).filter(|(_, at)| *at == port).map(|(own, _)| own).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// `0: 0100007F:1538 00000000:0000 0A …`
fn listener(line: &str) -> Option<(IpAddr, u16)> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (own, port) = fields.next()?.split_once(':')?;
    let state = fields.nth(1)?;
    (state == LISTENS).then_some(())?;
    Some((address(own)?, u16::from_str_radix(port, 16).ok()?))
}

/// Words of 32 bits, each as this host keeps it in memory.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |n: usize| u32::from_str_radix(hex.get(n * 8..n * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            let own = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
            Some(own.to_ipv4_mapped().map_or(IpAddr::V6(own), IpAddr::V4))
        }
        _ => None,
    }
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TABLES: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18 1
   2: 0100007F:1538 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 19 1
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 0000000000000000FFFF00000100000A:1538 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
";

    #[test]
    fn what_listens_is_told_by_its_addresses() {
        let at = |port| listening(TABLES, port).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(at(9999), [] as [&str; 0]);
        assert_eq!(at(5432), ["10.0.0.1", "127.0.0.1", "::1"]);
        assert_eq!((at(22), at(80)), (vec!["0.0.0.0".to_owned()], vec!["::".to_owned()]));
    }
}
