//! What a drill turns on a server, and what it needs to be allowed for that: settings, its clients, whether it takes writes.

use std::time::Duration;

use tokio::time::timeout;

use crate::domain::access::Access;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::redis::RedisLink;

/// How long a server that takes writes may take to say so.
const PROMPT: Duration = Duration::from_secs(3);
/// What is counted to learn whether writes go on: a key that there never is. Counting is held back like a write, and writes nothing.
const NOTHING: &[&str] = &["PFCOUNT", "midwatch:drill"];

/// A setting as it is now.
pub async fn setting(link: &dyn RedisLink, name: &str) -> Result<String, Failure> {
    let answer = link.ask(0, &["CONFIG", "GET", name]).await?;
    let unknown = || Failure::new(FailureKind::Unavailable, format!("the server knows no setting {name}"));
    answer.split_once('\n').map(|(_, value)| value.to_owned()).ok_or_else(unknown)
}

/// Whether clients can write.
pub async fn takes_writes(link: &dyn RedisLink) -> Result<bool, Failure> {
    match timeout(PROMPT, link.ask(0, NOTHING)).await {
        Ok(answer) => answer.map(|_| true),
        Err(_) => Ok(false),
    }
}

/// Refuses where the server would not let us ask something, with what grants it. Servers before Redis 7 do not tell beforehand: there
/// the asking itself fails, and does nothing.
pub async fn may(link: &dyn RedisLink, access: &Access, words: &[&str]) -> Result<(), Failure> {
    let Ok(user) = link.ask(0, &["ACL", "WHOAMI"]).await else { return Ok(()) };
    let asked: Vec<&str> = ["ACL", "DRYRUN", &user].into_iter().chain(words.iter().copied()).collect();
    match link.ask(0, &asked).await {
        Ok(answer) if answer != "OK" => Err(Failure::new(FailureKind::Denied, answer).mend(grant(access, words))),
        _ => Ok(()),
    }
}

/// A refusal with the line that grants what is missing.
pub fn with_grant(failure: Failure, access: &Access, words: &[&str]) -> Failure {
    if failure.kind != FailureKind::Denied || failure.mend.is_some() {
        return failure;
    }
    failure.mend(grant(access, words))
}

fn grant(access: &Access, words: &[&str]) -> String {
    let user = access.user.as_deref().unwrap_or("default");
    let command: Vec<String> = words.iter().take(2).map(|word| word.to_lowercase()).collect();
    let is_divided = matches!(words.first(), Some(&("CONFIG" | "CLIENT")));
    let command = if is_divided { command.join("|") } else { command.first().cloned().unwrap_or_default() };
    format!("ACL SETUSER {user} +{command}")
}
