//! `midwatch jobs`: what runs and what ran; to watch it, stop it, let it go on, undo it.

use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::job::Control;
use crate::runtime::desk::Desk;

pub mod attach;
pub mod tell;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    let limit = Arg::new("limit").long("limit").value_name("N").value_parser(value_parser!(u32)).default_value("20");
    let on = |name: &'static str, about: &'static str| Command::new(name).about(about).arg(desk::id());
    Command::new("jobs")
        .about("List, watch, cancel, resume and undo jobs")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("Tell the last jobs").arg(limit.help("How many, beside those that have not ended")).arg(print::json_argument()))
        .subcommand(on("show", "Tell a job's plan, its steps and what happened").arg(print::json_argument()))
        .subcommand(
            on("attach", "Follow a job's log until it ends, and exit as it did")
                .arg(print::json_argument().help("Print no log, but the job as it ended"))
                .after_help("An interrupt detaches; the job goes on. Exits with 0 when the job is done, 1 when it failed or was cancelled,\n75 when somebody else held the target or the job is lost, 77 when it was refused."),
        )
        .subcommand(on("cancel", "Stop a job, and revert what its plan says").arg(print::json_argument()))
        .subcommand(on("resume", "Let a job go on whose worker died").arg(print::json_argument()))
        .subcommand(on("undo", "Undo what a job kept undoable").arg(print::json_argument()))
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(run(overrides, matches).await) })
}

async fn run(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let desk = desk::open(overrides)?;
    match matches.subcommand() {
        Some(("show", matches)) => show(&desk, matches).await,
        Some(("attach", matches)) if matches.get_flag("json") => attach::wait(&desk, desk::given(matches)?).await,
        Some(("attach", matches)) => attach::follow(&desk, desk::given(matches)?).await,
        Some((name @ "cancel", matches)) => ask(&desk, name, matches, Control::Cancel, "is asked to stop").await,
        Some((name @ "resume", matches)) => ask(&desk, name, matches, Control::Resume, "goes on").await,
        Some((name @ "undo", matches)) => ask(&desk, name, matches, Control::Undo, "is being undone").await,
        Some(("list", matches)) => list(&desk, matches).await,
        _ => Ok(Exit::usage("midwatch jobs list")),
    }
}

async fn list(desk: &Desk, matches: &ArgMatches) -> Result<Exit, Failure> {
    let jobs = desk.jobs(matches.get_one("limit").copied().unwrap_or(20)).await?;
    print::told(matches, || jobs.iter().map(tell::json), || jobs.iter().map(tell::line).collect())?;
    Ok(Exit::status(0))
}

async fn show(desk: &Desk, matches: &ArgMatches) -> Result<Exit, Failure> {
    let job = desk.job(desk::given(matches)?).await?;
    print::told(matches, || [tell::json(&job)], || tell::text(&job))?;
    Ok(Exit::status(0))
}

async fn ask(desk: &Desk, name: &str, matches: &ArgMatches, control: Control, told: &str) -> Result<Exit, Failure> {
    let id = desk::given(matches)?;
    desk.control(id, control).await?;
    let words = || format!("job {id} {told}: midwatch jobs attach {}\n", id.0);
    print::told(matches, || [tell::asked(id, name)], words)?;
    Ok(Exit::status(0))
}
