//! The steps that make a PostgreSQL a standby again: a `follower-copy` of the primary beside its data, `set-aside`, which gives the
//! old data another name and puts the copy in its place, and `streams`, the gate at the end. `put-back` and `discard-copy` undo
//! them.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::access::Reach;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::Progress;
use crate::domain::plan::{Revert, StepId, StepSpec};
use crate::domain::service::spec::ServiceSpec;
use crate::domain::time::human;
use crate::jobs::postgres::folder::{self, Folder};
use crate::jobs::postgres::identity;
use crate::jobs::postgres::session::literal;
use crate::jobs::postgres::{client, succession};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::Promise;
use crate::ports::tools::Run;

/// Gives the data directory another name, and puts the copy in its place.
pub const SET_ASIDE: &dyn StepKind = &SetAside;
/// Its undo.
pub const PUT_BACK: &dyn StepKind = &PutBack;
/// Copies the primary.
pub const FOLLOWER_COPY: &dyn StepKind = &FollowerCopy;
/// Its undo: a slot that nobody uses keeps WAL until the disk is full.
pub const DISCARD_COPY: &dyn StepKind = &DiscardCopy;
/// The gate.
pub const STREAMS: &dyn StepKind = &Streams;

/// The longest a copy may take, and go without a byte.
const COPY: Duration = Duration::from_secs(24 * 3600);
const STALL: Duration = Duration::from_secs(600);
/// How long a fresh standby may take to catch up and stream.
const CATCH_UP: Duration = Duration::from_secs(600);
/// How long a primary may take to see that the reader of a copy is gone.
const PARTING: Duration = Duration::from_secs(30);
/// How often something that grows is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// The arguments of all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RebuildArgs {
    /// What becomes a standby; its control is on this host.
    pub target: Target,
    /// Whom it follows.
    pub primary: ServiceSpec,
    /// The system identifier of the primary.
    pub system: String,
    /// The data directory.
    pub data: String,
    /// What the old one is called afterwards.
    pub aside: String,
    /// Where the copy is made: nothing that a worker that died left running writes into data that is used.
    pub copy: String,
    /// The slot at the primary that keeps its WAL.
    pub slot: String,
    /// `UID:GID` and mode of the old directory.
    pub owner: (String, String),
    /// What the copy will weigh, bytes.
    pub bytes: u64,
}

impl RebuildArgs {
    /// The steps; `stop` where it runs now.
    pub fn steps(&self, stop: Option<StepSpec>) -> Vec<StepSpec> {
        let (name, primary) = (&self.target.service.name, &self.primary.name);
        let copy = step(StepId(0), "follower-copy", format!("Copy {primary} into {}", self.copy), self);
        let mut steps = vec![StepSpec { deadline: COPY, stall: STALL, revert: Revert::OnFailure, ..copy }];
        steps.extend(stop.map(|stop| StepSpec { revert: Revert::OnFailure, ..stop }));
        let title = format!("Set the old data of {name} aside as {}, and put the copy in its place", self.aside);
        steps.push(StepSpec { revert: Revert::OnFailure, ..step(StepId(0), "set-aside", title, self) });
        steps.push(StepSpec { revert: Revert::OnFailure, ..self.target.start(StepId(0)) });
        let gate = step(StepId(0), "streams", format!("Wait until {name} streams from {primary}"), self);
        steps.push(StepSpec { deadline: CATCH_UP, stall: CATCH_UP, ..gate });
        (1..).zip(steps).map(|(n, spec)| StepSpec { id: StepId(n), ..spec }).collect()
    }

    /// That nothing of it runs: its files are moved away under it.
    async fn must_be_down(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let condition = self.target.control(cx.world)?.condition().await?;
        let is_up = condition.instances.iter().any(|one| one.phase.is_up());
        let name = &self.target.service.name;
        if is_up || cx.world.probe(&self.target.service).await.is_ok() {
            return Err(Failure::refused(format!("{name} runs: its data is not touched")).mend(format!("midwatch stop {name}")));
        }
        Ok(())
    }

    /// How a standby connects: as this one did before, or as the primary itself once did; that names who and where the password is.
    async fn conninfo(&self, cx: &Cx<'_>) -> Result<String, Failure> {
        let tools = cx.world.tools(&self.target.service.access);
        let old = folder::read(&*tools, &format!("{}/postgresql.auto.conf", self.data)).await?;
        if let Some(conninfo) = folder::setting(&old, "primary_conninfo") {
            return Ok(conninfo);
        }
        let copied = folder::read(&*tools, &format!("{}/postgresql.auto.conf", self.copy)).await?;
        folder::setting(&copied, "primary_conninfo").ok_or_else(|| unknown_conninfo(&self.primary))
    }
}

/// How replication connects is nobody's guess.
fn unknown_conninfo(primary: &ServiceSpec) -> Failure {
    let what = format!("how a standby connects to {} is not known: it has no primary_conninfo", primary.name);
    Failure::refused(what).mend("there: ALTER SYSTEM SET primary_conninfo = 'user=replicator passfile=/path/of/pgpass'")
}

struct SetAside;

impl StepKind for SetAside {
    fn name(&self) -> &'static str {
        "set-aside"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let title = format!("Put the old data of {} back", args.target.service.name);
            Ok(vec![step(StepId(0), PUT_BACK.name(), title, &args)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let control = args.target.control(cx.world)?;
            args.target.confirm(cx, &*control).await?;
            args.must_be_down(cx).await?;
            folder::swap(&*cx.world.tools(&args.target.service.access), &args.data, &args.aside, &args.copy).await?;
            cx.reporter.log(&format!("the old data is kept as {}; midwatch never removes it", args.aside));
            Ok(json!({ "aside": args.aside }))
        })
    }

    fn check<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let tools = cx.world.tools(&args.target.service.access);
            let there = async |path: &str| folder::survey(&*tools, path).await.map(|folder| folder.bytes.is_some());
            Ok(match (there(&args.copy).await?, there(&args.data).await?) {
                (true, _) => Checked::Absent,
                (false, true) => Checked::Done(json!({ "aside": args.aside })),
                (false, false) => Checked::Unknown(format!("neither {} nor {} is there", args.data, args.copy)),
            })
        })
    }
}

struct PutBack;

impl StepKind for PutBack {
    fn name(&self) -> &'static str {
        "put-back"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let control = args.target.control(cx.world)?;
            let tools = cx.world.tools(&args.target.service.access);
            if folder::survey(&*tools, &args.aside).await?.bytes.is_none() {
                return Ok(Value::Null);
            }
            // What was started on the copy ends first, or it would write into the old data.
            if control.condition().await?.instances.iter().any(|one| one.phase.is_up()) {
                control.stop(None, true).await?;
            }
            args.must_be_down(cx).await?;
            folder::put_back(&*tools, &args.data, &args.aside, &args.copy).await?;
            cx.reporter.log(&format!("the old data is back in {}", args.data));
            Ok(Value::Null)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

#[derive(Deserialize)]
struct Slot {
    active: bool,
    /// A copy reads from it, no standby.
    copies: bool,
    lost: bool,
}

fn slot(name: &str) -> String {
    format!(
        "SELECT active, coalesce(to_jsonb(slot) ->> 'wal_status' = 'lost', false) AS lost, \
           EXISTS (SELECT FROM pg_stat_replication AS reader \
             WHERE reader.pid = slot.active_pid AND application_name = 'pg_basebackup') AS copies \
         FROM pg_replication_slots AS slot WHERE slot_name = {}",
        literal(name)
    )
}

struct FollowerCopy;

impl FollowerCopy {
    /// Makes sure of a slot of which nobody reads and which keeps all WAL from now on.
    async fn slot(cx: &Cx<'_>, args: &RebuildArgs) -> Result<(), Failure> {
        let mut session = identity::maintenance(&*cx.world.tools(&args.primary.access)).await?;
        let found: Vec<Slot> = session.rows(&slot(&args.slot)).await?;
        let name = literal(&args.slot);
        match found.first() {
            Some(slot) if slot.active => {
                let what = format!("somebody else follows {} by the slot {}", args.primary.name, args.slot);
                return Err(Failure::new(FailureKind::Locked, what).mend("stop that standby, or wait"));
            }
            Some(slot) if !slot.lost => {}
            found => {
                if found.is_some() {
                    session.rows::<Value>(&format!("SELECT 1 AS done FROM pg_drop_replication_slot({name})")).await?;
                }
                session
                    .rows::<Value>(&format!("SELECT 1 AS done FROM pg_create_physical_replication_slot({name}, true)"))
                    .await?;
            }
        }
        session.close().await
    }

    /// Copies, telling how far it is by the size of what is there.
    async fn copy(cx: &Cx<'_>, args: &RebuildArgs) -> Result<(), Failure> {
        let primary = cx.world.tools(&args.primary.access);
        let words = ["-D", &args.copy, "-X", "stream", "-S", &args.slot, "-c", "fast", "-w"];
        let run = primary.postgres(Run::new("pg_basebackup", words)).await?;
        let mut running = primary.start(&run).await?;
        loop {
            tokio::select! {
                ended = running.ended() => {
                    let ended = ended?;
                    return if ended.status.success() { Ok(()) } else { Err(client::failed("pg_basebackup", &ended)) };
                }
                () = cx.cancelled() => {
                    running.stop().await?;
                    return Err(Failure::new(FailureKind::Cancelled, "it was cancelled"));
                }
                () = tokio::time::sleep(EVERY) => {
                    let here = cx.world.tools(&args.target.service.access);
                    let bytes = folder::survey(&*here, &args.copy).await.ok().and_then(|folder| folder.bytes).unwrap_or_default();
                    let words = format!("copying {}", args.primary.name);
                    cx.reporter.progress(Progress { bytes, total: Some(args.bytes), words, ..Progress::default() });
                }
            }
        }
    }
}

impl StepKind for FollowerCopy {
    fn name(&self) -> &'static str {
        "follower-copy"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let title = format!("Remove {}, and drop the slot {} of {}", args.copy, args.slot, args.primary.name);
            Ok(vec![step(StepId(0), DISCARD_COPY.name(), title, &args)])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            let here = cx.world.tools(&args.target.service.access);
            let found = folder::survey(&*here, &args.copy).await?;
            if found.bytes.is_some() {
                return Err(Failure::refused(format!("{} is there: nothing is copied over it", args.copy)));
            }
            if found.free < args.bytes {
                let what = format!("{} bytes are free for {}, {} are needed", found.free, args.copy, args.bytes);
                return Err(Failure::new(FailureKind::Full, what));
            }
            let server = identity::identify(&*cx.world.tools(&args.primary.access)).await?;
            server.confirmed(&args.system, &cx.plan.target)?;
            Self::slot(cx, &args).await?;
            Self::copy(cx, &args).await?;
            let Reach::Tcp { host, port } = &args.primary.access.reach else {
                return Err(Failure::new(FailureKind::Bug, "the primary is not reached by tcp"));
            };
            let conninfo = args.conninfo(cx).await?;
            let settings = folder::settings(&conninfo, host, *port, args.target.service.name.as_str(), &args.slot);
            let (owner, mode) = args.owner.clone();
            folder::dress(&*here, &args.copy, &Folder { owner, mode, ..found }, &settings).await?;
            Ok(json!({ "bytes": folder::survey(&*here, &args.copy).await?.bytes }))
        })
    }

    /// A copy whose worker died is none.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        let words = "the copy was not finished: cancel the job, which removes it, and ask again";
        Box::pin(async { Ok(Checked::Unknown(words.to_owned())) })
    }
}

struct DiscardCopy;

/// Drops the slot, unless a standby reads from it. The primary may take a moment to see that a copy was ended.
async fn drop_slot(cx: &Cx<'_>, args: &RebuildArgs) -> Result<(), Failure> {
    let mut session = identity::maintenance(&*cx.world.tools(&args.primary.access)).await?;
    let began = Instant::now();
    let found = loop {
        let found: Vec<Slot> = session.rows(&slot(&args.slot)).await?;
        if !found.iter().any(|slot| slot.copies) {
            break found;
        }
        if began.elapsed() >= PARTING {
            let what = format!("a copy still reads {} by the slot {}", args.primary.name, args.slot);
            return Err(Failure::new(FailureKind::Stalled, what).mend(format!("end it, then midwatch jobs undo {}", cx.job.0)));
        }
        tokio::time::sleep(EVERY).await;
    };
    if found.iter().any(|slot| !slot.active) {
        let sql = format!("SELECT 1 AS done FROM pg_drop_replication_slot({})", literal(&args.slot));
        session.rows::<Value>(&sql).await?;
    }
    session.close().await
}

impl StepKind for DiscardCopy {
    fn name(&self) -> &'static str {
        "discard-copy"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            folder::discard(&*cx.world.tools(&args.target.service.access), &args.copy).await?;
            drop_slot(cx, &args).await?;
            Ok(Value::Null)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Streams;

impl StepKind for Streams {
    fn name(&self) -> &'static str {
        "streams"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The driver's deadline ends it.
    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RebuildArgs = cx.args()?;
            loop {
                if let Ok((server, following)) = succession::following(cx.world, &args.target.service).await
                    && server.standby
                    && server.system == args.system
                    && following.is_streaming()
                {
                    let age = following.age.map(|age| human(Duration::from_secs_f64(age.max(0.0)))).unwrap_or_default();
                    let words = format!("{} streams from {}; lag {age}", args.target.service.name, args.primary.name);
                    cx.reporter.log(&words);
                    return Ok(json!({ "words": words, "received": following.end().to_string() }));
                }
                cx.unless_cancelled(async {
                    tokio::time::sleep(EVERY).await;
                    Ok(())
                })
                .await?;
            }
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
