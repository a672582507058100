//! Routines from the shell: `midwatch backup shop-db`. The same words, the same plan and the same worker as in the console.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;

use crate::cli::exit::Exit;
use crate::cli::{desk, jobs, open, plan, print};
use crate::config::Overrides;
use crate::domain::failure::Failure;
use crate::domain::guard::Guard;
use crate::domain::plan::{Confirmation, Plan};
use crate::jobs::routine::Routine;
use crate::runtime::desk::Desk;
use crate::runtime::planner;

/// The subcommand of a routine.
pub fn command(routine: &Routine) -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let confirm =
        Arg::new("confirm").long("confirm").value_name("NAME").help("The target's name, where the guard wants it typed");
    planner::command(routine)
        .arg(flag("dry-run", "Show the plan and change nothing").conflicts_with_all(["yes", "detach"]))
        .arg(flag("yes", "Run the plan unasked: for timers and scripts"))
        .arg(confirm.requires("yes"))
        .arg(flag("detach", "Return as soon as the job runs; its number is printed"))
        .arg(flag("json", "Print JSON: the plan with --dry-run, else the job as it ended"))
        .after_help(
            "The job goes on when this shell ends. Exits with 0 when it is done, 1 when it failed, 75 when the target is held.",
        )
}

/// Runs it.
pub fn run(routine: &'static Routine, overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(go(routine, overrides, matches).await) })
}

async fn go(routine: &Routine, overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let clerk = open::open(overrides).await?;
    let words = planner::words(routine, &planner::given(routine, matches));
    let plan = clerk.plan(&clerk.config.environment, &words).await?;
    if matches.get_flag("dry-run") {
        print::told(matches, || [json!({ "plan": plan })], || plan::text(&plan))?;
        return Ok(Exit::status(0));
    }
    let confirmation = confirmation(&plan, &clerk.desk, &Said::of(matches)).await?;
    let job = clerk.desk.submit(plan, confirmation, clerk.config.files.clone()).await?;
    if matches.get_flag("detach") {
        print::told(matches, || [jobs::tell::asked(job, "run")], || format!("{job}\n"))?;
        return Ok(Exit::status(0));
    }
    if matches.get_flag("json") {
        jobs::attach::wait(&clerk.desk, job).await
    } else {
        jobs::attach::follow(&clerk.desk, job).await
    }
}

/// What was said beforehand on the command line.
pub struct Said {
    /// `--yes`.
    pub yes: bool,
    /// The targets of `--confirm`, between commas where there are several plans.
    pub names: Vec<String>,
}

impl Said {
    /// What the arguments of a command say.
    pub fn of(matches: &ArgMatches) -> Self {
        let names = matches.get_one::<String>("confirm").into_iter().flat_map(|names| names.split(','));
        Self { yes: matches.get_flag("yes"), names: names.map(str::to_owned).collect() }
    }

    /// The name that is meant for a plan; another one is still judged, and refused.
    fn typed(&self, plan: &Plan) -> Option<String> {
        let own = self.names.iter().find(|name| name.as_str() == plan.target.name.as_str());
        own.or(self.names.first()).cloned()
    }
}

/// What the operator says to the plan. The worker judges it; here it is only asked for.
pub async fn confirmation(plan: &Plan, desk: &Desk, said: &Said) -> Result<Confirmation, Failure> {
    // Not even an unlocking is put on record for what can never be run.
    if plan.guard == Guard::ReadOnly {
        let what = format!("{} is read-only: nothing is changed from here", plan.environment);
        return Err(Failure::refused(what).mend("--dry-run shows the plan"));
    }
    if said.yes {
        return Ok(Confirmation { typed: said.typed(plan), unattended: !std::io::stdin().is_terminal() });
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        let what = "nobody can be asked here";
        return Err(Failure::refused(what).mend(format!("say --yes --confirm={}", plan.target.name)));
    }
    eprint!("{}", plan::text(plan));
    if plan.guard == Guard::Strict && desk.unlocked(&plan.environment).await?.is_none() {
        expect(&format!("{} is locked. Type its name to unlock it for 15 minutes", plan.environment), plan.environment.as_str())?;
        desk.unlock(&plan.environment).await?;
    }
    if plan.guard == Guard::Open {
        expect("Run it? Type yes", "yes")?;
        return Ok(Confirmation::default());
    }
    let typed = expect("Type the target's name to run it", plan.target.name.as_str())?;
    Ok(Confirmation { typed: Some(typed), unattended: false })
}

fn expect(question: &str, answer: &str) -> Result<String, Failure> {
    eprint!("{question} ({answer}): ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let typed = line.trim();
    if typed == answer { Ok(typed.to_owned()) } else { Err(Failure::refused("not confirmed: nothing was changed")) }
}
