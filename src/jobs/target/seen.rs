//! How what was done to it is checked. What a control says is not enough: a stopped service must not answer any more.

use super::Target;
use crate::domain::control::{Condition, Instance, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::fault::FaultKind;
use crate::domain::service::Facts;
use crate::jobs::step::{Checked, Cx};
use crate::ports::control::Control;
use crate::ports::{Promise, World};

/// How often a service that was stopped may be found to answer: what is in front of it may take a moment to notice.
const ECHOES: u32 = 10;

/// What the control must say of every instance that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It runs.
    Up,
    /// There are no processes of it.
    Down,
    /// It holds still.
    Paused,
    /// It does not hold still.
    Awake,
}

impl Wanted {
    /// Whether an instance in such a phase is as it should be.
    pub fn holds(self, phase: Phase) -> bool {
        match self {
            Self::Up => matches!(phase, Phase::Running | Phase::Starting),
            Self::Down => !phase.is_up() && phase != Phase::Restarting,
            // What was down when the others were paused stays down.
            Self::Paused => phase == Phase::Paused || Self::Down.holds(phase),
            Self::Awake => phase != Phase::Paused,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Up => "running",
            Self::Down => "stopped",
            Self::Paused => "paused",
            Self::Awake => "going on",
        }
    }
}

impl Target {
    /// Waits for what was asked of the control, then looks itself. A control that did not answer in the middle has done something
    /// or nothing: what is seen then decides, and where nothing is seen, it failed.
    pub async fn change(
        &self,
        cx: &Cx<'_>,
        control: &dyn Control,
        asked: Promise<'_, ()>,
        wanted: Wanted,
    ) -> Result<Condition, Failure> {
        let asked = cx.unless_cancelled(asked).await;
        match &asked {
            Err(failure) if !is_open(failure) => return Err(failure.clone()),
            Err(failure) => cx.reporter.log(&format!("{failure}: what came of it is not known, so it is looked at")),
            Ok(()) => {}
        }
        let seen = control.condition().await.and_then(|condition| self.all(&condition, wanted).map(|()| condition));
        match (asked, seen) {
            (_, Ok(condition)) => Ok(condition),
            (Err(failure), Err(_)) | (Ok(()), Err(failure)) => Err(failure),
        }
    }

    /// That the control says so of all that are meant.
    pub fn all(&self, condition: &Condition, wanted: Wanted) -> Result<(), Failure> {
        let meant = self.meant(condition);
        let others: Vec<String> =
            meant.iter().filter(|one| !wanted.holds(one.phase)).map(|one| format!("{} is {}", one.name, told(one))).collect();
        match (others.is_empty(), meant.is_empty() && matches!(wanted, Wanted::Up)) {
            (true, false) => Ok(()),
            (true, true) => Err(unavailable(format!("{} has no instance", self.words()))),
            (false, _) => Err(unavailable(format!("{}, not {}", others.join(", "), wanted.word()))),
        }
    }

    /// That nothing answers any more, where nothing of the service is left to answer: a control may say what it likes.
    pub async fn silent(&self, cx: &Cx<'_>, condition: &Condition) -> Result<(), Failure> {
        if condition.running() > 0 {
            return Ok(());
        }
        for _ in 0..ECHOES {
            if !self.answers(cx.world).await {
                return Ok(());
            }
            tokio::time::sleep(self.every).await;
        }
        let place = &self.service.access.reach;
        let listener = cx.world.listener(&self.service).await.ok().flatten();
        let who = listener.map_or_else(String::new, |who| format!(": {who} listens there"));
        let what = format!("its control says that {} does not run, but {place} still answers{who}", self.service.name);
        Err(Failure::new(FailureKind::Damaged, what).mend("another one runs there, or the control is not this service's"))
    }

    /// What stands before a service answers for it in its own way.
    async fn answers(&self, world: &dyn World) -> bool {
        match world.probe(&self.service).await.map(|report| report.facts) {
            Ok(Facts::Http(facts)) => !matches!(facts.status, 502..=504),
            Ok(_) => true,
            Err(fault) => fault.kind == FaultKind::Failing,
        }
    }

    /// After a crash: whether all that are meant are as they should be.
    pub async fn probed(&self, cx: &Cx<'_>, wanted: Wanted) -> Result<Checked, Failure> {
        let condition = self.control(cx.world)?.condition().await?;
        let holds = self.all(&condition, wanted).is_ok();
        let is_quiet = match wanted {
            Wanted::Down | Wanted::Paused if holds => self.silent(cx, &condition).await.is_ok(),
            _ => true,
        };
        Ok(if holds && is_quiet { Checked::Done(output(&condition)) } else { Checked::Absent })
    }
}

/// What a step tells: how many run now.
pub fn output(condition: &Condition) -> serde_json::Value {
    serde_json::json!({ "running": condition.running(), "words": counted(condition) })
}

/// `2 of 3 run`.
pub fn counted(condition: &Condition) -> String {
    let all = condition.instances.iter().filter(|one| one.phase != Phase::Absent).count();
    match (condition.running(), all) {
        (0, _) => "none runs".to_owned(),
        (1, 1) => "it runs".to_owned(),
        (running, all) => format!("{running} of {all} run"),
    }
}

/// What a control says of an instance: `failed (exit code 137)`.
pub fn told(instance: &Instance) -> String {
    let detail = instance.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{}{detail}", instance.phase.word())
}

/// Whether a failure leaves open what happened.
fn is_open(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unavailable | FailureKind::Stalled)
}

fn unavailable(what: String) -> Failure {
    Failure::new(FailureKind::Unavailable, what)
}
