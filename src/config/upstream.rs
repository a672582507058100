//! An endpoint: `[environments.NAME.prometheus]` and each of `[[environments.NAME.alertmanagers]]`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::model::{Auth, ClientCertificate, Header, HeaderValue, Upstream};
use crate::config::reader::{Complaint, Field, Table};
use crate::config::value;
use crate::domain::secret::SecretRef;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Words in the names of headers whose values are secrets.
const SECRETIVE: [&str; 7] = ["auth", "token", "secret", "cookie", "password", "api-key", "apikey"];

/// Reads one endpoint.
pub fn upstream(field: &Field<'_>) -> Option<Upstream> {
    let table = field.table()?;
    let url = table.need("url", "\"http://prometheus:9090\"").and_then(|field| field.parse_hidden(value::url));
    let headers = table.take("headers").and_then(|field| field.table()).map(headers).unwrap_or_default();
    let auth = auth(&table);
    let ca = table.take("ca").and_then(|field| path(&field));
    let client = table.take("client").and_then(|field| client(&field));
    let timeout = table.take("timeout").and_then(|field| field.parse(timeout)).unwrap_or(TIMEOUT);
    Some(Upstream { url: url?, headers, auth, ca, client, timeout })
}

/// A path, relative to the file it is written in.
pub fn path(field: &Field<'_>) -> Option<PathBuf> {
    field.text().map(|text| field.folder().join(text))
}

/// A reference to a secret.
pub fn secret(field: &Field<'_>) -> Option<SecretRef> {
    field.parse_hidden(|text| value::secret(text, field.folder()))
}

fn timeout(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, Duration::from_secs(1), Duration::from_secs(120))
}

fn headers(table: Table<'_>) -> Vec<Header> {
    table.named().into_iter().filter_map(|(name, field)| header(name, &field)).collect()
}

fn header(name: &str, field: &Field<'_>) -> Option<Header> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)) {
        field.misplaced("this is no name of a header", "a header's name has letters, digits and dashes");
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let secretive = SECRETIVE.iter().any(|word| lower.contains(word));
    let value = field.parse_hidden(|text| header_value(text, secretive, field.folder()))?;
    Some(Header { name: name.to_owned(), value })
}

fn header_value(text: &str, secretive: bool, folder: &std::path::Path) -> Result<HeaderValue, Complaint> {
    if secretive || value::is_reference(text) {
        return value::secret(text, folder).map(HeaderValue::Secret);
    }
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return Err(Complaint::new("must be plain text", "a header's value has printable ASCII characters"));
    }
    Ok(HeaderValue::Text(text.to_owned()))
}

fn auth(table: &Table<'_>) -> Option<Auth> {
    let basic = table.take("basic");
    let bearer = table.take("bearer");
    if let (Some(_), Some(bearer)) = (&basic, &bearer) {
        bearer.misplaced("basic and bearer cannot both be set", "a request says who it is from in one way: remove one of them");
    }
    let basic = basic.and_then(|field| field.table()).and_then(|table| basic_auth(&table));
    let bearer = bearer.and_then(|field| secret(&field)).map(Auth::Bearer);
    basic.or(bearer)
}

fn basic_auth(table: &Table<'_>) -> Option<Auth> {
    let user = table.need("user", "\"midwatch\"").and_then(|field| field.text());
    let password = table.need("password", "\"file:/etc/midwatch/password\"").and_then(|field| secret(&field));
    Some(Auth::Basic { user: user?.to_owned(), password: password? })
}

fn client(field: &Field<'_>) -> Option<ClientCertificate> {
    let table = field.table()?;
    let certificate = table.need("certificate", "\"client.pem\"").and_then(|field| path(&field));
    let key = table.need("key", "\"client.key\"").and_then(|field| path(&field));
    Some(ClientCertificate { certificate: certificate?, key: key? })
}
