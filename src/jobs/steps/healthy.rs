//! `healthy`: the gate that a service passes when it is well: its control says that it runs, and it answers, several times in a
//! row. What is not known does not pass, and neither does what is restarted over and over.

use std::time::Instant;

use serde_json::{Value, json};

use crate::domain::control::{Instance, Phase};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::domain::time::human;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::target::{HealthyArgs, Life, Target, Wanted, life, told};
use crate::ports::Promise;

/// The step kind.
pub const HEALTHY: &dyn StepKind = &Healthy;

/// How many fresh looks in a row must be good.
const STREAK: u32 = 3;
/// How many looks in a row may find it down: what ends after its start does not come back by being waited for.
const DOWN: u32 = 20;

struct Healthy;

impl StepKind for Healthy {
    fn name(&self) -> &'static str {
        "healthy"
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: HealthyArgs = cx.args()?;
            cx.unless_cancelled(wait(cx, &args)).await
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn wait(cx: &Cx<'_>, args: &HealthyArgs) -> Result<Value, Failure> {
    let (began, target) = (Instant::now(), &args.target);
    let (mut streak, mut down, mut before, mut said) = (0, 0, Vec::new(), String::new());
    while streak < STREAK {
        let seen = look(cx, target).await;
        down = if seen.as_ref().is_err_and(|ill| ill.is_down) { down + 1 } else { 0 };
        streak = match &seen {
            Ok(instances) if streak > 0 && *instances == before => streak + 1,
            Ok(_) => 1,
            Err(_) => 0,
        };
        let why = seen.as_ref().err().cloned().unwrap_or_default().why;
        before = seen.unwrap_or_default();
        if !why.is_empty() && why != said {
            cx.reporter.log(&format!("{} is not healthy yet: {why}", target.words()));
            said = why;
        }
        if streak < STREAK && (began.elapsed() >= args.within || down >= DOWN) {
            let why = if streak > 0 || said.is_empty() { "it is restarted over and over".to_owned() } else { said };
            let what = format!("{} is not healthy after {}: {why}", target.words(), human(began.elapsed()));
            return Err(Failure::new(FailureKind::Unavailable, what).mend(format!("midwatch logs {}", target.service.name)));
        }
        if streak < STREAK {
            tokio::time::sleep(target.every).await;
        }
    }
    Ok(json!({ "words": format!("healthy after {}", human(began.elapsed())) }))
}

/// Why it is not well.
#[derive(Clone, Default)]
struct Ill {
    why: String,
    /// Whether its control says that nothing is left of it that could become well.
    is_down: bool,
}

impl From<String> for Ill {
    fn from(why: String) -> Self {
        Self { why, is_down: false }
    }
}

/// The lives of what is well.
async fn look(cx: &Cx<'_>, target: &Target) -> Result<Vec<Life>, Ill> {
    let lives = if target.service.control.is_some() { running(cx, target).await? } else { Vec::new() };
    let report = cx.world.probe(&target.service).await.map_err(|fault| fault.to_string())?;
    report.facts.trouble().map_or(Ok(lives), |trouble| Err(trouble.into()))
}

async fn running(cx: &Cx<'_>, target: &Target) -> Result<Vec<Life>, Ill> {
    let control = target.control(cx.world).map_err(|failure| failure.to_string())?;
    let condition = control.condition().await.map_err(|failure| failure.to_string())?;
    let meant = target.meant(&condition);
    // Of several instances some may be down on purpose; of those that are named none may.
    let matters =
        |one: &&&Instance| target.instance.is_some() || meant.len() == 1 || one.phase.is_up() || one.phase == Phase::Restarting;
    let matter: Vec<&&Instance> = meant.iter().filter(matters).collect();
    let is_down = matter.iter().all(|one| Wanted::Down.holds(one.phase));
    if matter.is_empty() {
        return Err(Ill { why: "its control knows of nothing that runs".to_owned(), is_down });
    }
    let ill = |one: &&&&Instance| one.phase != Phase::Running || one.healthy == Some(false);
    if let Some(one) = matter.iter().find(ill) {
        let check = if one.healthy == Some(false) { ", and its own health check fails" } else { "" };
        return Err(Ill { why: format!("{} is {}{check}", one.name, told(one)), is_down });
    }
    Ok(matter.iter().map(|one| life(one)).collect())
}
