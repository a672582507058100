//! SQL of `pg_dump` or `pg_dumpall` as it passes by: whether it has the end it must have, and where it stops where it has not.
//!
//! Each dump begins and ends with a comment that names it. That is the only sign of a dump whose `pg_dump` died behind a pipe:
//! what was written until then is well-formed, restores without an error, and lacks the rest.

/// The longest line that is kept to be looked at. Rows may be longer; nothing is looked for in them.
const LINE: usize = 64 << 10;

/// Reads a script that passes by.
#[derive(Clone, Debug, Default)]
pub struct Script {
    line: Vec<u8>,
    /// More of the line passed than was kept.
    is_long: bool,
    /// The dumps that have begun and not ended, the innermost last.
    open: Vec<Part>,
    /// Whether any dump has begun.
    is_dump: bool,
    /// The table whose rows pass by, and how many have.
    copying: Option<(String, u64)>,
    told: Told,
}

/// What a script said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The server's version.
    pub server: Option<String>,
    /// `pg_dump`'s version.
    pub dumper: Option<String>,
    /// The databases it connects to.
    pub databases: Vec<String>,
    /// How many dumps of a database it holds; none where it holds roles only.
    pub dumps: usize,
    /// Whether it begins with the roles.
    pub has_roles: bool,
    /// How many tables it makes.
    pub tables: u64,
    /// How many rows it copies.
    pub rows: u64,
    /// A line that would reach beyond the server it is restored into: a command of psql's own, a program, a tablespace.
    pub reaches_out: Option<String>,
    /// Its first line that is no comment and not empty.
    pub first: Option<String>,
    /// Its last line.
    pub last: String,
}

/// A dump, by the comments around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Database,
    Cluster,
}

impl Part {
    fn of(line: &str) -> Option<(Self, bool)> {
        match line {
            "-- PostgreSQL database dump" => Some((Self::Database, true)),
            "-- PostgreSQL database dump complete" => Some((Self::Database, false)),
            "-- PostgreSQL database cluster dump" => Some((Self::Cluster, true)),
            "-- PostgreSQL database cluster dump complete" => Some((Self::Cluster, false)),
            _ => None,
        }
    }
}

impl Script {
    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut lines = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = lines.next() {
            let room = LINE.saturating_sub(self.line.len());
            self.is_long |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            if lines.peek().is_some() {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let is_long = std::mem::take(&mut self.is_long);
        if let Some((_, rows)) = &mut self.copying {
            if bytes == b"\\." || bytes == b"\\.\r" {
                self.told.rows += *rows;
                self.copying = None;
            } else {
                *rows += 1;
            }
        } else if !is_long {
            self.statement(String::from_utf8_lossy(&bytes).trim_end());
        }
    }

    fn statement(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        line.clone_into(&mut self.told.last);
        if let Some((part, begins)) = Part::of(line) {
            self.mark(part, begins);
        } else if let Some(version) = line.strip_prefix("-- Dumped from database version ") {
            self.told.server = version.split_whitespace().next().map(str::to_owned);
        } else if let Some(version) = line.strip_prefix("-- Dumped by pg_dump version ") {
            self.told.dumper = version.split_whitespace().next().map(str::to_owned);
        } else if !line.starts_with("--") {
            self.told.first.get_or_insert_with(|| line.to_owned());
            self.command(line);
        }
    }

    fn mark(&mut self, part: Part, begins: bool) {
        match (part, begins) {
            (_, false) => {
                let at = self.open.iter().rposition(|open| *open == part);
                self.open.truncate(at.unwrap_or(self.open.len()));
                return;
            }
            (Part::Database, true) => self.told.dumps += 1,
            (Part::Cluster, true) => self.told.has_roles = true,
        }
        self.is_dump = true;
        self.open.push(part);
    }

    fn command(&mut self, line: &str) {
        if line.starts_with("CREATE TABLE ") || line.starts_with("CREATE UNLOGGED TABLE ") {
            self.told.tables += 1;
        } else if line.starts_with("INSERT INTO ") {
            self.told.rows += 1;
        } else if let Some(table) = line.strip_prefix("COPY ").filter(|_| line.ends_with(" FROM stdin;")) {
            let name = table.split(" (").next().unwrap_or(table);
            self.copying = Some((name.to_owned(), 0));
        } else if let Some(database) = line.strip_prefix("\\connect ") {
            self.told.databases.extend(connected(database));
        } else if reaches_out(line) {
            self.told.reaches_out.get_or_insert_with(|| shortened(line));
        }
    }

    /// What it said, and why it is not whole, where it is not.
    pub fn end(mut self) -> (Told, Result<(), String>) {
        if !self.line.is_empty() {
            // The end of a whole dump is a line of its own.
            let is_data = self.copying.is_some();
            self.end_line();
            if is_data && let Some((_, rows)) = &mut self.copying {
                *rows -= 1;
            }
        }
        let whole = self.whole();
        (self.told, whole)
    }

    fn whole(&self) -> Result<(), String> {
        let last = shortened(&self.told.last);
        match (&self.copying, self.open.last()) {
            _ if !self.is_dump => Err(match &self.told.first {
                None => "it is empty: the program before the pipe wrote nothing".to_owned(),
                Some(first) if first.contains("pg_dump") && first.contains("error") => {
                    format!("it holds an error instead of a dump: {}", shortened(first))
                }
                Some(first) => format!("pg_dump did not write this: it begins with {:?}", shortened(first)),
            }),
            (Some((table, rows)), _) => Err(format!(
                "it ends in the middle of the rows of {table}, after {rows}: pg_dump died or was cut off, and the pipe hid it"
            )),
            (None, Some(_)) => Err(format!(
                "it lacks the line \"dump complete\" that pg_dump ends with: pg_dump died or was cut off after {last:?}"
            )),
            (None, None) => Ok(()),
        }
    }
}

fn shortened(line: &str) -> String {
    let mut short: String = line.chars().take(80).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// What no dump holds but one that makes tablespaces, whose places may be those of a live server.
fn reaches_out(line: &str) -> bool {
    let is_known = ["\\restrict ", "\\unrestrict ", "\\encoding "].iter().any(|command| line.starts_with(command));
    line.starts_with('\\') && !is_known
        || line.starts_with("CREATE TABLESPACE ")
        || line.starts_with("COPY ") && line.contains(" PROGRAM ")
}

/// The database of a `\connect`: a name, a quoted name, or `-reuse-previous=on "dbname='a b'"`.
fn connected(words: &str) -> Option<String> {
    let words = words.strip_prefix("-reuse-previous=on ").unwrap_or(words).trim();
    let words = words.trim_matches('"');
    let name = words.strip_prefix("dbname='").map_or(words, |name| name.trim_end_matches('\''));
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n\
        -- Dumped from database version 15.14 (Debian 15.14-0+deb12u1)\n-- Dumped by pg_dump version 15.14\n\n\
        SET statement_timeout = 0;\nCREATE TABLE public.orders (\n    id integer\n);\n\n\
        COPY public.orders (id, note) FROM stdin;\n1\tx\n2\t-- PostgreSQL database dump complete\n\\.\n\n\
        ALTER TABLE ONLY public.orders ADD PRIMARY KEY (id);\n\n\
        --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

    fn judge(text: &str, piece: usize) -> (Told, Result<(), String>) {
        let mut script = Script::default();
        text.as_bytes().chunks(piece).for_each(|chunk| script.feed(chunk));
        script.end()
    }

    #[test]
    fn a_whole_dump_is_whole_however_it_arrives() {
        for piece in [1, 3, 7, 64, 4096] {
            let (told, whole) = judge(DUMP, piece);
            assert_eq!(whole, Ok(()));
            assert_eq!((told.tables, told.rows, told.dumps), (1, 2, 1));
            assert_eq!(told.server.as_deref(), Some("15.14"));
        }
    }

    #[test]
    fn a_dump_that_is_cut_anywhere_before_its_trailer_is_not_whole() {
        let trailer = "-- PostgreSQL database dump complete";
        let end = DUMP.rfind(trailer).unwrap_or_default() + trailer.len();
        for at in 0..DUMP.len() {
            let (_, whole) = judge(&DUMP[..at], 64);
            assert_eq!(whole.is_ok(), at >= end, "cut at {at}: {whole:?}");
        }
        let (_, cut) = judge(&DUMP[..DUMP.find("2\t--").unwrap_or_default()], 64);
        assert!(cut.is_err_and(|why| why.contains("rows of public.orders, after 1")));
        let (_, cut) = judge(&DUMP[..DUMP.find("ALTER").unwrap_or_default()], 64);
        assert!(cut.is_err_and(|why| why.contains("dump complete")), "a cut between two statements is no whole dump");
    }

    #[test]
    fn a_cluster_s_dump_needs_the_cluster_s_end() {
        let cluster = "-- PostgreSQL database cluster dump\nCREATE ROLE app;\n-- PostgreSQL database cluster dump complete\n";
        let (told, whole) = judge(cluster, 64);
        assert_eq!((whole, told.dumps, told.has_roles), (Ok(()), 0, true));
        let all = format!(
            "-- PostgreSQL database cluster dump\n\\connect template1\n{DUMP}\\connect shop\n{DUMP}\
             -- PostgreSQL database cluster dump complete\n"
        );
        let (told, whole) = judge(&all, 64);
        assert_eq!((whole, told.dumps), (Ok(()), 2));
        assert_eq!(told.databases, ["template1", "shop"]);
        let killed = all.replace("-- PostgreSQL database cluster dump complete\n", "");
        assert!(judge(&killed, 64).1.is_err(), "pg_dumpall died between two databases");
        assert_eq!(judge(&format!("{cluster}{DUMP}"), 64).1, Ok(()), "roles and a dump, one after the other");
    }

    #[test]
    fn what_is_no_dump_says_what_it_is() {
        assert!(judge("", 64).1.is_err_and(|why| why.contains("empty")));
        let error = "pg_dump: error: connection to server at \"db\" failed\n";
        assert!(judge(error, 64).1.is_err_and(|why| why.contains("an error instead of a dump")));
        assert!(judge("<html>", 64).1.is_err_and(|why| why.contains("pg_dump did not write this")));
    }

    #[test]
    fn rule_16_what_reaches_beyond_a_scratch_server_is_noticed() {
        for line in ["\\! rm -rf x", "CREATE TABLESPACE fast LOCATION '/ssd';", "COPY t FROM PROGRAM 'curl x';", "\\i /etc/x"] {
            let (told, _) = judge(&DUMP.replace("SET statement_timeout = 0;", line), 64);
            assert_eq!(told.reaches_out.as_deref(), Some(line));
        }
        assert_eq!(judge(DUMP, 64).0.reaches_out, None);
    }

    #[test]
    fn databases_are_named_however_they_are_connected_to() {
        assert_eq!(connected("shop").as_deref(), Some("shop"));
        assert_eq!(connected("\"Shop\"").as_deref(), Some("Shop"));
        assert_eq!(connected("-reuse-previous=on \"dbname='a b'\"").as_deref(), Some("a b"));
    }
}
