//! The flags and variables that are above every configuration file.

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::config::Overrides;

/// The flags, for every subcommand that reads the configuration.
pub fn args() -> [Arg; 5] {
    let text = |name: &'static str, variable, value, help| {
        Arg::new(name).long(name).env(variable).value_name(value).help(help).global(true).hide_env_values(true)
    };
    [
        text("config", "MIDWATCH_CONFIG", "FILE", "The only configuration file to read")
            .value_parser(value_parser!(std::path::PathBuf)),
        text("state", "MIDWATCH_STATE", "DIR", "The folder of the ledger: jobs, their logs, the audit trail")
            .value_parser(value_parser!(std::path::PathBuf)),
        text("environment", "MIDWATCH_ENVIRONMENT", "NAME", "The environment to open"),
        text("theme", "MIDWATCH_THEME", "NAME", "A theme's name, or the path of its file"),
        Arg::new("ascii")
            .long("ascii")
            .env("MIDWATCH_ASCII")
            .hide_env_values(true)
            .help("Draw with ASCII alone")
            .global(true)
            .action(ArgAction::SetTrue)
            .value_parser(FalseyValueParser::new()),
    ]
}

/// What they were set to.
pub fn read(matches: &ArgMatches) -> Overrides {
    Overrides {
        config: matches.get_one("config").cloned(),
        environment: matches.get_one("environment").cloned(),
        theme: matches.get_one("theme").cloned(),
        ascii: matches.get_flag("ascii"),
        state: matches.get_one("state").cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_before_or_behind_the_subcommand() {
        let command = clap::Command::new("midwatch").args(args()).subcommand(clap::Command::new("check"));
        for line in [["midwatch", "--ascii", "--environment=e", "check"], ["midwatch", "check", "--environment=e", "--ascii"]] {
            let matches = command.clone().get_matches_from(line);
            let overrides = read(matches.subcommand_matches("check").unwrap_or(&matches));
            assert_eq!((overrides.environment.as_deref(), overrides.ascii), (Some("e"), true));
        }
    }
}
