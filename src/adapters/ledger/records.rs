//! Jobs in the ledger: recorded once, then only added to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::audit::{self, Deed, Writing};
use super::error::Trouble;
use super::{Ledger, files};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guard::Guard;
use crate::domain::job::{Control, Event, JobId, Outcome, Progress};
use crate::domain::name::Name;
use crate::domain::plan::{Confirmation, Identity, Plan, StepId};
use crate::domain::time::Stamp;

/// A job as it lies in the ledger. Where it stands follows from its history and from whether its worker is alive.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number.
    pub id: JobId,
    /// What it was confirmed to do.
    pub plan: Arc<Plan>,
    /// The login that asked for it.
    pub operator: String,
    /// The host where it was asked for.
    pub host: String,
    /// When.
    pub submitted: Stamp,
    /// What was said when it was confirmed.
    pub confirmation: Confirmation,
    /// The configuration files of that moment, nearest first.
    pub files: Vec<PathBuf>,
    /// What happened to it.
    pub history: Arc<[(Stamp, Event)]>,
    /// Whether a worker holds it.
    pub alive: bool,
    /// The running step's progress, with when it was told.
    pub progress: Option<(Stamp, StepId, Progress)>,
}

/// A job to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// What it shall do.
    pub plan: &'a Plan,
    /// The login that asks for it.
    pub operator: &'a str,
    /// The host where it is asked for.
    pub host: &'a str,
    /// What was said when it was confirmed.
    pub confirmation: &'a Confirmation,
    /// The configuration files, nearest first.
    pub files: &'a [PathBuf],
}

impl Record {
    /// Whether its history says that it ended.
    pub fn has_ended(&self) -> bool {
        self.history.iter().any(|(_, event)| matches!(event, Event::Finished { .. }))
    }

    /// Whether a worker ever took it.
    pub fn was_taken(&self) -> bool {
        self.history.iter().any(|(_, event)| matches!(event, Event::Taken { .. }))
    }
}

/// What has not ended, in SQL.
const OPEN: &str = "id NOT IN (SELECT job FROM events WHERE kind = 'finished')";

impl Ledger {
    /// Records a job, audited, with the folder for its files.
    pub fn submit(&self, job: Submission<'_>) -> Result<JobId, Failure> {
        let id = self.write(|db| insert(db, job))?;
        files::make(&self.home, id)?;
        Ok(id)
    }

    /// The last jobs and, however old, all that have not ended; the latest first.
    pub fn jobs(&self, limit: u32) -> Result<Vec<Record>, Failure> {
        self.newest(limit)?.into_iter().map(|record| self.with_signs_of_life(record)).collect()
    }

    /// The same from the database alone; read again only when anything in it has changed, for consoles ask all the time.
    fn newest(&self, limit: u32) -> Result<Vec<Record>, Failure> {
        let mut kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        self.read(|db| {
            let version = (db.pragma_query_value(None, "data_version", |row| row.get(0))?, db.total_changes());
            if let Some(kept) = kept.as_ref().filter(|kept| kept.version == version && kept.limit == limit) {
                return Ok(kept.records.clone());
            }
            let last = "id IN (SELECT id FROM jobs ORDER BY id DESC LIMIT ?)";
            let records = list(db, &format!("SELECT * FROM jobs WHERE {last} OR {OPEN} ORDER BY id DESC"), limit)?;
            *kept = Some(Newest { version, limit, records: records.clone() });
            Ok(records)
        })
    }

    /// How many jobs of an environment failed or got stuck, by their routine.
    pub fn failures(&self, environment: &Name) -> Result<BTreeMap<String, u64>, Failure> {
        self.read(|db| {
            let sql = "SELECT json_extract(plan, '$.call[0]'), count(*) FROM jobs JOIN events ON events.job = jobs.id
                WHERE json_extract(plan, '$.environment') = ? AND kind = 'finished'
                AND json_extract(event, '$.outcome') IN ('failed', 'stuck') GROUP BY 1";
            let mut statement = db.prepare_cached(sql)?;
            let rows =
                statement.query_map([environment.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The jobs that have not ended, the latest first.
    pub fn open_jobs(&self) -> Result<Vec<Record>, Failure> {
        let sql = format!("SELECT * FROM jobs WHERE {OPEN} ORDER BY id DESC LIMIT ?");
        let records: Vec<Record> = self.read(|db| list(db, &sql, u32::MAX))?;
        records.into_iter().map(|record| self.with_signs_of_life(record)).collect()
    }

    /// One job.
    pub fn job(&self, id: JobId) -> Result<Record, Failure> {
        let record = self.with_signs_of_life(self.recorded(id)?)?;
        Ok(Record { alive: record.alive || files::is_alive(&self.home, id), ..record })
    }

    fn recorded(&self, id: JobId) -> Result<Record, Failure> {
        self.read(|db| find(db, id)?.record(db))
    }

    /// What happened to a job so far. Fails where any of it cannot be understood: nothing may be done by half a history.
    pub fn history(&self, id: JobId) -> Result<Vec<(Stamp, Event)>, Failure> {
        self.read(|db| {
            let read = events(db, id)?;
            read.into_iter().map(|(at, text)| Ok((at, serde_json::from_str(&text)?))).collect()
        })
    }

    /// Refuses a plan that is not the one that was audited when it was confirmed.
    pub fn is_as_confirmed(&self, id: JobId) -> Result<(), Failure> {
        self.read(|db| {
            let plan = find(db, id)?.plan;
            let sql = "SELECT plan FROM audit WHERE job = ? AND what LIKE ? ORDER BY seq LIMIT 1";
            let said =
                db.query_row(sql, params![id.0, format!("{}%", audit::SUBMIT)], |row| row.get::<_, String>(0)).optional()?;
            if said.as_deref() == Some(&audit::digest(&plan)) {
                return Ok(());
            }
            let what = format!("the plan of job {id} is no longer the one that was confirmed");
            Err(Failure::new(FailureKind::Refused, what).mend("see what was changed: midwatch audit verify").into())
        })
    }

    /// Notes what an operator asks of a job, audited.
    pub fn ask(&self, id: JobId, control: Control, operator: &str) -> Result<(), Failure> {
        self.write(|db| {
            let raw = find(db, id)?;
            let what = format!("ask job {id} to {}", word(control));
            let target = raw.target();
            db.audit(Deed { who: operator, what: &what, target: &target, job: Some(id), plan: &audit::digest(&raw.plan) })?;
            let row = params![id.0, db.now().0, word(control), operator];
            db.execute("INSERT INTO controls (job, at, control, operator) VALUES (?, ?, ?, ?)", row)?;
            Ok(())
        })
    }

    /// Adds to the audit trail what was done about a job beside its worker: by a watchdog, or by somebody for good.
    pub fn audit_for(&self, id: JobId, who: &str, what: &str) -> Result<(), Failure> {
        self.write(|db| {
            let raw = find(db, id)?;
            let (target, plan) = (raw.target(), audit::digest(&raw.plan));
            Ok(db.audit(Deed { who, what, target: &target, job: Some(id), plan: &plan })?)
        })
    }

    /// What operators have asked of a job and no worker has noted in its history yet, behind the row `after`; each with its row.
    pub(super) fn asked(&self, id: JobId, after: i64) -> Result<Vec<(i64, Control, String)>, Failure> {
        self.read(|db| {
            let sql = "SELECT id, control, operator FROM controls WHERE job = ? AND taken IS NULL AND id > ? ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([id.0, after], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows.into_iter().filter_map(|(row, control, who)| Some((row, control_of(&control)?, who))).collect())
        })
    }

    /// Whether operators have asked anything that no worker has noted yet.
    pub fn is_asked(&self, id: JobId) -> Result<bool, Failure> {
        Ok(!self.asked(id, 0)?.is_empty())
    }

    /// Adds to a job's history. What is about to change something, and the end, are audited by the same transaction; what an
    /// operator asked is then no longer open.
    pub(super) fn append(&self, id: JobId, event: &Event) -> Result<(), Failure> {
        self.write(|db| {
            let raw = find(db, id)?;
            if let Some(what) = deed(&raw, event) {
                let target = raw.target();
                let plan = audit::digest(&raw.plan);
                db.audit(Deed { who: &raw.operator, what: &what, target: &target, job: Some(id), plan: &plan })?;
            }
            if let Event::Asked { control, operator } = event {
                let row = params![db.now().0, id.0, word(*control), operator];
                db.execute(
                    "UPDATE controls SET taken = ? WHERE job = ? AND control = ? AND operator = ? AND taken IS NULL",
                    row,
                )?;
            }
            insert_event(db, id, event)
        })
    }

    /// Whether a worker has the job, and how far that is. A worker's last word is in the history before it lets go, and its first
    /// comes after it has taken hold: a job without one counts as lost only if its history is still the same after that was seen.
    fn with_signs_of_life(&self, mut record: Record) -> Result<Record, Failure> {
        while !record.has_ended() {
            if files::is_alive(&self.home, record.id) {
                let progress = files::progress(&self.home, record.id);
                return Ok(Record { alive: true, progress, ..record });
            }
            let again = self.recorded(record.id)?;
            if again.history.len() == record.history.len() {
                break;
            }
            record = again;
        }
        Ok(record)
    }
}

/// The newest jobs as they were last read.
pub(super) struct Newest {
    /// What changes when others write, and when this process does.
    version: (i64, u64),
    limit: u32,
    records: Vec<Record>,
}

fn list(db: &Connection, sql: &str, limit: u32) -> Result<Vec<Record>, Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([limit], Raw::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|row| row.record(db)).collect()
}

fn insert(db: &Writing<'_>, job: Submission<'_>) -> Result<JobId, Trouble> {
    let plan = serde_json::to_string(job.plan)?;
    let (confirmation, files) = (serde_json::to_string(job.confirmation)?, serde_json::to_string(job.files)?);
    let row = params![plan, job.operator, job.host, db.now().0, confirmation, files];
    db.execute("INSERT INTO jobs (plan, operator, host, submitted, confirmation, files) VALUES (?, ?, ?, ?, ?, ?)", row)?;
    let id = JobId(db.last_insert_rowid());
    let what = format!("{} {}", audit::SUBMIT, job.plan.call.join(" "));
    let target = job.plan.target.name.as_str();
    db.audit(Deed { who: job.operator, what: &what, target, job: Some(id), plan: &audit::digest(&plan) })?;
    Ok(id)
}

fn insert_event(db: &Connection, id: JobId, event: &Event) -> Result<(), Trouble> {
    let value = serde_json::to_value(event)?;
    let kind = value["event"].as_str().unwrap_or_default();
    let sql = "INSERT INTO events SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4 FROM events WHERE job = ?1";
    let added = db.prepare_cached(sql)?.execute(params![id.0, super::now().0, kind, value.to_string()]);
    match added {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
            let what = format!("job {id} has ended, and ends only once: {kind} cannot be added");
            Err(Failure::new(FailureKind::Bug, what).into())
        }
        added => Ok(added.map(drop)?),
    }
}

/// A row of `jobs`.
struct Raw {
    id: JobId,
    plan: String,
    operator: String,
    host: String,
    submitted: Stamp,
    confirmation: String,
    files: String,
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: JobId(row.get("id")?),
            plan: row.get("plan")?,
            operator: row.get("operator")?,
            host: row.get("host")?,
            submitted: Stamp(row.get("submitted")?),
            confirmation: row.get("confirmation")?,
            files: row.get("files")?,
        })
    }

    /// With its events; those that only a later midwatch knows are left out, for it is only shown.
    fn record(self, db: &Connection) -> Result<Record, Trouble> {
        let history = events(db, self.id)?;
        let known = |(at, text): (Stamp, String)| Some((at, serde_json::from_str(&text).ok()?));
        Ok(Record {
            id: self.id,
            plan: Arc::new(serde_json::from_str(&self.plan).unwrap_or_else(|_| strange(&self.plan))),
            confirmation: serde_json::from_str(&self.confirmation).unwrap_or_default(),
            files: serde_json::from_str(&self.files).unwrap_or_default(),
            operator: self.operator,
            host: self.host,
            submitted: self.submitted,
            history: history.into_iter().filter_map(known).collect(),
            alive: false,
            progress: None,
        })
    }

    fn target(&self) -> String {
        serde_json::from_str::<Plan>(&self.plan).map_or_else(|_| String::new(), |plan| plan.target.name.to_string())
    }
}

/// What can be told of a plan that cannot be understood. It has no step, so nothing can be done by it.
fn strange(text: &str) -> Plan {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let word = |value: &serde_json::Value| Name::from(value.as_str().unwrap_or("?"));
    let call = value["call"].as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned));
    Plan {
        version: value["version"].as_u64().map_or(u32::MAX, |version| version as u32),
        call: call.collect(),
        environment: word(&value["environment"]),
        guard: Guard::ReadOnly,
        target: Identity { name: word(&value["target"]["name"]), keys: vec![], words: String::new() },
        notes: vec!["A later midwatch made this plan; this one cannot show all of it.".into()],
        steps: vec![],
    }
}

fn find(db: &Connection, id: JobId) -> Result<Raw, Trouble> {
    let found = db.prepare_cached("SELECT * FROM jobs WHERE id = ?")?.query_row([id.0], Raw::read).optional()?;
    let missing = || Failure::new(FailureKind::Usage, format!("there is no job {id}")).mend("midwatch jobs list");
    Ok(found.ok_or_else(missing)?)
}

fn events(db: &Connection, id: JobId) -> rusqlite::Result<Vec<(Stamp, String)>> {
    let mut statement = db.prepare_cached("SELECT at, event FROM events WHERE job = ? ORDER BY seq")?;
    statement.query_map([id.0], |row| Ok((Stamp(row.get(0)?), row.get(1)?)))?.collect()
}

/// What the audit trail says of an event; none where it changes nothing.
fn deed(raw: &Raw, event: &Event) -> Option<String> {
    let title = |step: StepId| {
        let plan: Option<Plan> = serde_json::from_str(&raw.plan).ok();
        plan.and_then(|plan| plan.steps.into_iter().find(|spec| spec.id == step)).map(|spec| spec.title).unwrap_or_default()
    };
    match event {
        Event::Intended { step } => Some(format!("begin step {step}: {}", title(*step))),
        Event::UndoIntended { step } => Some(format!("begin to undo step {step}: {}", title(*step))),
        Event::Finished { outcome } => Some(format!("end: {}", ending(*outcome))),
        _ => None,
    }
}

fn ending(outcome: Outcome) -> &'static str {
    crate::domain::job::State::Ended(outcome).word()
}

fn word(control: Control) -> &'static str {
    match control {
        Control::Cancel => "cancel",
        Control::Resume => "resume",
        Control::Undo => "undo",
    }
}

fn control_of(word: &str) -> Option<Control> {
    [Control::Cancel, Control::Resume, Control::Undo].into_iter().find(|control| self::word(*control) == word)
}
