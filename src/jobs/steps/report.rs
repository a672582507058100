//! `report`: puts together what a drill has shown, and fails where that is not what was hoped for: a drill with findings does
//! not pass.

use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::jobs::drill::page;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::ports::Promise;

/// The step kind.
pub const REPORT: &dyn StepKind = &Tell;

struct Tell;

impl StepKind for Tell {
    fn name(&self) -> &'static str {
        "report"
    }

    /// It changes nothing.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let missing = || Failure::new(FailureKind::Bug, "this plan is no drill");
            let report = page::gather(cx.plan, cx.outputs).ok_or_else(missing)?;
            for line in page::markdown(&report, &|_| drawn_elsewhere(cx)).lines() {
                cx.reporter.log(line);
            }
            let findings = report.findings();
            if findings.is_empty() {
                return Ok(json!({ "words": "no findings" }));
            }
            let what = format!("the drill has findings: {}", findings.join("; "));
            Err(Failure::new(FailureKind::Unavailable, what).mend(format!("midwatch chaos report {}", cx.job.0)))
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// A log has no room for pictures.
fn drawn_elsewhere(cx: &Cx<'_>) -> String {
    format!("With graphs: midwatch chaos report {}", cx.job.0)
}
