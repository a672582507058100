//! Commands of the Services screen: the way there, and what is done to one session or client of a database. What changes anything is
//! asked for in the words of the shell, and shown as a plan first.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::commands::backups::{plan, words};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screen::ScreenId;
use crate::app::screens::services::rows::RowId;
use crate::app::screens::services::tab::Tab;
use crate::domain::range::clock;
use crate::domain::time::Stamp;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "services",
        help: "Show the services: how each is, what its control says, what it uses",
        params: &[],
        kind: CommandKind::Console,
        run: |model, _| go(model),
    },
    Command {
        name: "service",
        help: "Open one service by its name",
        params: &[Param::required("name")],
        kind: CommandKind::Console,
        run: |model, args| open(model, args.get(0), Tab::Instances),
    },
    Command {
        name: "logs",
        help: "Show a service's log; without a name the selected one's, or around when the selected alert began",
        params: &[Param::optional("service [@milliseconds]")],
        kind: CommandKind::Console,
        run: logs,
    },
    Command {
        name: "cancel-query",
        help: "Cancel the query of a PostgreSQL session: cancel-query shop-db --pid 4711; without one, of the selected one",
        params: &[Param::optional("service --pid N [--force]")],
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "cancel-query"),
    },
    Command {
        name: "terminate",
        help: "End a PostgreSQL session: terminate shop-db --pid 4711; without one, the selected one",
        params: &[Param::optional("service --pid N [--force]")],
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "terminate"),
    },
    Command {
        name: "kill-client",
        help: "Disconnect a client of a Redis: kill-client shop-cache --id 12; without one, the selected one",
        params: &[Param::optional("service --id N [--force]")],
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "kill-client"),
    },
];

fn go(model: &mut Model) -> Vec<Effect> {
    model.screen = ScreenId::Services;
    vec![]
}

fn open(model: &mut Model, name: &str, tab: Tab) -> Vec<Effect> {
    if !model.screens.services.show(&model.shared, name, tab) {
        return model.complain(format!("this environment has no service {name:?}"));
    }
    go(model)
}

fn over(model: &mut Model, args: &Args, routine: &str) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words(routine, args.get(0)));
    }
    match selected(model, routine) {
        Ok(given) => plan(model, words(routine, &given)),
        Err(why) => model.complain(why),
    }
}

/// What is selected, by all that tells it from others: its process may be another's before the plan is made.
fn selected(model: &Model, routine: &str) -> Result<String, String> {
    let row = model.screens.services.row(&model.shared).filter(|_| model.screen == ScreenId::Services);
    match row {
        Some((name, RowId::Session(id))) if routine != "kill-client" => {
            Ok(format!("{name} --pid {} --started {}", id.pid, id.started))
        }
        Some((name, RowId::Client(id))) if routine == "kill-client" => Ok(format!("{name} --id {id}")),
        Some((_, RowId::Stranger(0))) => Err("a prepared transaction has no session: ROLLBACK PREPARED ends it".to_owned()),
        Some((_, RowId::Stranger(pid))) => {
            Err(format!("process {pid} is no session that the server lists: it is gone, or not ours to see"))
        }
        _ if routine == "kill-client" => Err("which client? Select one on a Redis's Clients, or give its --id".to_owned()),
        _ => Err("which session? Select one on a PostgreSQL's Sessions or Locks, or give its --pid".to_owned()),
    }
}

/// `shop-db`, or `shop-db @1795316400000` for the minutes around that moment.
fn logs(model: &mut Model, args: &Args) -> Vec<Effect> {
    let (name, at) = args.get(0).split_once('@').map_or((args.get(0), None), |(name, at)| (name.trim(), at.parse().ok()));
    let alert = model.screens.alerts.meant(&model.shared).filter(|_| model.screen == ScreenId::Alerts);
    let alert = alert.map(|row| row.since);
    match (name, alert) {
        ("", Some(moment)) => pick(model, moment),
        ("", None) => match super::services::selected(model) {
            Ok(name) => show(model, name.as_str(), None),
            Err(why) => model.complain(why),
        },
        (name, _) => show(model, name, at.map(Stamp)),
    }
}

fn show(model: &mut Model, name: &str, around: Option<Stamp>) -> Vec<Effect> {
    let instance = match model.screens.services.row(&model.shared) {
        Some((open, RowId::Instance(instance))) if open.as_str() == name => Some(instance),
        _ => None,
    };
    let effects = open(model, name, Tab::Logs);
    if let Some(open) = &mut model.screens.services.open {
        (open.log.around, open.log.instance) = (around, instance);
    }
    effects
}

/// Which service an alert is about its labels tell, or do not: one is asked.
fn pick(model: &mut Model, moment: Stamp) -> Vec<Effect> {
    let services = &model.shared.environment().services;
    let items = services.iter().filter(|service| service.control.is_some());
    let items = items
        .map(|service| Item::new(service.name.as_str(), service.kind.word(), "logs", &format!("{} @{}", service.name, moment.0)));
    let title = format!("Logs around {}: of which service?", clock(moment));
    let picker = Picker::new(&title, items.collect());
    if picker.items.is_empty() {
        return model.complain("no service of this environment has a control that could tell its log");
    }
    model.popup = Some(Popup::Picker(picker));
    vec![]
}
