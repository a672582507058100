//! Response times: `[response]`.

use std::time::Duration;

use crate::config::reader::{Complaint, Field, Table};
use crate::config::value;
use crate::domain::response::Response;

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// Reads them; what is not set keeps its default.
pub fn response(field: &Field<'_>) -> Option<Response> {
    let table = field.table()?;
    let default = Response::default();
    Some(Response {
        emergency: time(&table, "p0", None).unwrap_or(default.emergency),
        critical: time(&table, "critical", Some("p1")).unwrap_or(default.critical),
        warning: time(&table, "warning", Some("p2")).unwrap_or(default.warning),
        info: time(&table, "info", Some("p3")).unwrap_or(default.info),
    })
}

/// Some teams say `critical`, some say P1: both are the same rung, which is set once.
fn time(table: &Table<'_>, key: &'static str, other: Option<&'static str>) -> Option<Duration> {
    let read = |key| table.take(key).map(|field| (field.parse(duration), field));
    match (read(key), other.and_then(read)) {
        (Some(_), Some((_, second))) => {
            second.misplaced(format!("{key} under another name"), format!("{key} and {} are one severity", other.unwrap_or(key)));
            None
        }
        (first, second) => first.or(second).and_then(|(time, _)| time),
    }
}

fn duration(text: &str) -> Result<Duration, Complaint> {
    value::duration(text, SHORTEST, LONGEST)
}
