//! `midwatch check`: says of everything the configuration needs whether it is there, and how to mend what is not.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::{self, ConfigError, Overrides, Places};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::name::Name;
use crate::domain::problem::Problem;
use crate::runtime::check::terminal::{self, Terminal};
use crate::runtime::check::{self, Finding, Verdict};

/// The exit code when something is missing: `EX_CONFIG`.
const MISSING: u8 = 78;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

/// The subcommand.
fn command() -> Command {
    Command::new("check")
        .about("Test everything the configuration needs, and say how to mend what is missing")
        .after_help("Exits with 0 when nothing is missing, else with 78.")
        .arg(print::json_argument())
}

fn main(overrides: &Overrides, matches: &ArgMatches) -> ExitCode {
    super::wait_for(async { desk::exit(run(matches, overrides).await) })
}

async fn run(matches: &ArgMatches, overrides: &Overrides) -> Result<Exit, Failure> {
    let terminal = Terminal::of_process();
    let outcome = Outcome::of(overrides, &Places::of_process()?, &terminal).await;
    print::told(matches, || [outcome.json()], || outcome.text(terminal.is_utf8() && !overrides.ascii))?;
    Ok(Exit::status(if outcome.is_good() { 0 } else { MISSING }))
}

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    /// What is wrong with the configuration: then nothing else but the terminal was looked at.
    pub config: Option<ConfigError>,
    /// What was looked at, in the configuration's order.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Looks at everything.
    pub async fn of(overrides: &Overrides, places: &Places, terminal: &Terminal) -> Self {
        match config::load(overrides, places) {
            Err(error) => Self { config: Some(error), findings: terminal::check(terminal, overrides.ascii) },
            Ok(config) => {
                let mut findings = check::run(&config).await;
                findings.extend(terminal::check(terminal, config.ascii));
                Self { config: None, findings }
            }
        }
    }

    /// Whether nothing is missing.
    pub fn is_good(&self) -> bool {
        self.config.is_none() && self.missing() == 0
    }

    fn missing(&self) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Missing).count()
    }

    /// For people.
    pub fn text(&self, unicode: bool) -> String {
        let mut text = self.config.as_ref().map(|error| format!("{error}\n\n")).unwrap_or_default();
        let environments = widest(self.findings.iter().map(environment));
        let subjects = widest(self.findings.iter().map(subject));
        for finding in &self.findings {
            let mark = mark(finding.verdict, unicode);
            let (environment, subject) = (environment(finding), subject(finding));
            let detail = Clean::new(&finding.detail);
            let _ = writeln!(text, "{mark:<4} {environment:environments$}  {subject:subjects$}  {detail}");
            if let Some(mend) = &finding.mend {
                let _ = writeln!(text, "       {} {}", if unicode { "→" } else { "->" }, Clean::new(mend));
            }
        }
        let _ = writeln!(text, "\n{}", self.summary());
        text
    }

    fn summary(&self) -> String {
        match (&self.config, self.missing()) {
            (Some(_), _) => "Nothing was connected to: mend the configuration first.".to_owned(),
            (None, 0) => "Everything the configuration needs is there.".to_owned(),
            (None, 1) => "One thing is missing.".to_owned(),
            (None, many) => format!("{many} things are missing."),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let problems: Vec<_> = match &self.config {
            Some(ConfigError::Wrong(problems)) => problems.iter().map(of_problem).collect(),
            Some(missing @ ConfigError::Missing { .. }) => vec![of_problem(&Problem::new(missing.to_string()))],
            None => Vec::new(),
        };
        let findings = problems.into_iter().chain(self.findings.iter().map(of_finding));
        json!({ "ok": self.is_good(), "findings": findings.collect::<Vec<_>>() })
    }
}

fn environment(finding: &Finding) -> &str {
    finding.environment.as_ref().map_or("-", Name::as_str)
}

fn subject(finding: &Finding) -> Clean {
    Clean::new(&finding.subject)
}

fn widest(texts: impl Iterator<Item = impl AsRef<str>>) -> usize {
    texts.map(|text| text.as_ref().width()).max().unwrap_or_default()
}

fn mark(verdict: Verdict, unicode: bool) -> &'static str {
    match verdict {
        Verdict::Good => "ok",
        Verdict::Note => "note",
        Verdict::Missing if unicode => "✗",
        Verdict::Missing => "x",
    }
}

fn of_finding(finding: &Finding) -> Value {
    let verdict = match finding.verdict {
        Verdict::Good => "ok",
        Verdict::Note => "note",
        Verdict::Missing => "missing",
    };
    json!({
        "environment": finding.environment.as_ref().map(Name::as_str),
        "subject": subject(finding).as_str(),
        "verdict": verdict,
        "detail": Clean::new(&finding.detail).as_str(),
        "mend": finding.mend.as_deref().map(|mend| Clean::new(mend).into_string()),
    })
}

fn of_problem(problem: &Problem) -> Value {
    let subject = problem.at.as_ref().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
    json!({
        "environment": null,
        "subject": subject.map_or("configuration".to_owned(), |subject| Clean::new(&subject).into_string()),
        "verdict": "missing",
        "detail": Clean::new(&problem.message).as_str(),
        "mend": problem.hint.as_deref().map(|hint| Clean::new(hint).into_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        let finding = |name: &str, verdict, detail: &str, mend: Option<&str>| Finding {
            environment: Some(Name::from("production")),
            subject: name.to_owned(),
            verdict,
            detail: detail.to_owned(),
            mend: mend.map(str::to_owned),
        };
        let findings = vec![
            finding("prometheus", Verdict::Good, "http://prom:9090  2.42.0, 14 ms", None),
            finding("prometheus.rules", Verdict::Note, "1 of 9 rules fail: bad\u{1b}[2J", Some("promtool check rules")),
            finding("services.db.password", Verdict::Missing, "file:/p: others can read it", Some("chmod 600 /p")),
            Finding { environment: None, ..finding("terminal", Verdict::Good, "xterm", None) },
        ];
        Outcome { config: None, findings }
    }

    #[test]
    fn everything_that_was_looked_at_is_told_in_columns() {
        insta::assert_snapshot!(outcome().text(true));
    }

    #[test]
    fn without_unicode_the_report_is_ascii() {
        assert!(outcome().text(false).is_ascii());
    }

    #[test]
    fn programs_are_told_the_same() {
        let told = outcome().json();
        assert_eq!(told["ok"], json!(false));
        assert_eq!(told["findings"][2]["mend"], "chmod 600 /p");
        assert_eq!(told["findings"][1]["detail"], "1 of 9 rules fail: bad\\x1b[2J");
    }

    #[test]
    fn problems_of_the_configuration_are_findings_for_programs() {
        let problem = Problem::new("no environment \"x\"").hint("did you mean \"y\"?");
        let wrong = Outcome { config: Some(ConfigError::Wrong(vec![problem])), findings: Vec::new() };
        assert!(!wrong.is_good());
        assert_eq!(wrong.json()["findings"][0]["mend"], "did you mean \"y\"?");
        assert!(wrong.text(true).contains("mend the configuration first"));
    }
}
