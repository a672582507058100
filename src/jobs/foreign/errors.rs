//! Why a restore failed, told from the words of `psql` and `pg_restore`; which of them are no fault at all, and which are not the
//! backup's.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::jobs::postgres::client;

/// What a restore's errors mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// There were none, or only such as every restore of this kind has.
    Fine,
    /// The backup is bad, and why.
    Bad(String),
    /// Where it was restored lacks something: nothing is said of the backup.
    Elsewhere(String),
}

/// Words that accuse the place of the restore, and what they mean.
const ELSEWHERE: &[(&str, &str)] = &[
    ("No space left on device", "no room was left for the scratch server"),
    ("could not extend file", "no room was left for the scratch server"),
    ("extension control file", "an extension is not installed where it was restored: prove it in the service's own image"),
    ("could not access file \"$libdir", "a library is not installed where it was restored: prove it in the service's own image"),
    ("invalid locale name", "a locale is not installed where it was restored: prove it in the service's own image"),
    ("invalid LC_COLLATE", "a locale is not installed where it was restored: prove it in the service's own image"),
    ("database locale is incompatible", "a locale is not installed where it was restored: prove it in the service's own image"),
    ("server closed the connection unexpectedly", "the scratch server fell, for want of memory perhaps"),
    ("because of crash of another server process", "the scratch server fell, for want of memory perhaps"),
    ("ERROR:  out of memory", "the scratch server had no memory"),
    ("error: out of memory", "no memory was left where it was restored"),
    ("unsupported version", "it was written by a pg_dump that is newer than the tools: install newer ones"),
];
/// Words of `pg_restore` about an archive that ends too soon.
const CUT: &[&str] = &[
    "unexpected end of file",
    "could not read from input file: end of file",
    "could not read from input file",
    "found unexpected block ID",
    "could not find block ID",
    "could not uncompress data",
    "corrupt tar header",
    "could not read",
    "did not find magic string",
    "input file is too short",
    "input file does not appear to be a valid",
    "incomplete tar header",
    "missing data for column",
];

/// One error, with the statement that it is of.
#[derive(Debug)]
struct Complaint<'a> {
    words: &'a str,
    statement: &'a str,
}

/// Judges what was written to a standard error, with whether the program succeeded.
pub fn judge(stderr: &str, succeeded: bool) -> Meaning {
    if let Some((_, meaning)) = ELSEWHERE.iter().find(|(words, _)| stderr.contains(words)) {
        return Meaning::Elsewhere(format!("{meaning}: {}", line_with(stderr, ELSEWHERE.iter().map(|(words, _)| *words))));
    }
    let complaints = complaints(stderr);
    let real: Vec<&Complaint<'_>> = complaints.iter().filter(|complaint| !is_usual(complaint)).collect();
    let roles = missing_roles(&real);
    if CUT.iter().any(|words| stderr.contains(words)) {
        let said = line_with(stderr, CUT.iter().copied());
        return Meaning::Bad(format!("the archive is cut or damaged: {said}"));
    }
    if !roles.is_empty() {
        let names: Vec<&str> = roles.into_iter().collect();
        return Meaning::Bad(format!(
            "it needs roles that are neither in it nor in a file of roles beside it: {}; pg_dumpall --globals-only saves them",
            names.join(", ")
        ));
    }
    match real.first() {
        Some(first) => Meaning::Bad(format!("it does not restore: {}", client::words(first.words))),
        None if succeeded || !complaints.is_empty() => Meaning::Fine,
        None => Meaning::Bad(format!("it does not restore: {}", client::words(stderr))),
    }
}

fn line_with<'a>(stderr: &str, mut words: impl Iterator<Item = &'a str>) -> String {
    let line = words.find_map(|words| stderr.lines().find(|line| line.contains(words)));
    client::words(line.unwrap_or(stderr))
}

/// Each `ERROR:`, with what follows as `STATEMENT:` (`psql`) or `Command was:` (`pg_restore`).
fn complaints(stderr: &str) -> Vec<Complaint<'_>> {
    let starts: Vec<usize> = stderr.match_indices("ERROR:").map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([stderr.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| &stderr[*start..end]);
    let each = parts.map(|part| {
        let words = part.lines().next().unwrap_or(part);
        let statement = ["STATEMENT:", "Command was:"].iter().find_map(|mark| part.split_once(mark));
        Complaint { words, statement: statement.map_or("", |(_, statement)| statement.trim()) }
    });
    each.collect()
}

/// What a restore into an empty server always says of a dump that removes first (`--clean`), or that brings the roles.
fn is_usual(complaint: &Complaint<'_>) -> bool {
    let statement = complaint.statement.to_ascii_uppercase();
    let removes = statement.starts_with("DROP ") || statement.starts_with("ALTER ") && statement.contains(" DROP ");
    let is_role = ["CREATE ROLE ", "CREATE USER "].iter().any(|start| statement.starts_with(start));
    let makes = is_role || statement.starts_with("CREATE DATABASE ") || statement.starts_with("CREATE SCHEMA PUBLIC");
    // A setting that only a newer server knows: psql goes on without it.
    let is_newer = statement.starts_with("SET ") && complaint.words.contains("unrecognized configuration parameter");
    is_newer
        || removes && ["does not exist", "cannot be dropped", "cannot drop"].iter().any(|words| complaint.words.contains(words))
        || makes && complaint.words.contains("already exists")
}

fn missing_roles<'a>(complaints: &[&Complaint<'a>]) -> BTreeSet<&'a str> {
    static ROLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"role "([^"]+)" does not exist"#).ok());
    let name = |words: &'a str| Some(ROLE.as_ref()?.captures(words)?.get(1)?.as_str());
    complaints.iter().filter_map(|complaint| name(complaint.words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dump_that_removes_first_says_to_an_empty_server_is_fine() {
        let said = "psql:<stdin>:24: ERROR:  relation \"public.orders\" does not exist\n\
            psql:<stdin>:24: STATEMENT:  ALTER TABLE ONLY public.orders DROP CONSTRAINT orders_pkey;\n\
            psql:<stdin>:25: ERROR:  table \"orders\" does not exist\npsql:<stdin>:25: STATEMENT:  DROP TABLE public.orders;\n\
            ERROR:  unrecognized configuration parameter \"transaction_timeout\"\nSTATEMENT:  SET transaction_timeout = 0;\n\
            ERROR:  role \"app\" already exists\nSTATEMENT:  CREATE ROLE app;\n";
        assert_eq!(judge(said, true), Meaning::Fine);
        assert_eq!(judge("", true), Meaning::Fine);
    }

    #[test]
    fn missing_roles_are_named_once_each() {
        let said = "ERROR:  role \"app\" does not exist\nSTATEMENT:  ALTER TABLE public.a OWNER TO app;\n\
            pg_restore: error: could not execute query: ERROR:  role \"web\" does not exist\n\
            Command was: GRANT SELECT ON TABLE public.a TO web;\nERROR:  role \"app\" does not exist\n";
        let Meaning::Bad(why) = judge(said, true) else { panic!("it is bad") };
        assert!(why.contains(": app, web;"), "{why}");
    }

    #[test]
    fn a_cut_archive_is_called_cut() {
        for said in [
            "pg_restore: error: could not read from input file: end of file\n",
            "pg_restore: error: unexpected end of file\n",
            "pg_restore: error: could not uncompress data: (null)\n",
        ] {
            assert!(matches!(judge(said, false), Meaning::Bad(why) if why.contains("cut")), "{said}");
        }
    }

    #[test]
    fn what_the_place_lacks_is_not_the_backup_s_fault() {
        for said in [
            "ERROR:  could not open extension control file \"/usr/share/postgis.control\": No such file or directory\n",
            "pg_restore: error: unsupported version (1.16) in file header\n",
            "ERROR:  could not extend file \"base/5/123\": No space left on device\n",
            "psql:<stdin>:9: error: server closed the connection unexpectedly\n",
        ] {
            assert!(matches!(judge(said, false), Meaning::Elsewhere(_)), "{said}");
        }
    }

    #[test]
    fn an_error_that_is_not_known_is_told_as_it_is_and_silence_is_no_success() {
        let said = "psql:<stdin>:9: ERROR:  syntax error at or near \"pg_dump\"\nSTATEMENT:  pg_dump: warning: circular\n";
        assert!(matches!(judge(said, true), Meaning::Bad(why) if why.contains("syntax error")));
        assert!(matches!(judge("", false), Meaning::Bad(_)));
    }
}
