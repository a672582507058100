//! How a service is backed up: `[environments.NAME.services.NAME.backup]`.

use std::time::Duration;

use crate::config::reader::{Complaint, Field, Table};
use crate::config::value;
use crate::domain::backup::policy::{Assertion, Policy};
use crate::domain::backup::{Compression, Method};
use crate::domain::name::Name;
use crate::domain::service::ServiceKind;

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// Reads how a service of a kind is backed up, into one of these repositories.
pub fn backup(field: &Field<'_>, kind: ServiceKind, repositories: &[Name]) -> Option<Policy> {
    let table = field.table()?;
    let repository = repository(&table, repositories);
    let methods = methods(&table, kind);
    let databases = match kind {
        ServiceKind::Postgres => databases(&table),
        _ => Vec::new(),
    };
    let compression = table.take("compression").and_then(|field| field.word(&COMPRESSIONS, compression_of)).unwrap_or_default();
    let rpo = table.take("rpo").and_then(|field| field.parse(goal));
    let rto = table.take("rto").and_then(|field| field.parse(goal));
    let assertions = assertions(&table, kind);
    Some(Policy { repository: repository?, methods: methods?, databases, compression, rpo, rto, assertions })
}

/// Where there is but one, it need not be named.
fn repository(table: &Table<'_>, known: &[Name]) -> Option<Name> {
    let find = |word: &str| known.iter().find(|name| name.as_str() == word).cloned();
    let names: Vec<_> = known.iter().map(Name::as_str).collect();
    match (table.take("repository"), known) {
        (Some(field), []) => {
            field.misplaced("there is no repository in this environment", "add [environments.NAME.repositories.NAME]");
            None
        }
        (Some(field), _) => field.word(&names, find),
        (None, [only]) => Some(only.clone()),
        (None, _) => table.need("repository", "\"main\"").and_then(|field| field.word(&names, find)),
    }
}

/// Those of a kind, the first being what it is backed up by where nothing is said.
fn of(kind: ServiceKind) -> &'static [Method] {
    match kind {
        ServiceKind::Postgres => &[Method::Logical, Method::Physical],
        ServiceKind::Redis => &[Method::Rdb],
        ServiceKind::Http => &[],
    }
}

fn methods(table: &Table<'_>, kind: ServiceKind) -> Option<Vec<Method>> {
    let known = of(kind);
    let Some(field) = table.take("methods") else { return Some(known[..1].to_vec()) };
    let words: Vec<_> = known.iter().map(|method| method.word()).collect();
    let fields = field.list();
    let mut read = Vec::new();
    for one in &fields {
        let method = one.word(&words, |word| Method::of(word).filter(|method| known.contains(method)))?;
        if read.contains(&method) {
            one.misplaced(format!("{:?} is there twice", method.word()), "name each method once");
        }
        read.push(method);
    }
    if fields.is_empty() {
        return field.complain(&Complaint::new("must name a method", format!("like [{:?}]", words[0])));
    }
    Some(read)
}

fn databases(table: &Table<'_>) -> Vec<String> {
    let mut read: Vec<String> = Vec::new();
    for field in table.take("databases").map(|field| field.list()).unwrap_or_default() {
        let Some(name) = field.parse(database) else { continue };
        if read.iter().any(|other| other == name) {
            field.misplaced(format!("{name:?} is there twice"), "name each database once");
        }
        read.push(name.to_owned());
    }
    read
}

/// A name that PostgreSQL takes; what it is called in files is another matter.
fn database(text: &str) -> Result<&str, Complaint> {
    let good = !text.is_empty() && text.len() <= 63 && !text.chars().any(char::is_control);
    good.then_some(text).ok_or_else(|| Complaint::new("must be the name of a database", "of up to 63 bytes"))
}

const COMPRESSIONS: [&str; 3] = ["zstd", "gzip", "none"];

fn compression_of(word: &str) -> Option<Compression> {
    match word {
        "zstd" => Some(Compression::Zstd),
        "gzip" => Some(Compression::Gzip),
        "none" => Some(Compression::None),
        _ => None,
    }
}

fn goal(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, MINUTE, YEAR)
}

fn assertions(table: &Table<'_>, kind: ServiceKind) -> Vec<Assertion> {
    let mut read: Vec<Assertion> = Vec::new();
    for field in table.take("assertions").map(|field| field.list()).unwrap_or_default() {
        let Some(one) = assertion(&field, kind) else { continue };
        if read.iter().any(|other| other.name == one.name) {
            field.misplaced(format!("a second assertion {:?}", one.name), "each assertion has a name of its own");
        }
        read.push(one);
    }
    read
}

fn assertion(field: &Field<'_>, kind: ServiceKind) -> Option<Assertion> {
    let table = field.table()?;
    let is_redis = kind == ServiceKind::Redis;
    let (in_database, test) =
        if is_redis { ("\"0\"", "\"cart:1\"") } else { ("\"shop\"", "\"SELECT count(*) > 1000 FROM orders\"") };
    let name = table.need("name", "\"orders are there\"").and_then(|field| field.parse(filled));
    let database = match table.take("database") {
        None if is_redis => Some("0"),
        None => table.need("database", in_database).and_then(|field| field.text()),
        Some(field) if is_redis => field.parse(number),
        Some(field) => field.parse(self::database),
    };
    let test = table.need("test", test).and_then(|field| field.parse(filled));
    Some(Assertion { name: name?.to_owned(), database: database?.to_owned(), test: test?.to_owned() })
}

fn filled(text: &str) -> Result<&str, Complaint> {
    if text.trim().is_empty() { Err(Complaint::new("must not be empty", "")) } else { Ok(text) }
}

fn number(text: &str) -> Result<&str, Complaint> {
    let good = text.parse::<u32>().is_ok();
    good.then_some(text).ok_or_else(|| Complaint::new("must be the number of a database", "like \"0\""))
}
