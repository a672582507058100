//! The catalog: every command by name. Keys, palette, shell, help and completions all resolve here.

use crate::app::command::{Args, Call, Command};
use crate::app::commands;

/// Every command, in the order of help.
pub fn all() -> impl Iterator<Item = &'static Command> {
    commands::ALL.iter().copied().flatten()
}

/// A command by its name.
pub fn find(name: &str) -> Option<&'static Command> {
    all().find(|c| c.name == name)
}

/// Reads `name argument…`.
///
/// # Errors
/// A sentence that names the nearest command or the parameter that is missing.
pub fn parse(text: &str) -> Result<Call, String> {
    let text = text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let command = find(name).ok_or_else(|| unknown(name))?;
    let args = split(rest.trim(), command.params.len());
    check(command, &args)?;
    Ok(Call { command: command.name, args: Args(args) })
}

/// The last parameter takes the rest of the line, spaces and all.
fn split(rest: &str, params: usize) -> Vec<String> {
    if rest.is_empty() {
        return Vec::new();
    }
    if params <= 1 {
        return vec![rest.to_owned()];
    }
    rest.splitn(params, char::is_whitespace).map(str::to_owned).collect()
}

fn check(command: &Command, args: &[String]) -> Result<(), String> {
    if command.params.is_empty() && !args.is_empty() {
        return Err(format!("{} takes nothing", command.name));
    }
    for (n, param) in command.params.iter().enumerate() {
        match args.get(n) {
            None if param.required => return Err(format!("{} needs {}", command.name, usage(command))),
            Some(given) if !param.choices.is_empty() && !param.choices.contains(&given.as_str()) => {
                return Err(format!("{} takes {}, not {given:?}", command.name, param.choices.join(", ")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn unknown(name: &str) -> String {
    let near = all().map(|c| c.name).max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    format!("no command is called {name:?}; the nearest is {:?}", near.unwrap_or_default())
}

/// `<required> [optional]`.
pub fn usage(command: &Command) -> String {
    let words = command.params.iter().map(|p| if p.required { format!("<{}>", p.name) } else { format!("[{}]", p.name) });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_command_explains_itself() {
        let mut names: Vec<_> = all().map(|c| c.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(all().all(|c| !c.help.is_empty() && !c.name.contains(' ')));
    }

    #[test]
    fn a_wrong_name_meets_its_neighbour() {
        assert!(parse("scren overview").unwrap_err().contains("\"screen\""));
        assert!(parse("screen nowhere").unwrap_err().contains("overview"));
        assert!(parse("screen").unwrap_err().contains("<name>"));
        assert_eq!(parse(" filter severity = critical ").unwrap().args.get(0), "severity = critical");
    }
}
