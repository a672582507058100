//! `midwatch query 'PROMQL'`: the answer to one question, as a table, a graph or JSON, with its age and all that is wrong with it.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value, json};

use crate::app::layout;
use crate::app::need::{Data, RangeQuery, Source};
use crate::cli::sheet::Sheet;
use crate::cli::{Subcommand, desk, exit::Exit, open, print};
use crate::config::Overrides;
use crate::config::model::{Config, Environment};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::range::{TimeRange, clock};
use crate::domain::series::{Answer, Sample, Series};
use crate::domain::time::{Stamp, human};
use crate::domain::unit::Unit;
use crate::runtime::glance::Glance;
use crate::runtime::graph::{self, Question};
use crate::runtime::paper::Paper;
use crate::ui::theme::Role;

/// As many columns as a graph has where there is no terminal.
const COLUMNS: u16 = 100;
/// Every sample, as far as Prometheus gives them.
const WHOLE: u16 = u16::MAX;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run };

fn command() -> Command {
    let valued = |name: &'static str, value| Arg::new(name).long(name).value_name(value);
    let range = |text: &str| TimeRange::parse(text).map(TimeRange::span);
    Command::new("query")
        .about("Ask Prometheus: an instant as a table, a range as a graph")
        .arg(Arg::new("promql").value_name("PROMQL").required(true).help("The expression"))
        .arg(valued("range", "1h").value_parser(range).help("Over this length of time, up to the end"))
        .arg(valued("step", "15s").value_parser(step).requires("range").help("The distance between two samples"))
        .arg(valued("at", "TIME").value_parser(at).help("The end: RFC 3339, Unix seconds, or how long ago, such as 10m"))
        .arg(valued("unit", "UNIT").help("How values are written, by Grafana's id: bytes, percentunit, s, reqps"))
        .arg(Arg::new("table").long("table").action(ArgAction::SetTrue).help("A table for a range too: a line for each sample"))
        .arg(print::json_argument().conflicts_with("table"))
        .after_help(
            "Warnings, what is partial and the age of old samples are said on standard error. Without a terminal a range is a\n\
             table. Without --unit a value is written in the unit of the signal that has the same query.",
        )
}

fn step(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>().ok().and_then(|signed| Duration::try_from(signed).ok());
    read.filter(|step| *step >= Duration::from_millis(1)).ok_or_else(|| "a length of time, such as 15s".to_owned())
}

/// A moment, as a command line tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    Instant(Stamp),
    Ago(Duration),
}

/// RFC 3339, Unix seconds, or how long ago.
pub(super) fn at(text: &str) -> Result<At, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(At::Instant(Stamp(at.as_millisecond())));
    }
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()) {
        return Ok(At::Instant(Stamp::from_seconds(seconds)));
    }
    let ago = text.parse::<jiff::SignedDuration>().ok().and_then(|signed| Duration::try_from(signed.abs()).ok());
    ago.map(At::Ago).ok_or_else(|| "RFC 3339 like 2026-11-22T03:00:00Z, Unix seconds, or how long ago like 10m".to_owned())
}

fn run(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(ask(overrides, matches).await) })
}

async fn ask(overrides: &Overrides, matches: &ArgMatches) -> Result<Exit, Failure> {
    let config = open::config(overrides)?;
    let environment = open::with_prometheus(&config)?;
    let paper = open::paper(&config)?;
    let expr = matches.get_one::<String>("promql").map_or("", String::as_str);
    let form = Form::of(matches, &paper);
    let source = source(expr, matches, form, &paper);
    let glance = Glance::at(&config, std::slice::from_ref(&source)).await?;
    let Data::Answer(answer) = glance.data(&source)? else { return Ok(Exit::bug("no series were answered")) };
    remarks(environment, answer, &source, &glance);
    let unit = unit(&config, expr, matches);
    if answer.series.is_empty() {
        print::say("no data: nothing matches");
    }
    match form {
        Form::Graph if answer.series.is_empty() => {}
        Form::Json => print::objects([object(environment, expr, answer)])?,
        Form::Graph => print::data(&graph(expr, answer, &source, unit.as_deref(), &glance, &paper)?)?,
        Form::Table => print::data(&table(answer, matches.contains_id("range"), unit, &paper))?,
    }
    Ok(Exit::status(0))
}

/// How the answer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Graph,
    Table,
}

impl Form {
    fn of(matches: &ArgMatches, paper: &Paper) -> Self {
        match (matches.get_flag("json"), matches.get_flag("table"), matches.contains_id("range"), paper.size) {
            (true, ..) => Self::Json,
            (false, false, true, Some(_)) => Self::Graph,
            _ => Self::Table,
        }
    }
}

/// What is asked. A moment that is past is asked for as a range that begins and ends there.
fn source(expr: &str, matches: &ArgMatches, form: Form, paper: &Paper) -> Source {
    let now = Stamp(jiff::Timestamp::now().as_millisecond());
    let end = matches.get_one::<At>("at").map(|at| match at {
        At::Instant(at) => *at,
        At::Ago(ago) => now.before(*ago),
    });
    let span = matches.get_one::<Duration>("range").copied();
    let range = match (span, end) {
        (None, None) => return Source::Instant(expr.to_owned()),
        (Some(span), None) => TimeRange::Last(span),
        (span, Some(end)) => TimeRange::Between(end.before(span.unwrap_or_default()), end),
    };
    let width = paper.size.map_or(COLUMNS, |(columns, _)| columns);
    let step = matches.get_one("step").copied().unwrap_or_else(|| layout::step(range, width));
    let columns = if form == Form::Graph { width * 2 } else { WHOLE };
    Source::Range(RangeQuery { expr: expr.to_owned(), range, shift: Duration::ZERO, step, aligned: false, columns })
}

/// Rule 1: what is partial or old is said.
fn remarks(environment: &Environment, answer: &Answer, source: &Source, glance: &Glance) {
    answer.warnings.iter().for_each(|warning| print::say(&format!("partial: {warning}")));
    answer.infos.iter().for_each(|info| print::say(&format!("note: {info}")));
    let (end, step) = match source {
        Source::Range(query) => (query.range.window(glance.shared().server_now()).end, query.step),
        _ => (glance.shared().server_now(), Duration::ZERO),
    };
    let newest = answer.sampled_at.or_else(|| answer.newest());
    let Some(age) = newest.map(|at| end.since(at)).filter(|age| *age > (environment.refresh + step) * 2) else { return };
    let which = if answer.sampled_at.is_some() { "oldest sample behind this" } else { "newest sample" };
    print::say(&format!("stale: the {which} is {} old", human(age)));
}

/// That of the command line, or of the signal that asks the same.
fn unit(config: &Config, expr: &str, matches: &ArgMatches) -> Option<String> {
    let signals = || config.opening().into_iter().flat_map(|environment| &environment.signals);
    let of_signal = || signals().find(|signal| *signal.query == *expr)?.unit.as_ref().map(|unit| unit.0.clone());
    matches.get_one::<String>("unit").cloned().or_else(of_signal)
}

fn graph(
    expr: &str,
    answer: &Answer,
    source: &Source,
    unit: Option<&str>,
    glance: &Glance,
    paper: &Paper,
) -> Result<String, Failure> {
    let Source::Range(query) = source else { return Ok(String::new()) };
    let window = query.range.window(glance.shared().server_now());
    let question = Question { expr, window, unit };
    let drawn = graph::draw(&question, answer, &paper.look, paper.size.unwrap_or((COLUMNS, 24)));
    let buffer = drawn.map_err(|error| Failure::new(FailureKind::Bug, format!("{error:#}")))?;
    Ok(paper.picture(&buffer))
}

/// A line for each series, or for each sample with its time.
fn table(answer: &Answer, timed: bool, unit: Option<String>, paper: &Paper) -> String {
    let unit = unit.map(Unit);
    let value = |sample: &Sample| match &unit {
        Some(unit) => unit.format(sample.value, None).to_string(),
        None => written(sample.value),
    };
    let samples = || answer.series.iter().flat_map(|series| series.samples.iter().map(move |sample| (series, sample)));
    let cells = |(series, sample): (&Series, &Sample)| [(Role::Accent, value(sample)), (Role::Text, name(series))];
    if !timed {
        return Sheet::of(["VALUE", "SERIES"], samples().map(cells)).text(paper);
    }
    let timed = |both: (&Series, &Sample)| {
        let [value, series] = cells(both);
        [(Role::Dim, clock(both.1.at)), value, series]
    };
    Sheet::of(["TIME", "VALUE", "SERIES"], samples().map(timed)).text(paper)
}

fn name(series: &Series) -> String {
    if series.labels.is_empty() { "{}".to_owned() } else { series.labels.to_string() }
}

/// As Prometheus writes it.
fn written(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        value => value.to_string(),
    }
}

/// One object, so that no series is read without what is said of all. Samples are as Prometheus writes them: `[seconds, "value"]`.
fn object(environment: &Environment, expr: &str, answer: &Answer) -> Value {
    let sample = |sample: &Sample| json!([sample.at.seconds(), written(sample.value)]);
    let series = answer.series.iter().map(|series| {
        json!({ "labels": print::labels(&series.labels), "values": series.samples.iter().map(sample).collect::<Vec<_>>() })
    });
    json!({
        "environment": environment.name,
        "query": expr,
        "partial": !answer.warnings.is_empty(),
        "warnings": answer.warnings,
        "infos": answer.infos,
        "sampled_at": answer.sampled_at.map(print::time),
        "step_seconds": answer.step.map(|step| step.as_secs_f64()),
        "series": series.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_people_and_programs_write_it() {
        assert_eq!(at("2026-11-22T03:00:00Z"), Ok(At::Instant(Stamp(1_795_316_400_000))));
        assert_eq!(at("1795316400.5"), Ok(At::Instant(Stamp(1_795_316_400_500))));
        assert_eq!((at("10m"), at("-10m")), (Ok(At::Ago(Duration::from_secs(600))), Ok(At::Ago(Duration::from_secs(600)))));
        assert!(at("yesterday").is_err());
    }

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 3.0].map(written), ["NaN", "+Inf", "-Inf", "0.1", "3"]);
    }
}
