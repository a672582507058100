//! `collect`: writes into the job's log what is known of services: their states, how they answer, the alerts about them, their last
//! lines and their last hour. When the job fails it does so again at its end, for whoever takes over. `escalate` does it and fails: nothing more can be done unasked.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::control::LogAsk;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::domain::recovery::Lack;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::recovery::around;
use crate::jobs::recovery::look::{self, Seen};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::ports::Promise;

/// The step kind that only writes down.
pub const COLLECT: &dyn StepKind = &Collect;
/// The step kind that writes down and hands over.
pub const ESCALATE: &dyn StepKind = &Escalate;

/// How many of each service's last lines are taken.
const LINES: u32 = 20;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Which services, in the order they need each other.
    pub services: Vec<ServiceSpec>,
    /// What their environment measures of itself: names and expressions.
    #[serde(default)]
    pub signals: Vec<(String, String)>,
}

/// The arguments of `collect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectArgs {
    /// What is written down.
    #[serde(flatten)]
    pub known: Known,
    /// Whether their last lines are taken too.
    pub lines: bool,
    /// What is left to choose from where the repair fails, with its cost.
    pub choices: Vec<String>,
}

/// The arguments of `escalate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EscalateArgs {
    /// What is written down.
    #[serde(flatten)]
    pub known: Known,
    /// What only a person can mend.
    pub people: Vec<Lack>,
    /// What is left to choose from, with its cost.
    pub choices: Vec<String>,
}

struct Collect;

impl StepKind for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    /// When the job fails, what is known then is worth more than what was known before.
    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: CollectArgs = cx.args()?;
            let title = "Collect what is known now, for whoever takes over".to_owned();
            Ok(vec![step(StepId(0), "collect", title, &CollectArgs { lines: true, ..args })])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: CollectArgs = cx.args()?;
            let told = cx.unless_cancelled(async { Ok(collect(cx, &args.known, args.lines).await) }).await?;
            args.choices.iter().filter(|_| args.lines).for_each(|choice| cx.reporter.log(choice));
            Ok(told)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Escalate;

impl StepKind for Escalate {
    fn name(&self) -> &'static str {
        "escalate"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: EscalateArgs = cx.args()?;
            cx.unless_cancelled(async { Ok(collect(cx, &args.known, true).await) }).await?;
            args.choices.iter().for_each(|choice| cx.reporter.log(choice));
            let people: Vec<String> = args.people.iter().map(|lack| lack.what.clone()).collect();
            let mends: Vec<String> = args.people.iter().map(|lack| lack.mend.clone()).chain(args.choices).collect();
            let what = format!("this needs a person: {}", people.join("; "));
            Err(Failure::new(FailureKind::Refused, what).mend(mends.join("; ")))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

async fn collect(cx: &Cx<'_>, known: &Known, lines: bool) -> Value {
    let services: Vec<&ServiceSpec> = known.services.iter().collect();
    let seen = look::look(cx.world, &services).await;
    for one in &seen {
        cx.reporter.log(&told(one));
        if lines {
            last_lines(cx, one.service).await;
        }
    }
    let environment = &cx.plan.environment;
    let around = around::look(cx.world, environment, &known.services, &services).await;
    for note in &around.notes {
        cx.reporter.log(note);
    }
    if lines {
        for line in around::graphs(cx.world, environment, &around, &known.signals).await {
            cx.reporter.log(&format!("  {line}"));
        }
    }
    json!({ "services": seen.len() })
}

/// `app-1: app-1 running; it answers within 3 ms`.
fn told(seen: &Seen<'_>) -> String {
    let mut text = format!("{}:", seen.service.name);
    match &seen.condition {
        None => text.push_str(" no control"),
        Some(Err(failure)) => _ = write!(text, " its control does not answer ({failure})"),
        Some(Ok(condition)) => {
            for one in &condition.instances {
                let detail = one.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
                let restarts =
                    one.restarts.filter(|many| *many > 0).map(|many| format!(", restarted {many} times")).unwrap_or_default();
                _ = write!(text, " {} {}{detail}{restarts};", one.name, one.phase.word());
            }
        }
    }
    match &seen.report {
        Ok(report) => _ = write!(text, " it answers within {} ms", report.took.as_millis()),
        Err(fault) => _ = write!(text, " {fault}"),
    }
    if let Some(trouble) = seen.report.as_ref().ok().and_then(|report| report.facts.trouble()) {
        _ = write!(text, ": {trouble}");
    }
    text
}

/// A log that cannot be read is worth a line as well.
async fn last_lines(cx: &Cx<'_>, service: &ServiceSpec) {
    let Some(control) = service.control.as_ref() else { return };
    let ask = LogAsk { tail: Some(LINES), ..LogAsk::default() };
    let read = async {
        let control = cx.world.control(control)?;
        let mut logs = control.logs(&ask).await?;
        let mut lines = 0;
        while let Some(line) = logs.next().await? {
            cx.reporter.log(&format!("  {}| {}", line.instance, line.text));
            lines += 1;
        }
        Ok::<_, Failure>(lines)
    };
    if let Err(failure) = read.await {
        cx.reporter.log(&format!("  the log of {} cannot be read: {failure}", service.name));
    }
}
