//! `midwatch chaos gameday FILE`, and experiments of Chaos Toolkit's: drills one after the other, each a job with its own end armed,
//! and one report of all.

use std::fs;
use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};

use crate::cli::chaos::{drill, drills};
use crate::cli::jobs::attach;
use crate::cli::routine::{self, Said};
use crate::cli::{exit::Exit, open, plan, print};
use crate::config::{Overrides, gameday as file};
use crate::domain::chaos::gameday::{GameDay, Kept, Played, Ran, Times, Turn, Verdict};
use crate::domain::chaos::report::Report;
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Job, JobId, State};
use crate::domain::plan::Plan;
use crate::domain::time::human;
use crate::jobs::drill::experiment::{self, LeftOut};
use crate::jobs::drill::{Drill, gameday as page, preflight};
use crate::jobs::scenarios;
use crate::ports::World as _;
use crate::runtime::clerk::Clerk;
use crate::runtime::{courses, planner};

/// How many earlier runs of the same drill are told of.
const EARLIER: usize = 11;
/// A refusal.
const REFUSED: u8 = 77;

/// The subcommand.
pub fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let confirm = Arg::new("confirm").long("confirm").value_name("NAMES").requires("yes");
    Command::new("gameday")
        .about("Run the drills of a file one after the other, and report on all of them")
        .arg(Arg::new("file").value_name("FILE").required(true).help("A TOML file: assets/gamedays/demo.toml is one"))
        .arg(flag("dry-run", "Show each plan, or why it is refused, and change nothing").conflicts_with("yes"))
        .arg(flag("yes", "Run every drill unasked: for timers and scripts"))
        .arg(confirm.help("The targets' names with commas, where the guard wants them typed"))
        .arg(print::json_argument())
        .after_help(
            "Without --yes it asks before each drill. The report goes to standard output as Markdown.\n\
             It stops at a drill that is refused or aborted, unless the file says go-on = true.\n\
             Exits with 0 when no drill has findings, with 1 when one has, with 77 when one was refused.\n\
             Monthly, by cron: 0 10 1 * * midwatch chaos gameday FILE --yes > report.md",
        )
}

/// Runs a `GameDay`'s file.
pub async fn gameday(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let path = matches.get_one::<String>("file").map_or(Path::new(""), Path::new);
    let day = file::read(path, &scenarios::names()).map_err(|error| Failure::new(FailureKind::Config, error.to_string()))?;
    let clerk = open::open(overrides).await?;
    go(&clerk, &day, &[], matches, matches.get_flag("dry-run")).await
}

/// The experiment that is meant where a scenario could stand: a file that ends in `.json`.
pub fn is_experiment(matches: &ArgMatches) -> Option<&Path> {
    let given = matches.get_one::<String>("scenario").map(Path::new);
    given.filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")))
}

/// Plans or runs an experiment.
pub async fn experiment(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let path = is_experiment(matches).unwrap_or(Path::new(""));
    let besides = planner::given(drill(), matches).0.into_keys().find(|name| name != "scenario");
    if let Some(name) = besides {
        let what = format!("--{name} is for a scenario: an experiment says itself what it does");
        return Err(Failure::new(FailureKind::Usage, what));
    }
    let told = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| Failure { what: format!("{told}: {e}"), ..e.into() })?;
    let clerk = open::open(overrides).await?;
    let site = planner::site(&clerk.config, &clerk.config.environment)?;
    let read = experiment::read(&told, &text, site.environment.as_str(), &site.services)?;
    // `plan` has no --dry-run, and is one.
    let is_dry = matches.try_get_one::<bool>("dry-run").ok().flatten().is_none_or(|dry| *dry);
    if matches.try_get_one::<bool>("detach").ok().flatten().is_some_and(|detach| *detach) {
        return Err(Failure::new(FailureKind::Usage, "an experiment is several jobs: --detach is for one"));
    }
    go(&clerk, &read.day, &read.left_out, matches, is_dry).await
}

async fn go(clerk: &Clerk, day: &GameDay, left_out: &[LeftOut], matches: &ArgMatches, is_dry: bool) -> Result<Exit, Failure> {
    if is_dry {
        return show(clerk, day, left_out, matches).await;
    }
    for one in left_out {
        print::say(&format!("not run: {}: {}", one.name, one.why));
    }
    let host = Host { clerk, said: Said::of(matches) };
    let played = host.play(day).await?;
    let environment = clerk.config.environment.as_str();
    let object = || [page::object(day, environment, &played, left_out)];
    let look = courses::plain(clerk.config.ascii);
    let draw = |report: &Report| courses::markdown(report, &look);
    print::told(matches, object, || look.spell(&page::markdown(day, environment, &played, left_out, &draw)).into_owned())?;
    let is_refused = played.iter().any(|one| matches!(one.verdict, Verdict::Refused(_)));
    let is_good = played.iter().all(|one| one.verdict.is_good());
    Ok(Exit::status(if is_refused { REFUSED } else { u8::from(!is_good) }))
}

/// Every plan as it would be made now, or why it is refused.
async fn show(clerk: &Clerk, day: &GameDay, left_out: &[LeftOut], matches: &ArgMatches) -> Result<Exit, Failure> {
    let mut plans = Vec::new();
    for turn in &day.turns {
        plans.push((turn, clerk.plan(&clerk.config.environment, &turn.call()).await));
    }
    let object = || {
        let drills: Vec<Value> = plans.iter().map(|(turn, plan)| planned(turn, plan)).collect();
        let left: Vec<Value> = left_out.iter().map(page::left).collect();
        [json!({ "name": day.name, "environment": clerk.config.environment, "drills": drills, "left_out": left })]
    };
    let words = || {
        let drills: String = plans.iter().map(|(turn, plan)| told(turn, plan)).collect();
        let left = left_out.iter().map(|one| format!("not run: {}: {}\n", Clean::new(&one.name), Clean::new(&one.why)));
        format!("GameDay {}\n\n{drills}{}", Clean::new(&day.name), left.collect::<String>())
    };
    print::told(matches, object, words)?;
    Ok(Exit::status(if plans.iter().all(|(_, plan)| plan.is_ok()) { 0 } else { REFUSED }))
}

fn planned(turn: &Turn, plan: &Result<Plan, Failure>) -> Value {
    json!({
        "call": turn.call(),
        "why": turn.why,
        "pause_seconds": turn.pause.as_secs_f64(),
        "plan": plan.as_ref().ok(),
        "refused": plan.as_ref().err().map(ToString::to_string),
    })
}

fn told(turn: &Turn, made: &Result<Plan, Failure>) -> String {
    let pause = if turn.pause.is_zero() { String::new() } else { format!("pause {}\n\n", human(turn.pause)) };
    let text = match made {
        Ok(made) => plan::text(made),
        Err(why) => format!("{}\n  refused now: {}\n", Clean::new(&turn.call().join(" ")), Clean::new(&why.to_string())),
    };
    format!("{pause}{text}\n")
}

/// Who runs one drill after the other.
struct Host<'a> {
    clerk: &'a Clerk,
    said: Said,
}

impl Host<'_> {
    async fn play(&self, day: &GameDay) -> Result<Vec<Played>, Failure> {
        let mut played: Vec<Played> = Vec::new();
        for turn in &day.turns {
            let may_go_on = day.goes_on || played.iter().all(|one| one.verdict.lets_go_on());
            let verdict = if may_go_on { self.turn(turn).await? } else { Verdict::NotReached };
            played.push(Played { turn: turn.clone(), verdict });
        }
        Ok(played)
    }

    async fn turn(&self, turn: &Turn) -> Result<Verdict, Failure> {
        if !turn.pause.is_zero() {
            print::say(&format!("pause {}", human(turn.pause)));
            tokio::time::sleep(turn.pause).await;
        }
        print::say(&format!("begins: {}", turn.call().join(" ")));
        let (job, kept) = match self.submitted(turn).await {
            Ok((job, kept)) => (attach::ended(&self.clerk.desk, job).await?, kept),
            Err(failure) => {
                print::say(&format!("refused: {failure}"));
                return Ok(Verdict::Refused(failure.to_string()));
            }
        };
        print::say(&format!("drill {}: {}", job.id, job.state.word()));
        self.ran(&job, kept).await
    }

    /// The job of a drill that was confirmed.
    async fn submitted(&self, turn: &Turn) -> Result<(JobId, Option<Kept>), Failure> {
        let clerk = self.clerk;
        let plan = clerk.plan(&clerk.config.environment, &turn.call()).await?;
        let kept = self.kept(&plan).await?;
        let confirmation = routine::confirmation(&plan, &clerk.desk, &self.said).await?;
        let job = clerk.desk.submit(plan, confirmation, clerk.config.files.clone()).await?;
        Ok((job, kept))
    }

    /// How old the last proved backup of the target is.
    async fn kept(&self, plan: &Plan) -> Result<Option<Kept>, Failure> {
        let clerk = self.clerk;
        let Some(drill) = Drill::of(plan) else { return Ok(None) };
        let service = &drill.target.service;
        let Some((policy, rpo)) = service.backup.as_ref().and_then(|policy| Some((policy, policy.rpo?))) else { return Ok(None) };
        let site = planner::site(&clerk.config, &clerk.config.environment)?;
        let repository = clerk.world.repository(site.repository(policy.repository.as_str())?).await?;
        let catalogue = repository.catalogue().await?;
        let age = preflight::youngest(&service.name, &site.environment, &catalogue, clerk.world.now());
        Ok(Some(Kept { age, rpo }))
    }

    async fn ran(&self, job: &Job, kept: Option<Kept>) -> Result<Verdict, Failure> {
        let desk = &self.clerk.desk;
        let missing = || Failure::new(FailureKind::Bug, "this job is no drill");
        let report = desk.report(job)?.ok_or_else(missing)?;
        let mut earlier = Vec::new();
        for other in drills(desk).await?.iter().filter(|other| other.id < job.id && matches!(other.state, State::Ended(_))) {
            let other = desk.report(other)?;
            let is_same =
                |other: &Report| other.scenario == report.scenario && other.target == report.target && other.recovered.is_some();
            earlier.extend(other.filter(is_same).map(|other| Times::of(&other)));
        }
        // The newest first, until here.
        earlier.truncate(EARLIER);
        earlier.reverse();
        Ok(Verdict::Ran(Box::new(Ran { job: job.id, report, kept, earlier })))
    }
}
