//! What every subcommand that works on an environment begins with: the configuration, the ledger, the world; or one look at it.

use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches};

use crate::app::need::Source;
use crate::cli::print;
use crate::config::model::{Config, Environment};
use crate::config::{self, Overrides, Places};
use crate::domain::failure::{Failure, FailureKind};
use crate::runtime::clerk::Clerk;
use crate::runtime::glance::Glance;
use crate::runtime::paper::Paper;

/// Reads the configuration.
pub fn config(overrides: &Overrides) -> Result<Config, Failure> {
    let config = config::load(overrides, &Places::of_process()?);
    config.map_err(|error| Failure::new(FailureKind::Config, error.to_string()))
}

/// Opens everything.
pub async fn open(overrides: &Overrides) -> Result<Clerk, Failure> {
    Clerk::open(Arc::new(config(overrides)?)).await
}

/// Asks the environment that opens, once. What could not be learned is said on standard error.
pub async fn glance(config: &Config, sources: &[Source]) -> Result<Glance, Failure> {
    let glance = Glance::at(config, sources).await?;
    for (source, fault) in &glance.faults {
        print::say(&format!("{}: {fault}", name(source)));
    }
    Ok(glance)
}

/// Of whom a source is asked.
fn name(source: &Source) -> &'static str {
    match source {
        Source::Alerts | Source::Silences => "alertmanager",
        _ => "prometheus",
    }
}

/// The words of a filter, as the console's `/` takes them.
pub fn filter_argument() -> Arg {
    let words = Arg::new("filter").value_name("WORD").action(ArgAction::Append);
    words.help("Only what passes, as on the console: words, label=value, label!=value, label=~part, state=WORD")
}

/// What they make together.
pub fn filter(matches: &ArgMatches) -> String {
    let words: Vec<&str> = matches.get_many::<String>("filter").into_iter().flatten().map(String::as_str).collect();
    words.join(" ")
}

/// The environment that opens, which must have a Prometheus.
pub fn with_prometheus(config: &Config) -> Result<&Environment, Failure> {
    let environment = config.opening().filter(|environment| environment.prometheus.is_some());
    environment.ok_or_else(|| {
        Failure::new(FailureKind::Config, format!("the environment {} has no Prometheus", config.environment))
            .mend(format!("[environments.{}.prometheus] url = \"http://prometheus:9090\"", config.environment))
    })
}

/// Standard output, in the theme of a configuration.
pub fn paper(config: &Config) -> Result<Paper, Failure> {
    Paper::of_process(config).map_err(|error| Failure::new(FailureKind::Config, format!("{error:#}")))
}
