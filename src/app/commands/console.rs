//! Commands that work on every screen.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::line::Line;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screens;
use crate::app::update;
use crate::domain::range::TimeRange;

/// Terminals drop what is longer, in base64, than 100 000 bytes with what stands around it.
const MOST_COPIED: usize = 74_994;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "screen",
        help: "Show a screen",
        params: &[Param::required("name").of(screens::NAMES)],
        kind: CommandKind::Console,
        run: screen,
    },
    Command {
        name: "help",
        help: "Show the keys that work here",
        params: &[],
        kind: CommandKind::Console,
        run: |model, _| open(model, Popup::Help(0)),
    },
    Command { name: "palette", help: "Find a command by its name", params: &[], kind: CommandKind::Console, run: palette },
    Command {
        name: "range",
        help: "Choose the time range of panels and graphs: 5m, 6h, 2d",
        params: &[Param::optional("duration")],
        kind: CommandKind::Console,
        run: range,
    },
    Command {
        name: "environment",
        help: "Switch to another environment",
        params: &[Param::optional("name")],
        kind: CommandKind::Console,
        run: environment,
    },
    Command {
        name: "filter",
        help: "Filter the list: words, label=value, label!=value, label=~part",
        params: &[Param::optional("text")],
        kind: CommandKind::Console,
        run: filter,
    },
    Command {
        name: "open",
        help: "Open what is selected",
        params: &[],
        kind: CommandKind::Console,
        run: |model, _| {
            let (screen, shared) = model.screen_mut();
            screen.open(shared).map_or_else(Vec::new, |call| update::run(model, &call))
        },
    },
    Command { name: "back", help: "Close what was opened last", params: &[], kind: CommandKind::Console, run: back },
    Command { name: "copy", help: "Copy what is selected to your clipboard", params: &[], kind: CommandKind::Console, run: copy },
    Command {
        name: "refresh",
        help: "Ask for everything now",
        params: &[],
        kind: CommandKind::Read,
        run: |_, _| vec![Effect::Refresh],
    },
    Command {
        name: "redraw",
        help: "Draw the whole screen anew",
        params: &[],
        kind: CommandKind::Console,
        run: |_, _| vec![Effect::Redraw],
    },
    Command {
        name: "suspend",
        help: "Go back to the shell; fg returns",
        params: &[],
        kind: CommandKind::Console,
        run: |_, _| vec![Effect::Suspend],
    },
    Command { name: "quit", help: "Leave midwatch", params: &[], kind: CommandKind::Console, run: |_, _| vec![Effect::Quit] },
];

fn open(model: &mut Model, popup: Popup) -> Vec<Effect> {
    model.popup = Some(popup);
    vec![]
}

fn screen(model: &mut Model, args: &Args) -> Vec<Effect> {
    match screens::by_name(args.get(0)) {
        Some(id) => model.screen = id,
        None => return model.complain(format!("there is no screen {:?}", args.get(0))),
    }
    vec![]
}

fn palette(model: &mut Model, _: &Args) -> Vec<Effect> {
    let keymap = &model.shared.setup.keymap;
    let picker = Picker::palette(|command| keymap.keys_of(command));
    open(model, Popup::Picker(picker))
}

fn range(model: &mut Model, args: &Args) -> Vec<Effect> {
    if args.get(0).is_empty() {
        let at = TimeRange::OFFERED.iter().position(|r| *r == model.shared.range).unwrap_or(0);
        let items = TimeRange::OFFERED.iter().map(|r| Item::new(&r.title(), "", "range", &r.written()));
        return open(model, Popup::Picker(Picker::new("Time range", items.collect()).at(at)));
    }
    match TimeRange::parse(args.get(0)) {
        Ok(range) => model.shared.range = range,
        Err(words) => return model.complain(words),
    }
    vec![]
}

fn environment(model: &mut Model, args: &Args) -> Vec<Effect> {
    let environments = &model.shared.setup.environments;
    if args.get(0).is_empty() {
        let item = |e: &crate::app::setup::Environment| {
            Item::new(e.name.as_str(), &format!("guard {}", e.guard), "environment", e.name.as_str())
        };
        let picker = Picker::new("Environment", environments.iter().map(item).collect()).at(model.shared.environment);
        return open(model, Popup::Picker(picker));
    }
    match environments.iter().position(|e| e.name.as_str() == args.get(0)) {
        Some(at) if at == model.shared.environment => model.say("you are already there"),
        Some(at) => {
            model.enter(at);
            vec![]
        }
        None => {
            let known: Vec<&str> = environments.iter().map(|e| e.name.as_str()).collect();
            let words = format!("no environment is called {:?}; there are {}", args.get(0), known.join(", "));
            model.complain(words)
        }
    }
}

fn filter(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return update::set_filter(model, args.get(0));
    }
    match model.screen_mut().0.filter().map(|f| f.clone()) {
        Some(now) => open(model, Popup::Filter(Line::new(&now), now)),
        None => model.say("nothing to filter here"),
    }
}

/// Esc closes the innermost thing, then a filter, and never leaves the console.
fn back(model: &mut Model, _: &Args) -> Vec<Effect> {
    let (screen, _) = model.screen_mut();
    if screen.back() {
        return vec![];
    }
    match screen.filter() {
        Some(filter) if !filter.is_empty() => {
            filter.clear();
            vec![]
        }
        _ => {
            let quit = model.shared.setup.keymap.keys_of("quit");
            model.say(format!("nothing is open here; {quit} leaves"))
        }
    }
}

fn copy(model: &mut Model, _: &Args) -> Vec<Effect> {
    match model.screen().copy(&model.shared) {
        Some(text) if text.len() > MOST_COPIED => {
            model.complain(format!("too long to copy: {} bytes, and terminals take {MOST_COPIED}", text.len()))
        }
        Some(text) => {
            model.say(format!("copied: {text}"));
            vec![Effect::Copy(text)]
        }
        None => model.say("nothing is selected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::catalog;

    #[test]
    fn every_screen_has_a_command() {
        let screen = catalog::find("screen").unwrap();
        assert!(screen.params[0].choices.iter().all(|name| screens::by_name(name).is_some()));
    }
}
