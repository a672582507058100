//! `midwatch man`: manual pages, one for each command, from the command line itself.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_mangen::Man;

use crate::cli::{Subcommand, desk, exit::Exit, print};
use crate::config::Overrides;
use crate::domain::failure::{Failure, FailureKind};

pub(super) const SUBCOMMAND: Subcommand = Subcommand { command, run: main };

fn command() -> Command {
    let words = Arg::new("command").value_name("COMMAND").action(ArgAction::Append).help("Of this command, such as: jobs attach");
    let folder = Arg::new("write").long("write").value_name("FOLDER").value_parser(value_parser!(PathBuf));
    Command::new("man")
        .about("Print a manual page, or write all of them")
        .arg(words)
        .arg(folder.conflicts_with("command").help("Write every page there, such as /usr/local/share/man/man1"))
}

fn main(_: &Overrides, matches: &ArgMatches) -> ExitCode {
    desk::exit(run(matches)).report()
}

fn run(matches: &ArgMatches) -> Result<Exit, Failure> {
    let mut root = super::command();
    root.build();
    if let Some(folder) = matches.get_one::<PathBuf>("write") {
        write(&root, folder)?;
        return Ok(Exit::status(0));
    }
    let words: Vec<&String> = matches.get_many("command").into_iter().flatten().collect();
    let found = words.iter().try_fold(&root, |command, word| command.find_subcommand(word));
    let unknown = || Failure::new(FailureKind::Usage, "there is no such command").mend("midwatch --help lists them");
    print::data(&page(found.ok_or_else(unknown)?)?)?;
    Ok(Exit::status(0))
}

/// The page of a command and those of all below it; what is hidden has none.
fn write(command: &Command, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{}.1", name(command)));
    let told = |error: std::io::Error| {
        let failure = Failure::from(error);
        Failure { what: format!("{}: {}", path.display(), failure.what), ..failure }
    };
    std::fs::write(&path, page(command)?).map_err(told)?;
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help");
    shown.into_iter().try_for_each(|one| write(one, folder))
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name(command)).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
