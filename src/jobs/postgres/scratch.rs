//! A scratch server: a PostgreSQL that lives for one proof, in a private folder of a bench. It listens on a socket in that folder
//! only, writes no archive, follows nobody, and inherits no setting of the server whose backup it proves.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::postgres::client;
use crate::jobs::postgres::session::Session;
use crate::ports::tools::{Bench, Ended, Run, Running};

/// The superuser of a scratch server that we made: no backup has a role of this name.
pub const OWNER: &str = "midwatch_scratch";
/// The port, which only names the socket.
const PORT: &str = "5432";
/// The longest path that a socket may have.
const SOCKET: usize = 107;
/// The signals by which others end a server: hangup, interrupt, quit, kill, termination.
const OUTSIDE: [i32; 5] = [1, 2, 3, 9, 15];
/// How long the server takes between two looks whether it answers.
const LOOK: Duration = Duration::from_millis(50);
/// Settings that servers before 12 have elsewhere, in a file that is removed.
const SINCE_12: &[&str] = &["restore_command=", "primary_conninfo=", "primary_slot_name="];
/// What makes restoring fast where nothing must outlive a crash, and what keeps the server to itself.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
    "shared_buffers=256MB",
    "maintenance_work_mem=256MB",
    "max_wal_senders=0",
    "max_connections=40",
    "max_locks_per_transaction=512",
    "max_prepared_transactions=64",
    "archive_mode=off",
    "shared_preload_libraries=",
    "session_preload_libraries=",
    "local_preload_libraries=",
    "logging_collector=off",
    "log_destination=stderr",
    "ssl=off",
    "hot_standby=off",
];

/// A folder in which a scratch server can be made, and the major version that it must have.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where.
    pub bench: &'a dyn Bench,
    /// Of the server that was backed up.
    pub major: Option<u16>,
}

/// A server that answers.
pub struct Scratch<'a> {
    place: &'a Place<'a>,
    /// Kept until it is stopped; in a lock only because a running program cannot be shared.
    running: Mutex<Box<dyn Running>>,
    /// A superuser who can log in.
    pub user: String,
}

impl Place<'_> {
    /// A path in the folder, as programs see it.
    pub fn path(&self, name: &str) -> String {
        self.bench.folder().join(name).display().to_string()
    }

    /// The server's data directory.
    pub fn data(&self) -> String {
        self.path("data")
    }

    /// Starts a program beside the server.
    pub async fn start(&self, run: Run) -> Result<Box<dyn Running>, Failure> {
        self.bench.start(&Run { major: self.major, ..run }).await
    }

    /// Runs a program to its end, and returns what it printed.
    pub async fn run<A: Into<String>>(&self, program: &str, args: impl IntoIterator<Item = A>) -> Result<String, Failure> {
        client::output(self.start(Run::new(program, args)).await?, program).await
    }

    /// Makes an empty cluster.
    pub async fn init(&self) -> Result<(), Failure> {
        let data = self.data();
        let args = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username", OWNER, "-D", &data];
        self.run("initdb", args).await.map(drop)
    }

    /// Starts a server on the data directory, with `more` settings, and waits until it answers to one of these superusers. A
    /// server that ends instead says why.
    pub async fn serve(&self, more: &[&str], users: &[String]) -> Result<Scratch<'_>, Failure> {
        let socket = self.path(&format!(".s.PGSQL.{PORT}"));
        if socket.len() > SOCKET {
            let what = format!("the path of a scratch server's socket would be too long: {socket}");
            return Err(Failure::new(FailureKind::Config, what).mend("name a shorter folder for scratch servers"));
        }
        let mut args = vec!["-D".to_owned(), self.data(), "-p".to_owned(), PORT.to_owned()];
        let folder = format!("unix_socket_directories={}", self.bench.folder().display());
        let newer = if self.major.is_none_or(|major| major >= 12) { SINCE_12 } else { &[] };
        for setting in SETTINGS.iter().chain(newer).chain(more).copied().chain([folder.as_str()]) {
            args.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let mut running = self.start(Run::new("postgres", args)).await?;
        let user = tokio::select! {
            ended = running.ended() => return Err(not_up(&ended?)),
            user = self.answers(users) => user?,
        };
        Ok(Scratch { place: self, running: Mutex::new(running), user })
    }

    /// Waits until the server answers to a superuser, and says to which.
    async fn answers(&self, users: &[String]) -> Result<String, Failure> {
        loop {
            let mut refused = 0;
            for user in users {
                match self.session("template1", user).await {
                    Ok(session) => return session.close().await.map(|()| user.clone()),
                    Err(failure) if failure.what.contains("role ") || failure.what.contains("not permitted to log in") => {
                        refused += 1;
                    }
                    Err(failure) if failure.kind == FailureKind::Tool => return Err(failure),
                    Err(_) => break,
                }
            }
            if refused == users.len() {
                let what = format!("none of its superusers can log in: {}", users.join(", "));
                return Err(Failure::new(FailureKind::Refused, what));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn session(&self, database: &str, user: &str) -> Result<Session, Failure> {
        Session::begin(self.start(self.connected(Session::run(database), user)).await?).await
    }

    fn connected(&self, mut run: Run, user: &str) -> Run {
        let folder = self.bench.folder().display().to_string();
        for (name, value) in [("PGHOST", folder.as_str()), ("PGPORT", PORT), ("PGUSER", user)] {
            run.env.push((name.to_owned(), value.to_owned()));
        }
        run
    }
}

impl Scratch<'_> {
    /// A session with one of its databases.
    pub async fn session(&self, database: &str) -> Result<Session, Failure> {
        self.place.session(database, &self.user).await
    }

    /// Starts a program that connects to it.
    pub async fn start(&self, database: &str, run: Run) -> Result<Box<dyn Running>, Failure> {
        self.place.start(self.place.connected(client::within(run, database), &self.user)).await
    }

    /// Runs a program that connects to it, and returns what it printed.
    pub async fn run(&self, database: &str, run: Run) -> Result<String, Failure> {
        client::output(self.start(database, run.clone()).await?, &run.program).await
    }

    /// Ends it. Nothing of it is needed any more.
    pub async fn stop(self) -> Result<(), Failure> {
        let data = self.place.data();
        self.place.run("pg_ctl", ["stop", "-s", "-m", "immediate", "-w", "-D", &data]).await?;
        self.running.into_inner().unwrap_or_else(PoisonError::into_inner).ended().await.map(drop)
    }
}

/// Why a server did not come up: the line that says so, rather than the last one. One that was ended by a signal from outside, or
/// for want of memory, says nothing of its data.
fn not_up(ended: &Ended) -> Failure {
    let log = &ended.stderr;
    let fatal = log.lines().rev().find(|line| ["PANIC:", "FATAL:"].iter().any(|word| line.contains(word)));
    let said = fatal.map_or_else(|| client::words(log), client::words);
    let is_ended = ended.status.signal().is_some_and(|signal| OUTSIDE.contains(&signal));
    let kind = match log {
        log if log.contains("No space left") => FailureKind::Full,
        log if is_ended || client::fell(log) => FailureKind::Unavailable,
        _ => FailureKind::Damaged,
    };
    let how = if ended.status.code().is_none() { format!(" ({})", ended.status) } else { String::new() };
    Failure::new(kind, format!("the scratch server did not start{how}: {said}"))
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;

    fn ended(raw: i32, log: &str) -> Ended {
        Ended { status: ExitStatus::from_raw(raw), stderr: log.to_owned() }
    }

    #[test]
    fn rule_15_a_server_that_its_host_ends_or_starves_says_nothing_of_its_data() {
        let log = "LOG:  starting\nLOG:  redo starts at 0/2000028\n";
        assert_eq!(not_up(&ended(9, log)).kind, FailureKind::Unavailable);
        assert_eq!(not_up(&ended(6, log)).kind, FailureKind::Damaged, "it fell by itself");
        for said in [
            "LOG:  startup process (PID 7) was terminated by signal 9: Killed\nLOG:  aborting startup due to startup process failure\n",
            "FATAL:  could not map anonymous shared memory: Cannot allocate memory\n",
        ] {
            assert_eq!(not_up(&ended(256, said)).kind, FailureKind::Unavailable, "{said}");
        }
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let log = "LOG:  starting\nFATAL:  could not locate required checkpoint record\nHINT:  If you are\nLOG:  shut down\n";
        let failure = not_up(&ended(256, log));
        assert_eq!(failure.kind, FailureKind::Damaged);
        assert!(failure.what.ends_with("could not locate required checkpoint record"), "{failure}");
    }
}
