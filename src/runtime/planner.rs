//! From words to a plan: the same for the shell and for the console, so that they cannot differ.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::model::{Config, Environment};
use crate::domain::backup::BackupId;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::Plan;
use crate::jobs::routine::{Ask, Form, Given, Param, Routine};
use crate::jobs::routines;
use crate::jobs::site::Site;
use crate::ports::World;

/// A routine as a command line understands it.
pub fn command(routine: &Routine) -> Command {
    Command::new(routine.name).about(routine.help).args(routine.params.iter().map(argument))
}

fn argument(param: &Param) -> Arg {
    let arg = Arg::new(param.name).help(param.help);
    match param.form {
        Form::Positional => arg.value_name(param.name.to_uppercase()),
        Form::Flag => arg.long(param.name).action(ArgAction::SetTrue),
        Form::Valued([]) => arg.long(param.name).value_name(param.name.to_uppercase()),
        Form::Valued(choices) => arg.long(param.name).value_parser(choices.to_vec()),
    }
}

/// What a routine was given on a command line.
pub fn given(routine: &Routine, matches: &ArgMatches) -> Given {
    let value = |param: &Param| match param.form {
        Form::Flag => matches.get_flag(param.name).then(String::new),
        _ => matches.get_one::<String>(param.name).cloned(),
    };
    Given(routine.params.iter().filter_map(|param| Some((param.name.to_owned(), value(param)?))).collect())
}

/// The words of a call that mean the same wherever they are said.
pub fn words(routine: &Routine, given: &Given) -> Vec<String> {
    let mut words = vec![routine.name.to_owned()];
    for param in routine.params {
        let Some(value) = given.get(param.name) else { continue };
        match param.form {
            Form::Positional => words.push(value.to_owned()),
            Form::Flag => words.push(format!("--{}", param.name)),
            Form::Valued(_) => words.extend([format!("--{}", param.name), value.to_owned()]),
        }
    }
    words
}

/// Makes the plan that words ask for: `["backup", "shop-db", "--prove"]`. Only reads.
pub async fn plan(
    config: &Config,
    environment: &Name,
    words: &[String],
    world: &dyn World,
    live: &[BackupId],
) -> Result<Plan, Failure> {
    let routine = words.first().and_then(|name| routines::find(name)).ok_or_else(|| unknown(words))?;
    let matches = command(routine).no_binary_name(true).disable_help_flag(true).try_get_matches_from(&words[1..]);
    let given = given(routine, &matches.map_err(|error| Failure::new(FailureKind::Usage, said(&error)))?);
    let site = site(config, environment)?;
    (routine.plan)(&Ask { call: words, given: &given, site: &site, world, live }).await
}

fn unknown(words: &[String]) -> Failure {
    let name = words.first().map_or("", String::as_str);
    let names: Vec<_> = routines::ALL.iter().map(|routine| routine.name).collect();
    Failure::new(FailureKind::Usage, format!("no routine is called {name:?}")).mend(format!("there are {}", names.join(", ")))
}

/// The first line of what clap says, without its `error: `.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// An environment as routines see it.
pub fn site(config: &Config, environment: &Name) -> Result<Site, Failure> {
    let found = config.environments.iter().find(|one| one.name == *environment);
    let missing = || Failure::new(FailureKind::Config, format!("the configuration has no environment {environment}"));
    found.map(of).ok_or_else(missing)
}

fn of(environment: &Environment) -> Site {
    Site {
        environment: environment.name.clone(),
        guard: environment.guard,
        services: environment.services.clone(),
        repositories: environment.repositories.clone(),
        signals: environment.signals.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn asked(name: &str, line: &[&str]) -> Given {
        let routine = routines::find(name).unwrap();
        given(routine, &command(routine).no_binary_name(true).get_matches_from(line))
    }

    #[test]
    fn words_mean_the_same_after_they_were_understood() {
        let routine = routines::find("backup").unwrap();
        let line = ["--prove", "shop-db", "--method", "physical"];
        let words = words(routine, &asked("backup", &line));
        assert_eq!(words, ["backup", "shop-db", "--method", "physical", "--prove"]);
        let again: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        assert_eq!(asked("backup", &again), asked("backup", &line));
    }

    #[test]
    fn every_routine_is_a_command_line_that_explains_itself() {
        for routine in routines::ALL {
            command(routine).debug_assert();
            assert!(!routine.help.is_empty() && routine.params.iter().all(|param| !param.help.is_empty()), "{}", routine.name);
        }
    }
}
