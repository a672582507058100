//! A repository of backups: `[environments.NAME.repositories.NAME]`.

use crate::config::reader::{Complaint, Field, Table};
use crate::config::upstream::{path, secret};
use crate::config::value;
use crate::domain::name::Name;
use crate::domain::repository::{Keep, RepositoryPlace, RepositorySpec};

/// The region that servers which have none expect.
const REGION: &str = "us-east-1";
/// The most of anything that retention keeps.
const MOST: u16 = 10_000;

/// Reads one repository.
pub fn repository(name: &str, field: &Field<'_>) -> Option<RepositorySpec> {
    field.check(value::name(name));
    let table = field.table()?;
    let place = place(&table);
    let recipients = table.take("encrypt").map(|field| field.list()).unwrap_or_default();
    let encrypt = recipients.iter().filter_map(|field| field.parse_hidden(recipient)).map(str::to_owned).collect();
    let identity = table.take("identity").and_then(|field| secret(&field));
    let keep = table.take("keep").and_then(|field| keep(&field)).unwrap_or_default();
    Some(RepositorySpec { name: Name::from(name), place: place?, encrypt, identity, keep })
}

fn place(table: &Table<'_>) -> Option<RepositoryPlace> {
    match (table.take("path"), table.take("s3")) {
        (Some(_), Some(s3)) => {
            s3.misplaced("a repository is in one place", "remove path or s3");
            None
        }
        (Some(folder), None) => path(&folder).map(RepositoryPlace::Folder),
        (None, Some(s3)) => bucket(&s3),
        (None, None) => {
            table.complain("says not where it is", "with path = \"/var/backups/midwatch\" or s3 = { bucket = \"…\", … }");
            None
        }
    }
}

fn bucket(field: &Field<'_>) -> Option<RepositoryPlace> {
    let table = field.table()?;
    let bucket = table.need("bucket", "\"backups\"").and_then(|field| field.parse(bucket_name));
    let prefix = table.take("prefix").and_then(|field| field.parse(prefix));
    let endpoint = table.take("endpoint").and_then(|field| field.parse_hidden(value::url));
    let region = table.take("region").and_then(|field| field.text()).unwrap_or(REGION);
    let access_key = table.need("access_key", "\"env:S3_ACCESS_KEY\"").and_then(|field| secret(&field));
    let secret_key = table.need("secret_key", "\"file:/etc/midwatch/s3.key\"").and_then(|field| secret(&field));
    let ca = table.take("ca").and_then(|field| path(&field));
    Some(RepositoryPlace::S3 {
        bucket: bucket?.to_owned(),
        prefix: prefix.unwrap_or_default().to_owned(),
        endpoint,
        region: region.to_owned(),
        access_key: access_key?,
        secret_key: secret_key?,
        ca,
    })
}

fn bucket_name(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let good = (3..=63).contains(&text.len()) && text.chars().all(plain);
    good.then_some(text)
        .ok_or_else(|| Complaint::new("must be a bucket", "its name alone: 3 to 63 letters, digits, dots and dashes"))
}

fn prefix(text: &str) -> Result<&str, Complaint> {
    let inner = text.trim_matches('/');
    let good = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    let fine = inner.is_empty() || inner.split('/').all(good);
    fine.then_some(inner).ok_or_else(|| Complaint::new("must be a folder in the bucket", "like \"production/midwatch\""))
}

/// Whoever puts the identity here must not see it repeated.
fn recipient(text: &str) -> Result<&str, Complaint> {
    if text.starts_with("AGE-SECRET-KEY-") {
        return Err(Complaint::new("must be whom to encrypt to, not what opens it", "the age1… that age-keygen -y prints"));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = text.starts_with("age1") && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be an age recipient", "age-keygen prints one: \"age1…\""))
}

fn keep(field: &Field<'_>) -> Option<Keep> {
    let table = field.table()?;
    let count = |key, least, otherwise| table.take(key).and_then(|field| field.whole(least, MOST)).map_or(otherwise, u32::from);
    let Keep { last, daily, weekly, monthly, proved } = Keep::default();
    Some(Keep {
        last: count("last", 1, last),
        daily: count("daily", 0, daily),
        weekly: count("weekly", 0, weekly),
        monthly: count("monthly", 0, monthly),
        proved: count("proved", 1, proved),
    })
}
