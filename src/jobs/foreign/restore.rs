//! Restores a foreign backup into a scratch server and looks at what is there. What is wrong with this host (no room, no program,
//! no extension) is a failure of ours and says nothing of the backup.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;

use crate::domain::backup::Check;
use crate::domain::backup::policy::Assertion;
use crate::domain::failure::{Failure, FailureKind};
use crate::jobs::foreign::errors::{self, Meaning};
use crate::jobs::foreign::find::Kind;
use crate::jobs::foreign::{pgbackrest, read};
use crate::jobs::postgres::scratch::{OWNER, Place, Scratch};
use crate::jobs::postgres::stream::{self, AsItIs, Meter};
use crate::jobs::postgres::{census, client};
use crate::jobs::redis;
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::ProveArgs;
use crate::ports::repository::Plain;
use crate::ports::tools::{Ended, Run, Running};
use crate::ports::trove::{Listed, Trove};

/// A foreign backup, as a manifest names it.
pub struct Subject {
    /// Where its files are.
    pub trove: Arc<dyn Trove>,
    /// What it is.
    pub kind: Kind,
    /// The folder of its files, as people call it.
    pub folder: String,
    /// Its files; several of a directory archive only.
    pub files: Vec<Listed>,
    /// The roles that lie beside it.
    pub roles: Option<Listed>,
    /// The major version of the tools that it needs, where it says.
    pub major: Option<u16>,
    /// The database that it is of, where it says.
    pub database: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// What was found, in order.
    pub checks: Vec<Check>,
    /// Until the data was whole.
    pub restore: Duration,
    /// The scratch server's version.
    pub server: String,
}

impl Restored {
    fn bad(mut self, why: String) -> Self {
        self.checks.push(Check::failed("restore", why));
        self
    }
}

fn folder(cx: &Cx<'_>) -> PathBuf {
    cx.world.scratch().join(format!("foreign-{}-{}", cx.job.0, cx.spec.id))
}

/// Loads an RDB.
pub async fn redis(cx: &Cx<'_>, args: &ProveArgs, subject: &Subject, flavour: &str) -> Result<Restored, Failure> {
    let bench = cx.world.tools(&args.access).bench(&folder(cx)).await?;
    let place = redis::scratch::Place { bench: &*bench, flavour };
    let mut found = Restored { server: place.version().await?, ..Restored::default() };
    let file = only(subject)?;
    match place.restore(read::open(subject.trove.clone(), file), cx.reporter).await? {
        Err(damage) => found = found.bad(damage.what),
        Ok(restored) => {
            found.restore = restored.loaded.took;
            found.checks.push(Check::passed("restore", format!("loaded by {flavour} {}", found.server)));
            found.checks.push(match restored.loaded.keys() {
                0 => Check::failed("content", "it loads, but holds no key: the server was empty when it was saved"),
                keys => Check::passed("content", format!("{keys} keys")),
            });
            for assertion in &args.policy.assertions {
                found.checks.push(redis::prove::asserted(&place, assertion).await?);
            }
        }
    }
    bench.clear().await?;
    Ok(found)
}

/// Restores what `pg_dump` wrote.
pub async fn postgres(cx: &Cx<'_>, args: &ProveArgs, subject: &Subject) -> Result<Restored, Failure> {
    let bench = cx.world.tools(&args.access).bench(&folder(cx)).await?;
    let meter = Meter::new(cx.reporter);
    meter.expect(subject.files.iter().map(|file| file.bytes).sum());
    let place = Place { bench: &*bench, major: subject.major };
    let trial = Trial { place, args, subject, meter };
    let found = trial.run().await?;
    bench.clear().await?;
    Ok(found)
}

struct Trial<'a> {
    place: Place<'a>,
    args: &'a ProveArgs,
    subject: &'a Subject,
    meter: Meter<'a>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

impl Trial<'_> {
    async fn run(&self) -> Result<Restored, Failure> {
        let began = Instant::now();
        self.meter.says("starting a scratch server");
        if self.subject.kind == Kind::Pgbackrest {
            return self.cluster(began).await;
        }
        self.place.init().await?;
        let scratch = self.place.serve(&["wal_level=minimal"], &[OWNER.to_owned()]).await?;
        let mut found = Restored { server: version(&scratch).await?, ..Restored::default() };
        let database = self.prepare(&scratch).await?;
        if let Some(roles) = &self.subject.roles {
            self.meter.says("restoring the roles beside it");
            if let Some(why) = accused(&self.script(&scratch, "postgres", roles).await?)? {
                return Ok(found.bad(format!("{}: {why}", self.subject.trove.told(&roles.path))));
            }
        }
        self.meter.says("restoring");
        let ended = match self.subject.kind {
            Kind::Script => self.script(&scratch, &database, only(self.subject)?).await?,
            _ => self.archive(&scratch, &database).await?,
        };
        if let Some(why) = accused(&ended)? {
            return Ok(found.bad(why));
        }
        found.restore = began.elapsed();
        self.look(scratch, found).await
    }

    /// A whole cluster, as `pgbackrest` restores it.
    async fn cluster(&self, began: Instant) -> Result<Restored, Failure> {
        let service = self.args.access.user.clone().filter(|user| user != "postgres");
        let users: Vec<String> = ["postgres".to_owned()].into_iter().chain(service).collect();
        let scratch = match pgbackrest::restore(&self.place, self.subject, &users).await? {
            Ok(scratch) => scratch,
            Err(why) => return Ok(Restored::default().bad(why)),
        };
        let found = Restored { server: version(&scratch).await?, restore: began.elapsed(), ..Restored::default() };
        self.look(scratch, found).await
    }

    /// What came back.
    async fn look(&self, scratch: Scratch<'_>, mut found: Restored) -> Result<Restored, Failure> {
        found.checks.push(Check::passed("restore", format!("restored into PostgreSQL {}", found.server)));
        self.meter.says("looking at what is there");
        found.checks.push(contents(&scratch).await?);
        for assertion in &self.args.policy.assertions {
            found.checks.push(asserted(&scratch, assertion).await?);
        }
        scratch.stop().await?;
        Ok(found)
    }

    /// Makes the database, and the roles that every server has that this could be restored into: the superuser that is usual, and
    /// the one that the service itself is used with.
    async fn prepare(&self, scratch: &Scratch<'_>) -> Result<String, Failure> {
        let mut session = scratch.session("template1").await?;
        let user = self.args.access.user.as_deref().filter(|user| !["postgres", OWNER].contains(user));
        for role in ["postgres"].into_iter().chain(user) {
            session.execute(&format!("CREATE ROLE {} SUPERUSER LOGIN", quoted(role))).await?;
        }
        let policy = self.args.policy.databases.first();
        let named = self.subject.database.as_ref().or(policy).or(self.args.access.database.as_ref());
        let name = named.map_or("restored", String::as_str);
        if !["postgres", "template0", "template1"].contains(&name) {
            session.execute(&format!("CREATE DATABASE {} TEMPLATE template0", quoted(name))).await?;
        }
        session.close().await?;
        Ok(name.to_owned())
    }

    /// Goes on after an error, as the scripts of teams do; every error is judged afterwards.
    async fn script(&self, scratch: &Scratch<'_>, database: &str, file: &Listed) -> Result<Ended, Failure> {
        let run = Run { input: true, ..Run::new("psql", ["-X", "-q", "-w", "-b", "-o", "/dev/null", "-v", "ON_ERROR_STOP=0"]) };
        let running = scratch.start(database, run).await?;
        feed(running, read::open(self.subject.trove.clone(), file), &self.meter).await
    }

    /// Puts an archive beside the server first: `pg_restore` reads it back and forth.
    async fn archive(&self, scratch: &Scratch<'_>, database: &str) -> Result<Ended, Failure> {
        let is_folder = self.subject.kind == Kind::Folder;
        let whole = self.place.path("archive");
        if is_folder {
            self.place.run("mkdir", [whole.as_str()]).await?;
        }
        for file in &self.subject.files {
            let path = if is_folder { format!("{whole}/{}", file.name()) } else { whole.clone() };
            let keep = Run { input: true, ..Run::new("sh", ["-c", "exec cat >\"$1\"", "sh", &path]) };
            let plain = if is_folder {
                read::raw(self.subject.trove.clone(), file)
            } else {
                read::open(self.subject.trove.clone(), file)
            };
            stream::into_program("cat", self.place.start(keep).await?, plain, AsItIs::default(), &self.meter).await?;
        }
        let run = Run::new("pg_restore", ["-w", "--no-tablespaces", "-d", database, &whole]);
        let mut running = scratch.start(database, run).await?;
        running.ended().await
    }
}

/// Why the backup is bad, where it is; a failure where the place of the restore is to blame.
fn accused(ended: &Ended) -> Result<Option<String>, Failure> {
    if ended.status.code().is_none() {
        return Err(Failure::new(FailureKind::Tool, format!("the restore was ended from outside ({})", ended.status)));
    }
    match errors::judge(&ended.stderr, ended.status.success()) {
        Meaning::Fine => Ok(None),
        Meaning::Bad(why) => Ok(Some(why)),
        Meaning::Elsewhere(why) => Err(Failure::new(FailureKind::Tool, why)),
    }
}

/// Writes a stream into a program, and waits for its end, however it ends.
async fn feed(mut running: Box<dyn Running>, mut from: Plain, meter: &Meter<'_>) -> Result<Ended, Failure> {
    let mut stdin = running.stdin().ok_or_else(|| Failure::new(FailureKind::Bug, "psql has no input"))?;
    loop {
        let chunk = stream::next(&mut *from).await?;
        if chunk.is_empty() || stdin.write_all(&chunk).await.is_err() {
            break;
        }
        meter.add(chunk.len());
    }
    // Where it has ended before its input did, its own words say why.
    _ = stdin.shutdown().await;
    drop(stdin);
    running.ended().await
}

async fn version(scratch: &Scratch<'_>) -> Result<String, Failure> {
    let mut session = scratch.session("template1").await?;
    let told: Named = session.row("SELECT split_part(current_setting('server_version'), ' ', 1) AS name").await?;
    session.close().await?;
    Ok(told.name)
}

/// What came back, in all databases. Nothing at all is no good backup of anything.
async fn contents(scratch: &Scratch<'_>) -> Result<Check, Failure> {
    let mut session = scratch.session("template1").await?;
    let names: Vec<Named> =
        session.rows("SELECT datname::text AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1").await?;
    session.close().await?;
    let (mut tables, mut rows, mut within) = (0, 0, Vec::new());
    for Named { name } in names {
        let mut session = scratch.session(&name).await?;
        let listed = census::list(&mut session).await?;
        let each = listed.iter().map(|table| (table.name.as_str(), false));
        let counted = census::count(&mut session, &name, each, |_| {}).await?;
        session.close().await?;
        if !counted.tables.is_empty() {
            tables += counted.tables.len();
            rows += counted.tables.iter().map(|table| table.rows).sum::<u64>();
            within.push(name);
        }
    }
    Ok(match (tables, rows) {
        (0, _) => Check::failed("content", "it restores, but holds no table: an empty database was dumped, or the wrong one"),
        (_, 0) => Check::failed("content", format!("it restores, but its {tables} tables hold no row")),
        _ => Check::passed("content", format!("{tables} tables with {rows} rows in {}", within.join(", "))),
    })
}

/// A session of its own for each, so that a broken one breaks no other.
async fn asserted(scratch: &Scratch<'_>, assertion: &Assertion) -> Result<Check, Failure> {
    let name = format!("assertion: {}", assertion.name);
    let run = Run::new("psql", ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", &assertion.test]);
    Ok(match scratch.run(&assertion.database, run).await.as_deref().map(str::trim) {
        Ok("t" | "true") => Check::passed(name, "true"),
        Ok(answer) => Check::failed(name, format!("the query answered {answer:?}, not true")),
        Err(failure) if client::is_ours(failure) => return Err(failure.clone()),
        Err(failure) => Check::failed(name, client::words(&failure.what)),
    })
}

fn only(subject: &Subject) -> Result<&Listed, Failure> {
    subject.files.first().ok_or_else(|| Failure::new(FailureKind::Damaged, "its manifest names no file"))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
