//! `redis-set`: changes a setting of a Redis while it runs, for a drill; its undo, `redis-restore`, sets it to what it was. Nothing is
//! written to the server's own file, so that a restart ends it too.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::{StepId, StepSpec};
use crate::jobs::redis::{self, knobs};
use crate::jobs::step::{Checked, Cx, StepKind};
use crate::jobs::steps::backup::step;
use crate::jobs::target::Target;
use crate::ports::Promise;

/// The step kind that changes it.
pub const REDIS_SET: &dyn StepKind = &Set;
/// The step kind that takes that back.
pub const REDIS_RESTORE: &dyn StepKind = &Restore;

/// The arguments of `redis-set` and of `redis-restore`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingArgs {
    /// Whom.
    pub target: Target,
    /// The setting.
    pub setting: String,
    /// What it becomes.
    pub to: String,
    /// What it must be before. What somebody else has set since is neither broken nor mended.
    pub from: String,
    /// Other settings that must be so when it is changed.
    pub provided: Vec<(String, String)>,
}

impl SettingArgs {
    /// The step that changes it.
    pub fn step(&self) -> StepSpec {
        let title = format!("Set {} of {} to {}, which is {} now", self.setting, self.target.words(), self.to, self.from);
        step(StepId(0), "redis-set", title, self)
    }

    fn back(&self) -> StepSpec {
        let back = Self { to: self.from.clone(), from: self.to.clone(), provided: Vec::new(), ..self.clone() };
        step(StepId(0), "redis-restore", format!("Set {} of {} back to {}", back.setting, back.target.words(), back.to), &back)
    }
}

struct Set;

impl StepKind for Set {
    fn name(&self) -> &'static str {
        "redis-set"
    }

    fn undo<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async move {
            let args: SettingArgs = cx.args()?;
            let link = redis::link(cx.world, &args.target.service.access).await?;
            let now = knobs::setting(&*link, &args.setting).await?;
            if now != args.from {
                let what = format!("{} of {} is {now} now, and was {}", args.setting, args.target.words(), args.from);
                return Err(Failure::refused(what).mend("somebody else has just set it: look, and plan it again"));
            }
            Ok(vec![args.back()])
        })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: SettingArgs = cx.args()?;
            args.target.confirm_server(cx.world).await?;
            let link = redis::link(cx.world, &args.target.service.access).await?;
            for (name, wanted) in &args.provided {
                let now = knobs::setting(&*link, name).await?;
                if now != *wanted {
                    return Err(Failure::refused(format!("{name} of {} is {now} now, not {wanted}", args.target.words())));
                }
            }
            change(&*link, &args).await
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

struct Restore;

impl StepKind for Restore {
    fn name(&self) -> &'static str {
        "redis-restore"
    }

    /// What was mended is not broken again.
    fn undo<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Vec<StepSpec>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run<'a>(&'a self, cx: &'a Cx<'a>) -> Promise<'a, Value> {
        Box::pin(async move {
            let args: SettingArgs = cx.args()?;
            let link = redis::link(cx.world, &args.target.service.access).await?;
            let now = knobs::setting(&*link, &args.setting).await?;
            if now == args.to {
                return Ok(json!({ "words": format!("{} is {now}", args.setting) }));
            }
            if now != args.from {
                let words = format!("{} is {now}: somebody else has set it since, so it is left to them", args.setting);
                cx.reporter.log(&words);
                return Ok(json!({ "words": words }));
            }
            change(&*link, &args).await
        })
    }

    fn check<'a>(&'a self, _: &'a Cx<'a>) -> Promise<'a, Checked> {
        Box::pin(async { Ok(Checked::Absent) })
    }
}

/// Sets it, and reads back what came of that.
async fn change(link: &dyn crate::ports::redis::RedisLink, args: &SettingArgs) -> Result<Value, Failure> {
    link.ask(0, &["CONFIG", "SET", &args.setting, &args.to]).await?;
    let now = knobs::setting(link, &args.setting).await?;
    if now == args.to {
        return Ok(json!({ "words": format!("{} is {now}", args.setting) }));
    }
    let what = format!("{} of {} was set to {}, and is {now}", args.setting, args.target.words(), args.to);
    Err(Failure::new(FailureKind::Unavailable, what))
}
