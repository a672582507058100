//! Who listens at an address of this host, as `/proc` tells: for what still answers though it was said to be stopped.

use std::fs;
use std::path::Path;

use crate::domain::access::{Access, Reach};

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// `process 4711 (postgres)`; none where the address is not of this host, or its owner may not be seen.
pub fn of(access: &Access) -> Option<String> {
    if access.ssh.is_some() {
        return None;
    }
    let inodes = match &access.reach {
        Reach::Tcp { host, port } if is_here(host) => tcp(*port),
        Reach::Unix(path) => unix(path),
        _ => return None,
    };
    let pid = inodes.iter().find_map(|inode| owner(inode))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("process {pid} ({})", name.trim()))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tcp(port: u16) -> Vec<String> {
    let text = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default()).concat();
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let at = u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()?;
        (at == port && fields.get(3) == Some(&LISTENS)).then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    };
    text.lines().filter_map(inode).collect()
}

/// The socket itself, or PostgreSQL's in that folder.
fn unix(path: &Path) -> Vec<String> {
    let text = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let at = Path::new(fields.get(7)?);
        (at == path || at.parent() == Some(path)).then(|| fields.get(6).map(|inode| (*inode).to_owned()))?
    };
    text.lines().filter_map(inode).collect()
}

/// Of several that share a socket the first: the parent.
fn owner(inode: &str) -> Option<u32> {
    let wanted = format!("socket:[{inode}]");
    let holds = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == wanted.as_str())
    };
    let mut pids: Vec<u32> =
        fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids.into_iter().find(holds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::access::{Tls, ToolPlace};

    fn at(reach: Reach) -> Access {
        Access { reach, ssh: None, tools: ToolPlace::Here, user: None, password: None, database: None, tls: Tls::Disable }
    }

    #[test]
    fn who_listens_is_told_and_nobody_else() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = at(Reach::Tcp { host: "127.0.0.1".into(), port });
        assert!(of(&here).unwrap().starts_with(&format!("process {} (", std::process::id())));
        let far = Access { ssh: Some("db-1".into()), ..here.clone() };
        assert_eq!(of(&far), None);
        drop(listener);
        assert_eq!(of(&here), None);
    }

    #[test]
    fn a_socket_is_found_by_its_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".s.PGSQL.5432");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let me = format!("process {} (", std::process::id());
        assert!(of(&at(Reach::Unix(path))).unwrap().starts_with(&me));
        assert!(of(&at(Reach::Unix(folder.path().into()))).unwrap().starts_with(&me));
    }
}
