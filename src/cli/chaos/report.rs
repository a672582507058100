//! `midwatch chaos report`: what a drill has shown.

use clap::ArgMatches;
use serde_json::json;

use crate::cli::chaos::drills;
use crate::cli::{desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::JobId;
use crate::jobs::drill::page;
use crate::runtime::courses;
use crate::ui::theme::Look;

/// What reports are drawn with: they are text, whatever shows them.
pub fn look(overrides: &Overrides) -> Look {
    let is_ascii = || open::config(overrides).is_ok_and(|config| config.ascii);
    courses::plain(overrides.ascii || is_ascii())
}

/// Tells of one drill, the newest where none is named.
pub async fn report(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let desk = desk::open(overrides)?;
    let job = if let Some(id) = matches.get_one::<JobId>("id") {
        desk.job(*id).await?
    } else {
        let missing = || Failure::new(FailureKind::Usage, "no drill was ever run here");
        drills(&desk).await?.into_iter().next().ok_or_else(missing)?
    };
    let no_drill = || Failure::new(FailureKind::Usage, format!("job {} is no drill", job.id)).mend("midwatch jobs list");
    let report = desk.report(&job)?.ok_or_else(no_drill)?;
    let value = || {
        let mut value = page::object(&report);
        (value["job"], value["state"]) = (json!(job.id), json!(job.state.word()));
        value
    };
    let look = look(overrides);
    let words = || look.spell(&page::markdown(&report, &|report| courses::markdown(report, &look))).into_owned();
    print::told(matches, || [value()], words)?;
    Ok(Exit::status(0))
}
