//! `verdict`: says of all the proofs of a job which held. It fails the job where one did not, after the others had their turn.

use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::{Judged, VerdictArgs};
use crate::ports::Promise;

/// The step kind.
pub const VERDICT: &dyn StepKind = &Verdict;

struct Verdict;

impl StepKind for Verdict {
    fn name(&self) -> &'static str {
        "verdict"
    }

    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: VerdictArgs = cx.args()?;
            let judged = args.proofs.iter().map(|step| cx.output::<Judged>(*step)).collect::<Result<Vec<_>, _>>()?;
            for one in &judged {
                let word = if one.proved { "proved" } else { "NOT proved" };
                cx.reporter.log(&format!("{}: {word}: {}", one.backup, one.words));
            }
            judge(&judged)
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

fn judge(judged: &[Judged]) -> Result<Value, Failure> {
    let bad: Vec<String> = judged.iter().filter(|one| !one.proved).map(|one| format!("{}: {}", one.backup, one.words)).collect();
    if bad.is_empty() && !judged.is_empty() {
        return Ok(json!({ "proved": judged.len(), "words": format!("{} proved", judged.len()) }));
    }
    let what = format!("{} of {} not proved: {}", bad.len(), judged.len(), bad.join("; "));
    Err(Failure::new(FailureKind::Damaged, what))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::backup::BackupId;

    fn judged(id: &str, proved: bool) -> Judged {
        Judged { backup: BackupId(id.to_owned()), proved, words: "rows: public.orders: 0 rows, 9 in the dump".to_owned() }
    }

    #[test]
    fn one_bad_backup_fails_the_job_by_its_name_and_cause() {
        let failure = judge(&[judged("a", true), judged("b", false)]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Damaged);
        assert!(failure.what.starts_with("1 of 2 not proved: b: rows: public.orders"), "{failure}");
    }

    #[test]
    fn nothing_proved_is_no_success() {
        assert!(judge(&[]).is_err());
        assert_eq!(judge(&[judged("a", true)]).unwrap()["proved"], 1);
    }
}
