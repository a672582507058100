//! `midwatch demo`: starts, finds and ends throwaway stacks.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use color_eyre::eyre;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Subcommand, console, exit::Exit, print};
use crate::config::Overrides;
use crate::demo::{self, DemoError, FaultKind, FaultStatus, Handle, Options, Progress, Role, Starting};
use crate::domain::clean::Clean;

/// What a shell makes of an interrupt.
const INTERRUPTED: u8 = 130;

/// How long what is broken stays broken, unless something else is asked for.
const LASTING: Duration = Duration::from_secs(90);

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

/// The subcommand and its own.
fn command() -> Command {
    Command::new("demo")
        .about("Start a throwaway stack under load, and open the console on it")
        .args_conflicts_with_subcommands(true)
        .arg(Arg::new("name").long("name").value_name("NAME").help("What to call it [default: demo, demo-2...]"))
        .arg(
            Arg::new("linger")
                .long("linger")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64))
                .default_value("300")
                .help("How long it stays when nobody holds it"),
        )
        .arg(
            Arg::new("headless")
                .long("headless")
                .action(ArgAction::SetTrue)
                .help("Open no console: print the endpoints as one JSON object, and stay up until SIGTERM"),
        )
        .subcommand(Command::new("attach").about("Open the console on a demo that is up").arg(name()))
        .subcommand(Command::new("stop").about("End a demo: nothing of it is left").arg(name()).arg(print::json_argument()))
        .subcommand(Command::new("list").about("Tell which demos are up").arg(print::json_argument()))
        .subcommand(breaking())
        .subcommand(Command::new("role").hide(true).arg(Arg::new("role").required(true).value_parser(Role::parse)))
}

fn breaking() -> Command {
    Command::new("break")
        .about("Break something in a demo; it mends itself")
        .arg(Arg::new("what").required(true).value_parser(FaultKind::ALL.map(FaultKind::word)))
        .arg(name())
        .arg(print::json_argument())
        .arg(
            Arg::new("seconds")
                .long("for")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=3600))
                .default_value("90")
                .help("How long it stays broken"),
        )
}

fn name() -> Arg {
    Arg::new("name").value_name("NAME").help("Which one; not needed when only one is up")
}

/// Does what the arguments say.
fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    // A role has a runtime of its own: it is a process of its own.
    if let Some(("role", matches)) = matches.subcommand() {
        return play(matches).report();
    }
    super::wait_for(async { run(overrides, matches).await.unwrap_or_else(|report| failed(&report)) })
}

async fn run(overrides: &Overrides, matches: &ArgMatches) -> eyre::Result<Exit> {
    match matches.subcommand() {
        Some(("attach", matches)) => attach(overrides, named(matches)).await,
        Some(("stop", matches)) => stop(matches).await,
        Some(("list", matches)) => list(matches).await,
        Some(("break", matches)) => break_something(matches).await,
        _ => start(overrides, matches).await,
    }
}

/// Starts a demo, and ends it when its console is left. A console that is killed, or loses its terminal, leaves it up.
async fn start(overrides: &Overrides, matches: &ArgMatches) -> eyre::Result<Exit> {
    let headless = matches.get_flag("headless");
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !(headless || terminal) {
        return Ok(Exit::usage("the console needs a terminal on both ends; without one: midwatch demo --headless"));
    }
    let linger = Duration::from_secs(matches.get_one("linger").copied().unwrap_or(300));
    let options = Options { name: named(matches).map(str::to_owned), linger };
    let mut starting = Starting::begin(&options).await?;
    let endpoints = tokio::select! {
        ready = starting.ready(tell) => ready?,
        interrupted = told() => {
            interrupted?;
            starting.abandon().await?;
            return Ok(Exit::status(INTERRUPTED));
        }
    };
    let mut handle = starting.into_handle(endpoints);
    let exit = if headless { hold(&mut handle).await } else { Ok(open(overrides, &handle).await) };
    handle.stop().await?;
    exit
}

/// Prints the endpoints, and holds the demo up until told to end it, or until somebody else has.
async fn hold(handle: &mut Handle) -> eyre::Result<Exit> {
    print::objects([json!(handle.endpoints)])?;
    tokio::select! {
        told = told() => told?,
        gone = handle.gone() => gone?,
    }
    Ok(Exit::status(0))
}

/// Opens the console on a demo, and comes back when it was quit.
async fn open(overrides: &Overrides, handle: &Handle) -> Exit {
    let overrides = Overrides { config: Some(handle.config.clone()), environment: None, ..overrides.clone() };
    console::start(&overrides, vec![], true).await
}

/// The one who attaches leaves the demo as it is: whoever started it ends it, or nobody does and its linger is over.
async fn attach(overrides: &Overrides, name: Option<&str>) -> eyre::Result<Exit> {
    let handle = demo::attach(name, tell).await?;
    Ok(open(overrides, &handle).await)
}

async fn stop(matches: &ArgMatches) -> eyre::Result<Exit> {
    let name = demo::stop(named(matches)).await?;
    print::told(matches, || [json!({ "ended": name })], || format!("{name} has ended; nothing of it is left\n"))?;
    Ok(Exit::status(0))
}

async fn list(matches: &ArgMatches) -> eyre::Result<Exit> {
    let demos = demo::list().await;
    print::told(matches, || demos.iter().map(|status| json!(status)), || demos.iter().map(text).collect())?;
    Ok(Exit::status(0))
}

async fn break_something(matches: &ArgMatches) -> eyre::Result<Exit> {
    let word = matches.get_one::<String>("what").map_or("", String::as_str);
    let lasting = matches.get_one("seconds").map_or(LASTING, |seconds| Duration::from_secs(*seconds));
    let fault = break_by_word(&demo::Client::find(named(matches))?, word, lasting).await?;
    print::told(matches, || [json!(fault)], || Clean::new(&fault_line(&fault)).into_string() + "\n")?;
    Ok(Exit::status(0))
}

/// Breaks what the word names.
async fn break_by_word(client: &demo::Client, word: &str, lasting: Duration) -> eyre::Result<FaultStatus> {
    let what = FaultKind::ALL.into_iter().find(|what| what.word() == word).ok_or_else(|| eyre::eyre!("nothing to break"))?;
    Ok(client.break_something(what, lasting).await?)
}

fn text(status: &demo::Status) -> String {
    let state = if status.endpoints.is_some() { "up" } else { "starting" };
    let dir = Clean::new(&status.dir.to_string_lossy()).into_string();
    let head = format!("{}  {state}, held by {}, supervisor {}, in {dir}\n", status.name, status.holders, status.supervisor);
    let faults = status.faults.iter().map(|fault| format!("  {}\n", Clean::new(&fault_line(fault))));
    std::iter::once(head).chain(faults).collect()
}

fn fault_line(fault: &FaultStatus) -> String {
    match (&fault.ended, fault.remaining) {
        (Some(ended), _) if ended.verified => format!("{} ended: {}", fault.what.word(), ended.detail),
        (Some(ended), _) => format!("{} did not end cleanly: {}", fault.what.word(), ended.detail),
        (None, Some(remaining)) => format!("{} is on; it ends by itself in {remaining:.0} s", fault.what.word()),
        (None, None) => format!("{} is ending", fault.what.word()),
    }
}

fn named(matches: &ArgMatches) -> Option<&str> {
    matches.get_one::<String>("name").map(String::as_str)
}

fn tell(step: &Progress) {
    print::say(&format!("{:<24} ready {:.1}s", step.name, step.seconds));
}

/// Waits for whatever ends a program in the foreground.
async fn told() -> eyre::Result<()> {
    let (mut terminate, mut interrupt, mut hangup) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

fn play(matches: &ArgMatches) -> Exit {
    let Some(role) = matches.get_one::<Role>("role").cloned() else { return Exit::usage("which role?") };
    role.run().map_or_else(|error| because(&error), |()| Exit::status(0))
}

fn failed(report: &eyre::Report) -> Exit {
    report.downcast_ref().map_or_else(|| Exit::because(1, format!("midwatch demo: {report:#}")), because)
}

/// The status of sysexits.h, and the words.
fn because(error: &DemoError) -> Exit {
    let status = match error {
        DemoError::BadName(_) | DemoError::Several(_) => 64,
        DemoError::Missing(_) | DemoError::Unknown(_) | DemoError::NoneUp => 69,
        DemoError::NotUp { .. } | DemoError::Refused(_) | DemoError::Gone(_) => 70,
        DemoError::Host(_) | DemoError::UnsafeFolder(_) | DemoError::Io { .. } => 73,
        DemoError::Taken(_) => 75,
    };
    Exit::because(status, format!("midwatch demo: {error}"))
}
