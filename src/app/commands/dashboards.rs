//! Commands of the Dashboards screen.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screen::ScreenId;
use crate::app::screens::dashboards::{Board, files, title};

/// One press of a crosshair key, in thousandths of the range.
const CROSSHAIR: i16 = 20;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "dashboard",
        help: "Open a dashboard by its title or path",
        params: &[Param::optional("name")],
        kind: CommandKind::Console,
        run: dashboard,
    },
    Command {
        name: "variable",
        help: "Choose a value of a dashboard's variable: variable instance=app-1",
        params: &[Param::optional("name=value")],
        kind: CommandKind::Console,
        run: variable,
    },
    Command {
        name: "zoom",
        help: "Halve or double the time range",
        params: &[Param::required("way").of(&["in", "out"])],
        kind: CommandKind::Console,
        run: zoom,
    },
    Command {
        name: "crosshair",
        help: "Move the crosshair through the graphs",
        params: &[Param::required("way").of(&["left", "right"])],
        kind: CommandKind::Console,
        run: crosshair,
    },
];

fn dashboard(model: &mut Model, args: &Args) -> Vec<Effect> {
    model.screen = ScreenId::Dashboards;
    if args.get(0).is_empty() {
        let item = |file| Item::new(title(file), &file.path, "dashboard", &file.path);
        let picker = Picker::new("Dashboard", files(&model.shared).iter().map(item).collect());
        model.popup = Some(Popup::Picker(picker));
        return vec![];
    }
    match model.screens.dashboards.show(&model.shared, args.get(0)) {
        Ok(()) => vec![],
        Err(words) => model.complain(words),
    }
}

/// Without an argument it offers the variables, with a name its values, with both it chooses.
fn variable(model: &mut Model, args: &Args) -> Vec<Effect> {
    let Some(board) = &mut model.screens.dashboards.board else { return model.say("open a dashboard first") };
    let picker = match args.get(0).split_once('=') {
        Some((name, value)) => {
            board.chosen.insert(name.to_owned(), value.to_owned());
            return vec![];
        }
        None if args.get(0).is_empty() => pick_variable(board),
        None => pick_value(board, args.get(0)),
    };
    match picker {
        Some(picker) => model.popup = Some(Popup::Picker(picker)),
        None => return model.say("this dashboard has no variable to choose"),
    }
    vec![]
}

/// The variables; where there is only one, its values at once.
fn pick_variable(board: &Board) -> Option<Picker> {
    match board.prepared.offers.as_slice() {
        [] => None,
        [only] => pick_value(board, &only.name),
        offers => {
            let items = offers.iter().map(|o| Item::new(&o.title, &o.text, "variable", &o.name));
            Some(Picker::new("Variable", items.collect()))
        }
    }
}

fn pick_value(board: &Board, name: &str) -> Option<Picker> {
    let offer = board.prepared.offers.iter().find(|o| o.name == name)?;
    let at = offer.values.iter().position(|(_, value)| *value == offer.chosen).unwrap_or(0);
    let items = offer.values.iter().map(|(text, value)| Item::new(text, "", "variable", &format!("{name}={value}")));
    Some(Picker::new(&offer.title, items.collect()).at(at))
}

fn zoom(model: &mut Model, args: &Args) -> Vec<Effect> {
    let factor = if args.get(0) == "in" { 0.5 } else { 2.0 };
    model.shared.range = model.shared.range.scaled(factor);
    let words = model.shared.range.title();
    model.say(words)
}

fn crosshair(model: &mut Model, args: &Args) -> Vec<Effect> {
    match &mut model.screens.dashboards.board {
        Some(board) => board.move_crosshair(if args.get(0) == "left" { -CROSSHAIR } else { CROSSHAIR }),
        None => return model.say("open a dashboard first"),
    }
    vec![]
}
