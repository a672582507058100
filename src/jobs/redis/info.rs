//! What a server says of itself: `INFO`, as `key:value` lines.

use std::collections::BTreeMap;

use crate::domain::backup::redis::Database;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::redis::RedisLink;

/// One answer to `INFO`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info(BTreeMap<String, String>);

impl Info {
    /// Asks for sections; all of them where none is named.
    pub async fn ask(link: &dyn RedisLink, sections: &[&str]) -> Result<Self, Failure> {
        let words: Vec<&str> = ["INFO"].into_iter().chain(sections.iter().copied()).collect();
        Ok(Self::of(&link.ask(0, &words).await?))
    }

    /// Reads the text.
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.trim_end().split_once(':'));
        Self(lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// A value; empty where it is not told.
    pub fn word(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// A value that is a number.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.word(key).parse().ok()
    }

    /// A value without which nothing can be said.
    pub fn must(&self, key: &str) -> Result<&str, Failure> {
        match self.word(key) {
            "" => Err(Failure::new(FailureKind::Unavailable, format!("the server does not tell its {key} in INFO"))),
            word => Ok(word),
        }
    }

    /// The databases that hold keys, by number.
    pub fn databases(&self) -> Vec<Database> {
        let mut all: Vec<Database> = self.0.iter().filter_map(|(key, value)| database(key, value)).collect();
        all.sort_by_key(|database| database.number);
        all
    }

    /// Whether a child of the server is saving.
    pub fn is_saving(&self) -> bool {
        self.word("rdb_bgsave_in_progress") == "1"
    }
}

/// `db0` with `keys=7,expires=1,avg_ttl=0`.
fn database(key: &str, value: &str) -> Option<Database> {
    let number = key.strip_prefix("db")?.parse().ok()?;
    let field = |name: &str| {
        let pair = value.split(',').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
        pair.and_then(|(_, value)| value.parse().ok())
    };
    Some(Database { number, keys: field("keys")?, expires: field("expires")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_told_in_the_order_of_their_numbers() {
        let info = Info::of("# Keyspace\r\ndb10:keys=5,expires=0,avg_ttl=0\r\ndb2:keys=7,expires=1,avg_ttl=9\r\ndbx:keys=1\r\n");
        let database = |number, keys, expires| Database { number, keys, expires };
        assert_eq!(info.databases(), [database(2, 7, 1), database(10, 5, 0)]);
        assert!(!info.is_saving());
        assert!(info.must("run_id").is_err());
    }
}
