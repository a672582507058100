//! Digests of some keys: taken before and after a snapshot, and kept where both are the same, they tell what those keys hold in
//! it. The server works them out itself, by a script that only reads and that is small enough not to be felt.

use std::collections::BTreeMap;

use crate::domain::backup::redis::Sample;
use crate::domain::failure::Failure;
use crate::domain::time::Stamp;
use crate::ports::redis::RedisLink;

/// The script.
const SCRIPT: &str = include_str!("sample.lua");
/// How many keys of a database are tried.
const KEYS: usize = 100;
/// How many of them at once.
const AT_ONCE: usize = 20;

/// Digests keys of these databases, chosen by chance.
pub async fn choose(link: &dyn RedisLink, databases: &[u32]) -> Result<Vec<Sample>, Failure> {
    let mut chosen = BTreeMap::new();
    for database in databases {
        for _ in 0..KEYS / AT_ONCE {
            let count = AT_ONCE.to_string();
            let answer = link.ask(*database, &["EVAL_RO", SCRIPT, "0", &count]).await?;
            chosen.extend(samples(*database, &answer).map(|sample| ((*database, sample.key.clone()), sample)));
        }
    }
    Ok(chosen.into_values().collect())
}

/// Digests the same keys again; what is gone or no longer fit is left out.
pub async fn again(link: &dyn RedisLink, samples_before: &[Sample]) -> Result<Vec<Sample>, Failure> {
    let mut found = Vec::new();
    for some in samples_before.chunk_by(|a, b| a.database == b.database).flat_map(|of_one| of_one.chunks(AT_ONCE)) {
        let database = some.first().map_or(0, |sample| sample.database);
        let keys: Vec<String> = some.iter().map(|sample| hex(sample.key.as_bytes())).collect();
        let words: Vec<&str> = ["EVAL_RO", SCRIPT, "0", "0"].into_iter().chain(keys.iter().map(String::as_str)).collect();
        found.extend(samples(database, &link.ask(database, &words).await?));
    }
    Ok(found)
}

/// What a sample that was digested again says of one that was digested before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The same.
    pub same: Vec<Sample>,
    /// Not there, though it should not have expired by `now`.
    pub missing: Vec<Sample>,
    /// Not there, and its time had come.
    pub expired: usize,
    /// Another value, or another time to expire.
    pub other: Vec<Sample>,
}

impl Compared {
    /// Compares, at the time `now` of the server that was asked last.
    pub fn new(before: &[Sample], after: &[Sample], now: Stamp) -> Self {
        let mut compared = Self::default();
        for sample in before {
            let same_key = |other: &&Sample| other.database == sample.database && other.key == sample.key;
            match after.iter().find(same_key) {
                Some(other) if other == sample => compared.same.push(sample.clone()),
                Some(_) => compared.other.push(sample.clone()),
                None if sample.expires.is_some_and(|at| at <= now) => compared.expired += 1,
                None => compared.missing.push(sample.clone()),
            }
        }
        compared
    }
}

/// The script's lines; a key that is not UTF-8 is left out.
fn samples(database: u32, answer: &str) -> impl Iterator<Item = Sample> {
    answer.lines().filter_map(move |line| {
        let mut words = line.split(' ');
        let (digest, expires, key) = (words.next()?, words.next()?.parse::<i64>().ok()?, words.next()?);
        let expires = Some(Stamp(expires)).filter(|at| at.0 > 0);
        Some(Sample { database, key: String::from_utf8(unhex(key)?).ok()?, digest: digest.to_owned(), expires })
    })
}

/// Bytes as two hexadecimal digits each.
fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(key: &str, digest: &str, expires: Option<i64>) -> Sample {
        Sample { database: 0, key: key.to_owned(), digest: digest.to_owned(), expires: expires.map(Stamp) }
    }

    #[test]
    fn lines_are_read_and_what_is_no_line_is_not() {
        let read: Vec<_> = samples(0, "aa -1 6b\nbb 1795312800000 c3a9\ncc -1 ff\nnonsense\ndd -1 6").collect();
        assert_eq!(read, [sample("k", "aa", None), sample("é", "bb", Some(1_795_312_800_000))]);
        assert_eq!(hex("é".as_bytes()), "c3a9");
    }

    #[test]
    fn what_expired_is_no_loss_and_what_vanished_is() {
        let before = [sample("a", "1", None), sample("b", "1", Some(10)), sample("c", "1", Some(99)), sample("d", "1", None)];
        let after = [sample("a", "1", None), sample("d", "2", None)];
        let compared = Compared::new(&before, &after, Stamp(10));
        assert_eq!((compared.same.len(), compared.expired), (1, 1));
        assert_eq!((compared.missing, compared.other), (vec![before[2].clone()], vec![before[3].clone()]));
    }
}
