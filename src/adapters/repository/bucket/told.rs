//! What an S3 server's errors mean, in few words. They name requests and never what signs them.

use object_store::Error;

use crate::domain::failure::{Failure, FailureKind};

/// The longest that is repeated of what a server says.
const LONGEST: usize = 300;

/// What went wrong at a place, and what mends it.
pub fn failure(place: &str, error: &Error) -> Failure {
    let text = causes(error);
    let code = tag(&text, "Code").unwrap_or_default();
    let said = match tag(&text, "Message") {
        Some(message) => format!("{code}: {message}"),
        None if !code.is_empty() => code.to_owned(),
        None => last(error),
    };
    let said: String = said.chars().take(LONGEST).collect();
    let (kind, mend) = meaning(error, code);
    let failure = Failure::new(kind, format!("{place}: {said}"));
    mend.map_or(failure.clone(), |mend| failure.mend(mend))
}

fn meaning(error: &Error, code: &str) -> (FailureKind, Option<&'static str>) {
    const KEYS: &str = "see access_key, secret_key and what the server allows them: list, read, write and delete in this bucket";
    match (code, error) {
        ("NoSuchBucket", _) => (FailureKind::Config, Some("create the bucket, or correct its name")),
        ("InsufficientStorage" | "QuotaExceeded" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded", _) => {
            (FailureKind::Full, Some("make room there, or prune what is old: midwatch prune"))
        }
        ("RequestTimeTooSkewed", _) => (FailureKind::Denied, Some("set this host's clock")),
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AccessDenied", _)
        | (_, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => (FailureKind::Denied, Some(KEYS)),
        (_, Error::NotFound { .. }) => (FailureKind::Damaged, None),
        _ => (FailureKind::Unavailable, None),
    }
}

/// Every cause, one after the other.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        text.push('\n');
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

/// The first cause that is told and the deepest: the request, and why it failed.
fn last(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let deepest = cause.to_string();
    let first = error.to_string();
    if first.contains(&deepest) { first } else { format!("{first}: {deepest}") }
}

/// What stands in the first element of a name.
fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Error {
        Error::Generic { store: "S3", source: body.to_owned().into() }
    }

    #[test]
    fn a_servers_error_is_told_in_its_own_words_and_no_more() {
        let body =
            "403: <Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message><StringToSign>AKIA</StringToSign></Error>";
        let failure = failure("s3://b/k", &refused(body));
        assert_eq!((failure.kind, failure.what.as_str()), (FailureKind::Denied, "s3://b/k: SignatureDoesNotMatch: no match"));
        assert!(failure.mend.is_some_and(|mend| mend.contains("access_key")));
    }

    #[test]
    fn a_servers_error_means_something() {
        let kind = |code: &str| failure("p", &refused(&format!("<Code>{code}</Code><Message>m</Message>"))).kind;
        assert_eq!(kind("NoSuchBucket"), FailureKind::Config);
        assert_eq!(kind("XMinioStorageFull"), FailureKind::Full);
        assert_eq!(kind("SlowDown"), FailureKind::Unavailable);
    }
}
