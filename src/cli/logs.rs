//! `midwatch logs SERVICE`: what a service writes, wherever it writes it, line by line.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use regex::Regex;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::query::{At, at};
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::domain::clean::Clean;
use crate::domain::control::{LogAsk, LogLine};
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::time::Stamp;
use crate::ports::World;
use crate::ports::control::Logs;
use crate::runtime::planner;
use crate::runtime::world::Outside;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

/// How many lines are shown where nothing says how many.
const USUAL: u32 = 100;
/// What stands before and after a moment is shown for so long.
const AROUND: Duration = Duration::from_secs(120);

fn command() -> Command {
    let time = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("TIME").value_parser(at).help(help).allow_hyphen_values(true)
    };
    let pattern = |text: &str| Regex::new(text).map_err(|error| error.to_string());
    Command::new("logs")
        .about("Read the log of a service, wherever it is written")
        .arg(Arg::new("service").value_name("SERVICE").required(true).help("Which service"))
        .arg(Arg::new("instance").long("instance").value_name("NAME").help("Only of this one of its instances"))
        .arg(Arg::new("follow").long("follow").short('f').action(ArgAction::SetTrue).help("Go on with what is written from now on"))
        .arg(
            Arg::new("tail")
                .long("tail")
                .value_name("N")
                .value_parser(clap::value_parser!(u32))
                .help("Only the last N lines of each instance; 100 where no time is given"),
        )
        .arg(time("since", "Not older than: RFC 3339, Unix seconds, or how long ago, such as 10m"))
        .arg(time("until", "Not newer than").conflicts_with("follow"))
        .arg(time("around", "Two minutes before and after").conflicts_with_all(["since", "until", "follow"]))
        .arg(Arg::new("grep").long("grep").value_name("REGEX").value_parser(pattern).help("Only lines that match"))
        .arg(print::json_argument())
        .after_help(
            "What would steer a terminal is shown, not obeyed; of a longer line 16 KiB are kept. A line without a time belongs to\n\
             the one before it. A file is searched for times in its last 64 MiB, and a time without a zone is taken for UTC.",
        )
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(read(overrides, matches).await) })
}

async fn read(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    let site = planner::site(&config, &config.environment)?;
    let service = site.service(matches.get_one::<String>("service").map_or("", String::as_str))?;
    let spec = service.controlled(&site.environment)?;
    let world = Outside::new(None, config.scratch.as_deref())?;
    let control = world.control(spec)?;
    let mut logs = control.logs(&ask(matches, world.now())).await?;
    let printer = Printer {
        environment: &site.environment,
        service: &service.name,
        is_many: spec.is_many(),
        json: matches.get_flag("json"),
        grep: matches.get_one("grep"),
    };
    // Ended by a signal, what reads the log over there is to end too.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        ended = printer.all(&mut *logs) => ended.map(|()| Exit::status(0)),
        _ = interrupt.recv() => Ok(Exit::status(130)),
        _ = terminate.recv() => Ok(Exit::status(143)),
    }
}

fn ask(matches: &ArgMatches, now: Stamp) -> LogAsk {
    let time = |name: &str| {
        matches.get_one::<At>(name).map(|at| match at {
            At::Instant(at) => *at,
            At::Ago(ago) => now.before(*ago),
        })
    };
    let around = time("around");
    let since = time("since").or_else(|| around.map(|at| at.before(AROUND)));
    let until = time("until").or_else(|| around.map(|at| at.after(AROUND)));
    let tail = matches.get_one::<u32>("tail").copied().or_else(|| (since.is_none() && until.is_none()).then_some(USUAL));
    LogAsk { instance: matches.get_one::<String>("instance").cloned(), since, until, tail, follow: matches.get_flag("follow") }
}

struct Printer<'a> {
    environment: &'a Name,
    service: &'a Name,
    is_many: bool,
    json: bool,
    grep: Option<&'a Regex>,
}

impl Printer<'_> {
    /// Until the log ends, or nobody reads any more.
    async fn all(&self, logs: &mut dyn Logs) -> Result<(), Failure> {
        while let Some(line) = logs.next().await? {
            if self.grep.is_some_and(|grep| !grep.is_match(&line.text)) {
                continue;
            }
            let text = if self.json { self.object(&line) } else { self.words(&line) };
            match io::stdout().lock().write_all(text.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
        }
        Ok(())
    }

    fn words(&self, line: &LogLine) -> String {
        let at = line.at.map_or_else(|| "-".to_owned(), print::time);
        let of = if self.is_many { format!(" {}", Clean::new(&line.instance)) } else { String::new() };
        let cut = if line.cut > 0 { format!(" ({} bytes more)", line.cut) } else { String::new() };
        format!("{at}{of}  {}{cut}\n", Clean::new(&line.text))
    }

    fn object(&self, line: &LogLine) -> String {
        let object = json!({
            "schema_version": print::SCHEMA_VERSION,
            "environment": self.environment,
            "service": self.service,
            "instance": line.instance,
            "at": line.at.map(print::time),
            "text": line.text,
            "cut": line.cut,
        });
        print::visibly(&object.to_string()).into_owned() + "\n"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(line: &str) -> LogAsk {
        ask(&command().get_matches_from(line.split(' ')), Stamp(1_000_000))
    }

    #[test]
    fn a_moment_has_two_sides_and_a_time_needs_no_tail() {
        assert_eq!(asked("logs app").tail, Some(USUAL));
        let around = asked("logs app --around 1970-01-01T00:10:00Z");
        assert_eq!((around.since, around.until, around.tail), (Some(Stamp(480_000)), Some(Stamp(720_000)), None));
        assert_eq!(
            asked("logs app --since 10m --tail 5"),
            LogAsk { since: Some(Stamp(400_000)), tail: Some(5), ..LogAsk::default() }
        );
        assert!(command().try_get_matches_from(["logs", "app", "--grep", "("]).is_err());
    }

    #[test]
    fn rule_04_lines_are_printed_clean_and_say_what_is_left_off() {
        let (environment, service) = ("production".into(), "app".into());
        let printer = Printer { environment: &environment, service: &service, is_many: true, json: false, grep: None };
        let line = LogLine { at: Some(Stamp(0)), instance: "app-1".into(), text: "a\u{1b}[2Jb".into(), cut: 7 };
        assert_eq!(printer.words(&line), "1970-01-01T00:00:00Z app-1  a\\x1b[2Jb (7 bytes more)\n");
        assert!(!printer.object(&line).contains('\u{1b}'));
    }
}
