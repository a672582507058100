//! What `process.sh look` tells: PID files, and the processes of a host.

use std::collections::HashSet;

use crate::adapters::process::{self, Process, Seen};
use crate::domain::control::{Sighting, Usage};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;

/// Clock ticks in a second, as Linux shows them to every program.
const TICKS: u64 = 100;
/// How much younger than its PID file's last change a process may be, in seconds: the file is written once it runs.
const SLACK: i64 = 5;

/// A host's processes at one moment.
#[derive(Debug)]
pub struct Table {
    /// The host's own name.
    pub host: String,
    /// The PID files that there are; a single one also where it is missing.
    pub files: Vec<PidFile>,
    known: Vec<Sighting>,
    page: u64,
    /// When it was booted, in seconds since the epoch.
    boot: i64,
    rows: Vec<Row>,
}

/// One instance as it was found.
pub struct Known {
    /// Of several.
    pub number: Option<u16>,
    /// Its name.
    pub name: String,
    /// What names its process.
    pub file: PidFile,
}

/// A PID file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PidFile {
    /// As it was asked for.
    pub path: String,
    /// Without links.
    pub real: String,
    /// When it was written, in seconds since the epoch; none where it is missing.
    written: Option<i64>,
    /// What its first line says.
    number: String,
    /// Whether that process works in the folder of the file, as PostgreSQL does.
    at_home: bool,
}

/// One process.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which, and what it is doing.
    pub seen: Seen,
    /// Its name, cut by the kernel to 15 bytes: from outside.
    pub name: String,
    ticks: u64,
    pages: u64,
}

/// What stands behind a PID file.
#[derive(Debug)]
pub enum Found<'a> {
    /// Its process.
    Living(&'a Row),
    /// No process, and why.
    Gone(Option<String>),
    /// It may not be read.
    Hidden,
}

impl Table {
    /// Reads what was told.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let mut table = Self { host: String::new(), files: Vec::new(), known: Vec::new(), page: 4096, boot: 0, rows: Vec::new() };
        for line in text.lines() {
            match line.split_once([' ', '\t']) {
                Some(("host", name)) => name.clone_into(&mut table.host),
                Some(("page", bytes)) => table.page = bytes.parse().unwrap_or(4096),
                Some(("boot", seconds)) => table.boot = seconds.parse().unwrap_or_default(),
                Some(("file", rest)) => table.files.extend(file(rest)),
                _ => table.rows.extend(row(line)),
            }
        }
        let blind = table.host.is_empty() || table.rows.is_empty();
        let why = || Failure::new(FailureKind::Unavailable, "the host does not tell of its processes: /proc is not there");
        if blind { Err(why()) } else { Ok(table) }
    }

    /// The same, with the processes that were known by heart to be what their PID files name.
    #[must_use]
    pub fn knowing(self, known: &[Sighting]) -> Self {
        Self { known: known.to_vec(), ..self }
    }

    /// What stands behind a PID file. A process that is younger than the file has only inherited the number. But where the clock was
    /// set forward since, every process seems younger than its file: one that works in the file's folder is the one that wrote it, and
    /// one that was known by heart before is still the same.
    pub fn found(&self, file: &PidFile) -> Found<'_> {
        let Some(written) = file.written else {
            return if file.number == "?" { Found::Hidden } else { Found::Gone(None) };
        };
        let Ok(pid) = file.number.parse::<u32>() else {
            return Found::Gone(Some(format!("{} holds no process number", file.path)));
        };
        let Some(row) = self.rows.iter().find(|row| row.seen.process.pid == pid && row.seen.living()) else {
            return Found::Gone(Some(format!("process {pid} of {} is gone", file.path)));
        };
        let is_known = file.at_home || self.knows(row.seen.process);
        if !is_known && self.started(row.seen.process) > written + SLACK {
            let words = "is younger than that file: the number was given to another, or the clock was set since";
            return Found::Gone(Some(format!("process {pid} ({}) of {} {words}", row.name, file.path)));
        }
        Found::Living(row)
    }

    /// A process with all that belongs to it, itself first: its descendants, and what is left of its session.
    pub fn tree(&self, root: Process) -> Vec<&Row> {
        let is_leader = |row: &&Row| row.seen.process == root && row.seen.session == root.pid;
        let leads = self.rows.iter().any(|row| is_leader(&row));
        let mut known: HashSet<u32> = HashSet::from([root.pid]);
        loop {
            let belongs = |row: &&Row| known.contains(&row.seen.parent) || leads && row.seen.session == root.pid;
            let new: Vec<u32> =
                self.rows.iter().filter(belongs).map(|row| row.seen.process.pid).filter(|pid| !known.contains(pid)).collect();
            if new.is_empty() {
                break;
            }
            known.extend(new);
        }
        let mut tree: Vec<&Row> =
            self.rows.iter().filter(|row| known.contains(&row.seen.process.pid) && row.seen.living()).collect();
        tree.sort_by_key(|row| row.seen.process != root);
        tree
    }

    /// Those of these processes that still live.
    pub fn alive(&self, processes: &[Process]) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.seen.living() && processes.contains(&row.seen.process)).collect()
    }

    /// Those that were stopped before they had a program of their own, and whose parents, these, wait for that (`vfork`) and hear no
    /// signal meanwhile.
    pub fn awaited(&self, rows: &[(String, Row)]) -> Vec<Process> {
        let waits = |pid: u32| rows.iter().any(|(_, row)| row.seen.process.pid == pid && row.seen.state == 'D');
        self.rows.iter().filter(|row| row.seen.stopped() && waits(row.seen.parent)).map(|row| row.seen.process).collect()
    }

    /// When a process was started.
    pub fn since(&self, process: Process) -> Stamp {
        Stamp(self.boot * 1000 + (process.start * 1000 / TICKS) as i64)
    }

    /// What processes use together.
    pub fn usage(&self, rows: &[&Row]) -> Usage {
        let (ticks, pages) = rows.iter().fold((0, 0), |(ticks, pages), row| (ticks + row.ticks, pages + row.pages));
        Usage { cpu_seconds: ticks as f64 / TICKS as f64, memory_bytes: pages * self.page, memory_limit_bytes: None }
    }

    fn knows(&self, process: Process) -> bool {
        self.known.contains(&Sighting { pid: process.pid, start: process.start })
    }

    fn started(&self, process: Process) -> i64 {
        self.boot + (process.start / TICKS) as i64
    }
}

fn file(rest: &str) -> Option<PidFile> {
    let mut fields = rest.split('\t');
    let (path, real) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    let (written, number) = (fields.next()?.parse().ok(), fields.next()?.to_owned());
    let at_home = fields.next() == Some("home");
    Some(PidFile { path, real, written, number, at_home })
}

fn row(line: &str) -> Option<Row> {
    let (pid, rest) = line.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    let seen = process::parse(pid.parse().ok()?, line)?;
    Some(Row { seen, name: name.to_owned(), ticks: number(11) + number(12), pages: number(21) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn stat(pid: u32, parent: u32, session: u32, start: u64) -> String {
        format!("{pid} (a) b) S {parent} {pid} {session} 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 {start} 0 25 0\n")
    }

    /// Booted at second 1000; the file was written at second 1010.
    fn table(rows: &str, number: &str) -> Table {
        let head = format!("host db-1\npage 4096\nboot 1000\nfile\t/run/a.pid\t/run/a.pid\t1010\t{number}\n");
        Table::read(&format!("{head}{rows}")).unwrap()
    }

    #[test]
    fn a_number_that_was_given_to_another_process_is_not_the_service() {
        let old = table(&stat(7, 1, 7, 900), "7");
        assert!(matches!(old.found(&old.files[0]), Found::Living(row) if row.seen.process.pid == 7));
        let young = table(&stat(7, 1, 7, 9000), "7");
        let Found::Gone(Some(why)) = young.found(&young.files[0]) else { panic!("it was taken for the service") };
        assert!(why.contains("process 7 (a) b) of /run/a.pid is younger"), "{why}");
        assert!(matches!(young.found(&PidFile { number: "x".into(), ..young.files[0].clone() }), Found::Gone(Some(_))));
        assert!(matches!(young.found(&PidFile { number: "8".into(), ..young.files[0].clone() }), Found::Gone(Some(_))));
    }

    #[test]
    fn a_clock_that_was_set_forward_ends_no_process_that_works_in_the_folder_of_its_file() {
        let set = table(&stat(7, 1, 7, 9000), "7\thome");
        assert!(matches!(set.found(&set.files[0]), Found::Living(row) if row.seen.process.pid == 7));
    }

    #[test]
    fn a_clock_that_was_set_forward_ends_no_process_that_was_known_by_heart_and_makes_no_other_one_known() {
        for (start, is_it) in [(9000, true), (8999, false), (900, false)] {
            let known = [Sighting { pid: 7, start }, Sighting { pid: 8, start: 9000 }];
            let set = table(&stat(7, 1, 7, 9000), "7").knowing(&known);
            assert_eq!(matches!(set.found(&set.files[0]), Found::Living(_)), is_it, "{start}");
        }
    }

    #[test]
    fn children_belong_to_it_by_their_parents_or_by_its_session() {
        let rows =
            [stat(7, 1, 7, 900), stat(8, 7, 8, 901), stat(9, 8, 9, 902), stat(10, 1, 7, 903), stat(11, 1, 11, 904)].concat();
        let table = table(&rows, "7");
        let root = Process { pid: 7, start: 900 };
        let pids: Vec<u32> = table.tree(root).iter().map(|row| row.seen.process.pid).collect();
        assert_eq!(pids, [7, 8, 9, 10]);
        let usage = table.usage(&table.tree(root));
        assert_eq!((usage.cpu_seconds, usage.memory_bytes), (8.0, 4 * 25 * 4096));
        assert_eq!(table.since(root), Stamp(1_009_000));
    }

    #[test]
    fn a_host_that_tells_of_no_process_is_unknown() {
        assert!(Table::read("host a\n").is_err());
    }
}
