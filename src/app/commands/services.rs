//! Commands over what holds services up. Each is asked for in the words of the shell, and shown as a plan first.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::commands::backups::{plan, words};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screen::ScreenId;
use crate::app::screens::overview::Part;
use crate::app::screens::services::rows::RowId;
use crate::app::screens::services::{self, condition};
use crate::domain::name::Name;
use crate::domain::service::about;

/// What most of them take; the selected service, and the selected instance, where nothing is given.
const SERVICE: &[Param] = &[Param::optional("service [--instance NAME]")];
/// The most instances that are offered to pick from.
const MOST: usize = 12;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "start",
        help: "Start what does not run of a service: start app",
        params: SERVICE,
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "start"),
    },
    Command {
        name: "stop",
        help: "Stop a service, and see that nothing answers any more: stop app; --force kills what does not end",
        params: &[Param::optional("service [--instance NAME] [--force]")],
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "stop"),
    },
    Command {
        name: "restart",
        help: "Restart a service, a healthy one instance by instance, and wait until it is healthy: restart app",
        params: &[Param::optional("service [--instance NAME] [--force]")],
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "restart"),
    },
    Command {
        name: "pause",
        help: "Stop a service in its tracks: it holds everything and does nothing",
        params: SERVICE,
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "pause"),
    },
    Command {
        name: "unpause",
        help: "Let a paused service go on",
        params: SERVICE,
        kind: CommandKind::Change,
        run: |model, args| over(model, args, "unpause"),
    },
    Command {
        name: "scale",
        help: "Make a service so many instances: scale worker 3",
        params: &[Param::optional("service number")],
        kind: CommandKind::Change,
        run: scale,
    },
    Command {
        name: "recover",
        help: "Find out what a service and all that it needs suffer from, and mend what can be mended without loss: recover app",
        params: &[Param::optional("service")],
        kind: CommandKind::Change,
        run: recover,
    },
    Command {
        name: "promote",
        help: "Let a standby of PostgreSQL take over; its primary is stopped first: promote shop-db-standby",
        params: &[Param::required("standby [--primary NAME] [--fenced]")],
        kind: CommandKind::Change,
        run: |model, args| whole(model, args, "promote"),
    },
    Command {
        name: "failover",
        help: "Let a replica of Redis take over; its primary is stopped first: failover shop-cache-replica",
        params: &[Param::required("replica [--primary NAME] [--fenced]")],
        kind: CommandKind::Change,
        run: |model, args| whole(model, args, "failover"),
    },
    Command {
        name: "rebuild",
        help: "Make a PostgreSQL a standby of the primary again, or a Redis its replica: rebuild shop-db",
        params: &[Param::required("service [--from PRIMARY]")],
        kind: CommandKind::Change,
        run: |model, args| whole(model, args, "rebuild"),
    },
];

fn over(model: &mut Model, args: &Args, routine: &str) -> Vec<Effect> {
    let one = instance(model).map_or_else(String::new, |one| format!(" --instance {one}"));
    over_selected(model, args, routine, &one)
}

/// A service as a whole, whichever of its instances is selected.
fn whole(model: &mut Model, args: &Args, routine: &str) -> Vec<Effect> {
    over_selected(model, args, routine, "")
}

/// From an alert: the service that it is about, as its labels tell.
fn recover(model: &mut Model, args: &Args) -> Vec<Effect> {
    let alert = model.screens.alerts.meant(&model.shared).filter(|_| model.screen == ScreenId::Alerts && args.get(0).is_empty());
    let Some(labels) = alert.map(|row| row.labels.clone()) else { return whole(model, args, "recover") };
    let names: Vec<Name> = about::about(&labels, &model.shared.environment().services).into_iter().cloned().collect();
    match names.as_slice() {
        [name] => plan(model, words("recover", name.as_str())),
        [] => model.complain(format!(
            "no service is known by this alert's labels ({}): recover NAME, or give the service labels in midwatch.toml",
            about::told(&labels)
        )),
        several => {
            let item = |name: &Name| Item::new(name.as_str(), "", "recover", name.as_str());
            let picker = Picker::new("The alert is about several services: recover which?", several.iter().map(item).collect());
            model.popup = Some(Popup::Picker(picker));
            vec![]
        }
    }
}

fn over_selected(model: &mut Model, args: &Args, routine: &str, more: &str) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words(routine, args.get(0)));
    }
    match selected(model) {
        Ok(name) => plan(model, words(routine, &format!("{name}{more}"))),
        Err(why) => model.complain(why),
    }
}

/// The service that is selected on the screen that is shown.
pub fn selected(model: &Model) -> Result<Name, String> {
    let (shared, screens) = (&model.shared, &model.screens);
    let name = match model.screen {
        ScreenId::Services => screens.services.meant(shared),
        ScreenId::Overview if screens.overview.part == Part::Services => screens.overview.selected_service(shared),
        _ => None,
    };
    name.ok_or_else(|| "which service? Give its name, or select it on the Services screen".to_owned())
}

/// The selected instance of several.
fn instance(model: &Model) -> Option<String> {
    let (name, row) = model.screens.services.row(&model.shared).filter(|_| model.screen == ScreenId::Services)?;
    let several = condition(&model.shared, &name).is_some_and(|condition| condition.instances.len() > 1);
    match row {
        RowId::Instance(instance) if several => Some(instance),
        _ => None,
    }
}

/// Without a number one is picked.
fn scale(model: &mut Model, args: &Args) -> Vec<Effect> {
    let name = match args.get(0) {
        "" => selected(model),
        given if given.contains(char::is_whitespace) => return plan(model, words("scale", given)),
        name => Ok(Name::from(name)),
    };
    match name {
        Ok(name) => pick(model, &name),
        Err(why) => model.complain(why),
    }
}

fn pick(model: &mut Model, name: &Name) -> Vec<Effect> {
    if services::find(&model.shared, name).is_none() {
        return model.complain(format!("this environment has no service {name:?}"));
    }
    let now =
        condition(&model.shared, name).map_or(0, |condition| condition.instances.iter().filter(|one| one.phase.is_up()).count());
    let item = |to: usize| Item::new(&to.to_string(), if to == now { "as it is" } else { "" }, "scale", &format!("{name} {to}"));
    let items = (0..=MOST.max(now + 2)).map(item).collect();
    model.popup = Some(Popup::Picker(Picker::new(&format!("How many instances of {name}?"), items).at(now)));
    vec![]
}
