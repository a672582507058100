//! Commands of the Alerts screen.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::ScreenId;
use crate::app::screens::alerts::Tab;

/// Every tab there is.
const TABS: &[&str] = &[
    "next",
    "previous",
    "alerts",
    "silences",
    "rules",
    "targets",
    "scenarios",
    "drill",
    "past",
    "instances",
    "logs",
    "sessions",
    "locks",
    "slow",
    "replication",
    "clients",
    "slowlog",
    "memory",
    "keyspace",
];

pub const COMMANDS: &[Command] = &[
    Command {
        name: "alert",
        help: "Open one alert by its fingerprint",
        params: &[Param::required("fingerprint")],
        kind: CommandKind::Console,
        run: alert,
    },
    Command {
        name: "rule",
        help: "Open one rule by its name",
        params: &[Param::required("name")],
        kind: CommandKind::Console,
        run: rule,
    },
    Command {
        name: "tab",
        help: "Show another tab: of the Chaos screen, of the service that is open, or of the Alerts screen",
        params: &[Param::required("which").of(TABS)],
        kind: CommandKind::Console,
        run: tab,
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
    if !model.screens.alerts.list.show(&model.shared, args.get(0)) {
        return model.complain(format!("no alert has the fingerprint {:?} now", args.get(0)));
    }
    go(model, Tab::Alerts)
}

fn rule(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !model.screens.alerts.rules.show(&model.shared, args.get(0)) {
        return model.complain(format!("Prometheus has told of no rule {:?}", args.get(0)));
    }
    go(model, Tab::Rules)
}

fn tab(model: &mut Model, args: &Args) -> Vec<Effect> {
    if model.screen == ScreenId::Services && model.screens.services.go(&model.shared, args.get(0)) {
        return vec![];
    }
    if model.screen == ScreenId::Chaos && model.screens.chaos.go(args.get(0)) {
        return vec![];
    }
    let shown = model.screens.alerts.tab;
    let tab = match args.get(0) {
        "next" => Some(shown.beside(true)),
        "previous" => Some(shown.beside(false)),
        name => Tab::by_name(name),
    };
    match tab {
        Some(tab) => go(model, tab),
        None => model.complain(format!("there is no tab {:?} here: open a service that has it", args.get(0))),
    }
}

fn go(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.screen = ScreenId::Alerts;
    model.screens.alerts.tab = tab;
    vec![]
}

fn group(model: &mut Model, args: &Args) -> Vec<Effect> {
    go(model, Tab::Alerts);
    let alerts = &mut model.screens.alerts.list;
    match args.get(0) {
        "" => alerts.group_next(),
        label => alerts.group = Some(label.to_owned()),
    }
    let words = alerts.group.as_ref().map_or_else(|| "not grouped".to_owned(), |label| format!("grouped by {label}"));
    model.say(words)
}

fn suppressed(model: &mut Model, _: &Args) -> Vec<Effect> {
    go(model, Tab::Alerts);
    let hide = &mut model.screens.alerts.list.hide_suppressed;
    *hide = !*hide;
    let words = if *hide { "suppressed alerts are hidden" } else { "suppressed alerts are shown" };
    model.say(words)
}
