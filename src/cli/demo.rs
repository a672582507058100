//! `midwatch demo`: starts, finds and ends throwaway stacks.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use color_eyre::eyre;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::console;
use crate::cli::{Subcommand, exit::Exit};
use crate::config::Overrides;
use crate::demo::{self, DemoError, FaultKind, FaultStatus, Handle, Options, Progress, Role, Starting};
use crate::runtime::console::Breaker;

/// Exit codes of sysexits.h, and what a shell makes of an interrupt.
const USAGE: u8 = 64;
const UNAVAILABLE: u8 = 69;
const FAILED: u8 = 70;
const CANNOT_CREATE: u8 = 73;
const IN_USE: u8 = 75;
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
        .subcommand(Command::new("stop").about("End a demo: nothing of it is left").arg(name()))
        .subcommand(Command::new("list").about("Tell which demos are up").arg(json()))
        .subcommand(breaking())
        .subcommand(Command::new("role").hide(true).arg(Arg::new("role").required(true).value_parser(Role::parse)))
}

fn breaking() -> Command {
    Command::new("break")
        .about("Break something in a demo; it mends itself")
        .arg(Arg::new("what").required(true).value_parser(FaultKind::ALL.map(FaultKind::word)))
        .arg(name())
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

fn json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object for each")
}

/// Opens the console on a demo, and comes back when it was quit.
async fn open(overrides: &Overrides, handle: &Handle) -> Exit {
    let client = handle.client().clone();
    let breaker: Breaker = Arc::new(move |word| {
        let client = client.clone();
        Box::pin(async move { break_by_word(&client, &word, LASTING).await.map_err(|e| e.to_string()) })
    });
    let breakages = FaultKind::ALL.map(|what| (what.word().to_owned(), what.title().to_owned())).into();
    let overrides = Overrides { config: Some(handle.config.clone()), environment: None, ..overrides.clone() };
    console::start(&overrides, vec![], Some(console::Demo { breakages, breaker })).await
}

/// Does what the arguments say.
fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    if let Some(("role", matches)) = matches.subcommand() {
        return play(matches);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, FAILED),
    };
    let console = async |handle: &mut Handle| match open(overrides, handle).await.into_words() {
        None => Ok(()),
        Some(words) => Err(eyre::eyre!(words)),
    };
    runtime.block_on(run(matches, console)).unwrap_or_else(|report| match report.downcast_ref::<DemoError>() {
        Some(error) => fail(error, code(error)),
        None => fail(&report, 1),
    })
}

/// Does what the arguments say, but for the roles, which have runtimes of their own.
async fn run(matches: &ArgMatches, console: impl AsyncFnOnce(&mut Handle) -> eyre::Result<()>) -> eyre::Result<ExitCode> {
    match matches.subcommand() {
        Some(("attach", matches)) => attach(named(matches), console).await,
        Some(("stop", matches)) => stop(named(matches)).await,
        Some(("list", matches)) => list(matches.get_flag("json")).await,
        Some(("break", matches)) => break_something(matches).await,
        _ => start(matches, console).await,
    }
}

async fn start(matches: &ArgMatches, console: impl AsyncFnOnce(&mut Handle) -> eyre::Result<()>) -> eyre::Result<ExitCode> {
    let linger = Duration::from_secs(matches.get_one("linger").copied().unwrap_or(300));
    let options = Options { name: named(matches).map(str::to_owned), linger };
    let mut starting = Starting::begin(&options).await?;
    let endpoints = tokio::select! {
        ready = starting.ready(tell) => ready?,
        interrupted = told() => {
            interrupted?;
            starting.abandon().await?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    let mut handle = starting.into_handle(endpoints);
    let result = if matches.get_flag("headless") { headless(&mut handle).await } else { console(&mut handle).await };
    handle.stop().await?;
    result.map(|()| ExitCode::SUCCESS)
}

/// Prints the endpoints and waits to be told to end; a demo that goes by itself meanwhile is a failure.
async fn headless(handle: &mut Handle) -> eyre::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string(&handle.endpoints)?)?;
    tokio::select! {
        told = told() => told,
        gone = handle.gone() => Ok(gone?),
    }
}

/// The one who attaches leaves the demo as it is: whoever started it ends it, or nobody does and its linger is over.
async fn attach(name: Option<&str>, console: impl AsyncFnOnce(&mut Handle) -> eyre::Result<()>) -> eyre::Result<ExitCode> {
    let mut handle = demo::attach(name, tell).await?;
    console(&mut handle).await.map(|()| ExitCode::SUCCESS)
}

async fn stop(name: Option<&str>) -> eyre::Result<ExitCode> {
    let name = demo::stop(name).await?;
    eprintln!("{name} has ended; nothing of it is left");
    Ok(ExitCode::SUCCESS)
}

async fn list(json: bool) -> eyre::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for status in demo::list().await {
        if json {
            writeln!(out, "{}", serde_json::to_string(&status)?)?;
            continue;
        }
        let state = if status.endpoints.is_some() { "up" } else { "starting" };
        writeln!(
            out,
            "{}  {state}, held by {}, supervisor {}, in {}",
            status.name,
            status.holders,
            status.supervisor,
            status.dir.display()
        )?;
        for fault in &status.faults {
            writeln!(out, "  {}", fault_line(fault))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn break_something(matches: &ArgMatches) -> eyre::Result<ExitCode> {
    let word = matches.get_one::<String>("what").map_or("", String::as_str);
    let lasting = matches.get_one("seconds").map_or(LASTING, |seconds| Duration::from_secs(*seconds));
    eprintln!("{}", break_by_word(&demo::Client::find(named(matches))?, word, lasting).await?);
    Ok(ExitCode::SUCCESS)
}

/// Breaks what the word names; answers with a line about it.
async fn break_by_word(client: &demo::Client, word: &str, lasting: Duration) -> eyre::Result<String> {
    let what = FaultKind::ALL.into_iter().find(|what| what.word() == word).ok_or_else(|| eyre::eyre!("nothing to break"))?;
    Ok(fault_line(&client.break_something(what, lasting).await?))
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
    eprintln!("{:<24} ready {:.1}s", step.name, step.seconds);
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

fn play(matches: &ArgMatches) -> ExitCode {
    let Some(role) = matches.get_one::<Role>("role").cloned() else { return ExitCode::from(USAGE) };
    match role.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, code(&error)),
    }
}

fn fail(error: &impl std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("midwatch: {error}");
    ExitCode::from(code)
}

fn code(error: &DemoError) -> u8 {
    match error {
        DemoError::Missing(_) | DemoError::Unknown(_) | DemoError::NoneUp => UNAVAILABLE,
        DemoError::BadName(_) | DemoError::Several(_) => USAGE,
        DemoError::Taken(_) => IN_USE,
        DemoError::UnsafeFolder(_) | DemoError::Io { .. } => CANNOT_CREATE,
        DemoError::NotUp { .. } | DemoError::Refused(_) | DemoError::Gone(_) => FAILED,
    }
}
