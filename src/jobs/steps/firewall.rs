//! `firewall-add` and `firewall-remove`: keep packets from a service, and let them through again. The rules carry the mark of their
//! drill, so that whoever ends it finds them: it does not have to be who made them.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::Failure;
use crate::domain::firewall::{Cut, Fate, Toll, mark};
use crate::domain::job::JobId;
use crate::domain::number::subject;
use crate::domain::plan::{Plan, StepId, StepSpec};
use crate::domain::time::Stamp;
use crate::jobs::drill::Drill;
use crate::jobs::step::{Checked, Cx, StepKind, args};
use crate::jobs::steps::arm::ROOM;
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::firewall::Firewall;
use crate::ports::{Promise, World};

/// The step kind that cuts off.
pub const ADD: &dyn StepKind = &Add;
/// The step kind that lets through again.
pub const REMOVE: &dyn StepKind = &Remove;

/// How long after the end that was armed the kernel lets the rules lapse: whoever ends it should have by then.
const GRACE: Duration = Duration::from_secs(30);

/// The arguments of `firewall-add`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddArgs {
    /// Whom it cuts off.
    pub target: Target,
    /// From what.
    pub toll: Toll,
    /// When it was planned: part of the mark.
    pub planned: Stamp,
}

/// The arguments of `firewall-remove`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RemoveArgs {
    /// Who was cut off.
    target: Target,
    /// What was done at each of its gates.
    cuts: Vec<Cut>,
}

/// A step that cuts off.
pub fn add(args: &AddArgs) -> StepSpec {
    let whom = args.target.words();
    let title = match (args.toll.fate, args.toll.one_in) {
        (Fate::Lost, 1) => format!("Keep every packet from {whom}"),
        (Fate::Lost, n) => format!("Lose one in {n} packets to {whom}"),
        (Fate::Reset, 1) => format!("Reset and refuse every connection to {whom}"),
        (Fate::Reset, n) => format!("Reset a connection to {whom} at one in {n} of its packets"),
        (Fate::Diverted { .. }, _) => format!("Lead every connection to {whom} through the proxy"),
    };
    step(StepId(0), "firewall-add", title, args)
}

/// Whether a rule of such a mark is one that a plan's drill makes, as that job.
pub fn bears(plan: &Plan, job: JobId, stray: &str) -> bool {
    let faults = Drill::of(plan).map(|drill| drill.faults).unwrap_or_default();
    let planned = faults.iter().filter(|fault| fault.kind == ADD.name()).filter_map(|fault| args::<AddArgs>(fault).ok());
    planned.map(|args| mark(job, args.planned)).any(|mark| mark == stray)
}

fn firewall(world: &dyn World, target: &Target) -> Result<Arc<dyn Firewall>, Failure> {
    world.firewall(&target.service)
}

impl AddArgs {
    /// What cuts it off at each of its gates, as they are now.
    async fn cuts(&self, firewall: &dyn Firewall, job: JobId, until: Stamp) -> Result<Vec<Cut>, Failure> {
        let gates = firewall.gates(self.target.instance.as_deref()).await?;
        let cut = |gate| Cut { gate, toll: self.toll, mark: mark(job, self.planned), until };
        Ok(gates.into_iter().map(cut).collect())
    }
}

/// When the kernel lets rules lapse that are made now.
fn until(cx: &Cx<'_>) -> Result<Stamp, Failure> {
    Ok(cx.world.now().after(Drill::around(cx)?.lasts + ROOM + GRACE))
}

struct Add;

impl StepKind for Add {
    fn name(&self) -> &'static str {
        "firewall-add"
    }

    fn judge<'a>(&'a self, world: &'a dyn World, spec: &'a StepSpec) -> Promise<'a, Vec<String>> {
        Box::pin(async move {
            let args: AddArgs = args(spec)?;
            args.target.outlasts(world).await?;
            let firewall = firewall(world, &args.target)?;
            let mut notes = Vec::new();
            for cut in args.cuts(&*firewall, JobId(0), world.now()).await? {
                let lapses = firewall.judge(&cut).await?;
                let lapse = if lapses { "" } else { "; the kernel cannot let them lapse: only the watchdog removes them" };
                let (place, port) = (cut.gate.place.words(), cut.gate.port);
                notes.push(format!("rules come into the packet filter of {place}, for port {port} only{lapse}"));
            }
            Ok(notes)
        })
    }

    /// Where the rules will be is known only where they can be removed, too.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: AddArgs = cx.args()?;
            let cuts = args.cuts(&*firewall(cx.world, &args.target)?, cx.job, until(cx)?).await?;
            let title = format!("Let packets through to {} again", args.target.words());
            Ok(vec![step(StepId(0), "firewall-remove", title, &RemoveArgs { target: args.target, cuts })])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: AddArgs = cx.args()?;
            args.target.confirm(cx, &*args.target.control(cx.world)?).await?;
            let firewall = firewall(cx.world, &args.target)?;
            let cuts = args.cuts(&*firewall, cx.job, until(cx)?).await?;
            for cut in &cuts {
                firewall.cut(cut).await?;
            }
            Ok(json!({ "cuts": cuts }))
        })
    }

    /// One that was half made is removed with its drill.
    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Remove;

impl StepKind for Remove {
    fn name(&self) -> &'static str {
        "firewall-remove"
    }

    /// What was let through stays so.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: RemoveArgs = cx.args()?;
            let firewall = firewall(cx.world, &args.target)?;
            // An instance that has come since may have been cut off, too.
            let now = firewall.gates(args.target.instance.as_deref()).await.unwrap_or_default();
            let new = now.into_iter().filter(|gate| args.cuts.iter().all(|cut| cut.gate != *gate));
            let new: Vec<Cut> = new.zip(args.cuts.iter().cycle()).map(|(gate, cut)| Cut { gate, ..cut.clone() }).collect();
            let mut removed = 0;
            for cut in args.cuts.iter().chain(&new) {
                removed += firewall.clear(cut).await?;
            }
            cx.reporter.log(&format!("{} removed, and none is left", subject(removed, "rule", "was", "were")));
            Ok(json!({ "removed": removed }))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}
