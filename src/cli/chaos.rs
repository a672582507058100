//! `midwatch chaos`: what can be broken here, breaking it, ending that, and what it showed. Words over the routine `drill` and the
//! ledger: a drill is a job like any other.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use crate::cli::chaos::sweep::sweep;
use crate::cli::{Subcommand, desk, exit::Exit, jobs, open, plan, print, routine};
use crate::config::Overrides;
use crate::domain::chaos::offer::{Miss, Offer};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Control, Job, State};
use crate::domain::name::Name;
use crate::domain::service::Facts;
use crate::jobs::drill::Drill;
use crate::jobs::drill::experiment::write;
use crate::jobs::routine::Routine;
use crate::jobs::scenario::Scenario;
use crate::jobs::{routines, scenarios};
use crate::ports::World as _;
use crate::runtime::desk::Desk;
use crate::runtime::planner;
use crate::runtime::world::Outside;

mod gameday;
mod report;
mod strays;
mod sweep;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

/// How many jobs back the newest drill is looked for.
const BACK: u32 = 500;

fn command() -> Command {
    let dry = || Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help("Only tell, and change nothing");
    let id = desk::id().required(false).help("The drill's job; the newest drill where none is named");
    let accept = desk::id().id("accept").long("accept").required(false).conflicts_with("dry-run").help(
        "Give up the end of this drill, which was tried in vain: whatever it leaves is yours to mend, and no drill is refused for it",
    );
    let called = |name: &'static str, about: &'static str| Command::new(name).about(about).arg(print::json_argument());
    let routine = drill();
    Command::new("chaos")
        .about("Break something on purpose, its end armed beforehand, and measure who notices")
        .subcommand_required(true)
        .subcommand(called("list", "Tell the scenarios, and what each would hit here"))
        .subcommand(
            planner::command(routine)
                .name("plan")
                .about("Tell what a drill would do, or why it is refused; also of an experiment of Chaos Toolkit's, a .json file")
                .arg(print::json_argument()),
        )
        .subcommand(
            routine::command(routine)
                .name("run")
                .about("Run a drill: the same as midwatch drill; or an experiment of Chaos Toolkit's, a .json file"),
        )
        .subcommand(gameday::command())
        .subcommand(
            planner::command(routine)
                .name("export")
                .about("Print a drill as an experiment of Chaos Toolkit's, whose action calls midwatch"),
        )
        .subcommand(called("abort", "End the drill that runs, and its fault").arg(dry()))
        .subcommand(called("sweep", "End what an earlier drill left, where nobody waits to").arg(dry()).arg(accept))
        .subcommand(called("report", "Tell what a drill has shown, as Markdown").arg(id))
}

fn drill() -> &'static Routine {
    routines::DRILL
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("run", matches)) if gameday::is_experiment(matches).is_none() => routine::run(drill(), overrides, matches),
        _ => super::wait_for(async { desk::exit(go(overrides, matches).await) }),
    }
}

async fn go(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    match matches.subcommand() {
        Some(("list", matches)) => list(overrides, matches).await,
        Some(("plan" | "run", matches)) if gameday::is_experiment(matches).is_some() => {
            gameday::experiment(overrides, matches).await
        }
        Some(("plan", matches)) => show(overrides, matches).await,
        Some(("export", matches)) => export(overrides, matches).await,
        Some(("gameday", matches)) => gameday::gameday(overrides, matches).await,
        Some(("abort", matches)) => abort(&desk::open(overrides)?, matches).await,
        Some(("sweep", matches)) => sweep(&desk::open(overrides)?, matches).await,
        Some(("report", matches)) => report::report(overrides, matches).await,
        _ => Ok(Exit::usage("midwatch chaos list")),
    }
}

/// What the servers tell of themselves decides with some scenarios; one that does not answer may be either.
async fn list(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    let site = planner::site(&config, &config.environment)?;
    let offers: Vec<_> = scenarios::ALL.iter().map(|scenario| (*scenario, scenario.offer(&site.services))).collect();
    let decides =
        |name: &Name| offers.iter().any(|(_, offer)| offer.part.is_some() && offer.hits.iter().any(|hit| hit.target == *name));
    let world = Outside::new(None, config.scratch.as_deref())?;
    let asked = site.services.iter().filter(|service| decides(&service.name));
    let asked = asked.map(async |service| Some((&service.name, world.probe(service).await.ok()?.facts)));
    let facts: BTreeMap<&Name, Facts> = join_all(asked).await.into_iter().flatten().collect();
    let known = |offer: &Offer| offer.knowing(|name| facts.get(name));
    let values = || offers.iter().map(|(scenario, offer)| object(scenario, &known(offer))).collect::<Vec<_>>();
    let words = || offers.iter().map(|(_, offer)| line(&known(offer))).collect();
    print::told(matches, values, words)?;
    Ok(Exit::status(0))
}

fn line(offer: &Offer) -> String {
    let expects = if offer.expects.is_empty() { "nothing by itself".to_owned() } else { offer.expects.join(", ") };
    let (name, help, here, end) = (offer.scenario, offer.help, offer.here(), offer.end);
    format!("{name:<20}  {help}\n{:22}{here}; should raise {expects}; {end}\n", "")
}

fn object(scenario: &Scenario, offer: &Offer) -> Value {
    let miss = |miss: &Miss| json!({ "service": miss.target, "why": miss.why });
    json!({
        "name": scenario.name,
        "help": scenario.help,
        "kinds": scenario.kinds,
        "expects": scenario.expects,
        "allows": scenario.allowed().collect::<Vec<_>>(),
        "longest_seconds": scenario.longest.as_secs(),
        "end": scenario.end,
        "loses": scenario.loses,
        "takes": scenario.takes.iter().map(|(name, what)| ((*name).to_owned(), json!(what))).collect::<Map<_, _>>(),
        "hits": offer.hits.iter().map(|hit| &hit.target).collect::<Vec<_>>(),
        "misses": offer.misses.iter().map(miss).collect::<Vec<_>>(),
    })
}

async fn show(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let words = planner::words(drill(), &planner::given(drill(), matches));
    let made = clerk.plan(&clerk.config.environment, &words).await?;
    print::told(matches, || [json!({ "plan": made })], || plan::text(&made))?;
    Ok(Exit::status(0))
}

/// The experiment, and nothing beside it: it is meant to be written into a file.
async fn export(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let words = planner::words(drill(), &planner::given(drill(), matches));
    let plan = clerk.plan(&clerk.config.environment, &words).await?;
    let missing = || Failure::new(FailureKind::Bug, "this plan is no drill");
    let experiment = write::experiment(&plan, &flags(overrides, &clerk.config.environment)?).ok_or_else(missing)?;
    print::data(&(print::visibly(&format!("{experiment:#}")) + "\n"))?;
    Ok(Exit::status(0))
}

/// What midwatch has to be called with to mean the same from anywhere.
fn flags(overrides: &Overrides, environment: &Name) -> Result<Vec<String>, Failure> {
    let mut flags = Vec::new();
    for (name, path) in [("--config", &overrides.config), ("--state", &overrides.state)] {
        let Some(path) = path else { continue };
        flags.extend([name.to_owned(), std::path::absolute(path)?.display().to_string()]);
    }
    flags.extend(["--environment".to_owned(), environment.to_string()]);
    Ok(flags)
}

async fn abort(desk: &Desk, matches: &ArgMatches) -> Result<Exit, Failure> {
    let drills = drills(desk).await?;
    let Some(job) = drills.iter().find(|job| !matches!(job.state, State::Ended(_))) else {
        return Err(Failure::refused("no drill runs").mend("midwatch chaos sweep ends what one has left"));
    };
    if matches.get_flag("dry-run") {
        let words = || format!("would abort {}: {}\n", job.id, Clean::new(&job.plan.call.join(" ")));
        print::told(matches, || [jobs::tell::asked(job.id, "cancel")], words)?;
        return Ok(Exit::status(0));
    }
    desk.control(job.id, Control::Cancel).await?;
    let words = || format!("drill {} ends, and its fault: midwatch jobs attach {}\n", job.id, job.id.0);
    print::told(matches, || [jobs::tell::asked(job.id, "cancel")], words)?;
    Ok(Exit::status(0))
}

/// The drills, the newest first.
async fn drills(desk: &Desk) -> Result<Vec<Job>, Failure> {
    let jobs = desk.jobs(BACK).await?;
    Ok(jobs.into_iter().filter(|job| Drill::of(&job.plan).is_some()).collect())
}
