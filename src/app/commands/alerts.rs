//! Commands of the Alerts screen.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::ScreenId;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "alert",
        help: "Open one alert by its fingerprint",
        params: &[Param::required("fingerprint")],
        kind: CommandKind::Console,
        run: alert,
    },
    Command {
        name: "group",
        help: "Group alerts by a label; without one, by the next of the customary ones",
        params: &[Param::optional("label")],
        kind: CommandKind::Console,
        run: group,
    },
    Command {
        name: "suppressed",
        help: "Show or hide silenced and inhibited alerts",
        params: &[],
        kind: CommandKind::Console,
        run: suppressed,
    },
];

fn alert(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !model.screens.alerts.show(&model.shared, args.get(0)) {
        return model.complain(format!("no alert has the fingerprint {:?} now", args.get(0)));
    }
    model.screen = ScreenId::Alerts;
    vec![]
}

fn group(model: &mut Model, args: &Args) -> Vec<Effect> {
    model.screen = ScreenId::Alerts;
    let alerts = &mut model.screens.alerts;
    match args.get(0) {
        "" => alerts.group_next(),
        label => alerts.group = Some(label.to_owned()),
    }
    let words = alerts.group.as_ref().map_or_else(|| "not grouped".to_owned(), |label| format!("grouped by {label}"));
    model.say(words)
}

fn suppressed(model: &mut Model, _: &Args) -> Vec<Effect> {
    model.screen = ScreenId::Alerts;
    let hide = &mut model.screens.alerts.hide_suppressed;
    *hide = !*hide;
    let words = if *hide { "suppressed alerts are hidden" } else { "suppressed alerts are shown" };
    model.say(words)
}
