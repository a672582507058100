//! One client of a server: who it is, and whether it may be disconnected.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::human;
use crate::domain::triage::redis::Client;
use crate::ports::redis::RedisLink;

/// The client of a number, as long as it is connected. The whole list is asked for: servers before 6.2 tell of no single one.
pub async fn find(link: &dyn RedisLink, id: u64) -> Result<Option<Client>, Failure> {
    let all = link.ask(0, &["CLIENT", "LIST"]).await?;
    if !all.contains("addr=") {
        return Err(Failure::new(FailureKind::Unavailable, "the answer to CLIENT LIST is no list of clients"));
    }
    Ok(all.lines().filter_map(Client::parse).find(|client| client.id == id))
}

/// Refuses the links of replication, unless it is forced.
pub fn may_go(client: &Client, forced: bool) -> Result<(), Failure> {
    if !client.is_replication() || forced {
        return Ok(());
    }
    let what = format!("client {} is a {}: replication runs through it", client.id, client.role());
    Err(Failure::refused(what).mend("--force disconnects it all the same"))
}

/// `client 12, app-1 (user default) from 10.0.0.7:41532, connected for 3m, last command get`.
pub fn words(client: &Client) -> String {
    let name = if client.name.is_empty() { "no name" } else { &client.name };
    let user = if client.user.is_empty() { String::new() } else { format!(" (user {})", client.user) };
    let command = if client.command.is_empty() || client.command == "NULL" { "none" } else { &client.command };
    let age = human(client.age);
    format!("client {}, {name}{user} from {}, connected for {age}, last command {command}", client.id, client.address)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_link_of_replication_goes_by_force_alone() {
        let client = |flags: &str| Client { id: 3, flags: flags.into(), ..Client::default() };
        assert!(may_go(&client("N"), false).is_ok());
        assert_eq!(may_go(&client("S"), false).unwrap_err().kind, FailureKind::Refused);
        assert!(may_go(&client("M"), false).is_err() && may_go(&client("S"), true).is_ok());
    }
}
