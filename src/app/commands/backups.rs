//! Commands of the Backups screen. What changes anything is asked for in the words of the shell, and shown as a plan first.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::confirm::Confirm;
use crate::app::effect::{Effect, Wish};
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screen::ScreenId;
use crate::app::screens::backups::Part;
use crate::app::screens::backups::shelf::{Lying, Shelf, backups};
use crate::app::screens::overview;
use crate::domain::backup::Method;
use crate::domain::backup::catalogue::Standing;
use crate::domain::name::Name;

pub const COMMANDS: &[Command] = &[
    Command {
        name: "backup",
        help: "Back up a service: backup shop-db --method physical; without a name, the selected one",
        params: &[Param::optional("service [--method NAME]")],
        kind: CommandKind::Change,
        run: backup,
    },
    Command {
        name: "verify",
        help: "Prove a backup by restoring it: its id, or --all; without one, the selected one",
        params: &[Param::optional("backup-id | --all")],
        kind: CommandKind::Change,
        run: verify,
    },
    Command {
        name: "clean",
        help: "Remove what backups that did not end left in a repository",
        params: &[Param::optional("repository")],
        kind: CommandKind::Change,
        run: |model, args| over_repository(model, args, "clean"),
    },
    Command {
        name: "prune",
        help: "Remove the backups that retention does not keep",
        params: &[Param::optional("repository")],
        kind: CommandKind::Change,
        run: |model, args| over_repository(model, args, "prune"),
    },
    Command {
        name: "adopt",
        help: "Take in the backups of a team's own scripts as they are: adopt shop-db /srv/dumps",
        params: &[Param::required("service path")],
        kind: CommandKind::Change,
        run: |model, args| plan(model, words("adopt", args.get(0))),
    },
    Command {
        name: "backups",
        help: "Show how a service is backed up, and what of it was proved",
        params: &[Param::required("service")],
        kind: CommandKind::Console,
        run: backups_of,
    },
    Command {
        name: "stored",
        help: "Open one backup by its id",
        params: &[Param::required("backup-id")],
        kind: CommandKind::Console,
        run: stored,
    },
];

/// A routine with what it is given, word by word as a shell would take it.
pub(super) fn words(routine: &str, given: &str) -> Vec<String> {
    std::iter::once(routine).chain(given.split_whitespace()).map(str::to_owned).collect()
}

/// Asks for a plan, and shows that it is worked out.
pub(super) fn plan(model: &mut Model, call: Vec<String>) -> Vec<Effect> {
    let wish = Wish { env: model.shared.epoch, call };
    model.popup = Some(Popup::Confirm(Confirm::plan(wish.clone())));
    vec![Effect::Plan(wish)]
}

/// The service that is selected on the screen that is shown.
fn selected_service(model: &Model) -> Result<Name, String> {
    match model.screen {
        ScreenId::Overview => {
            let overview = &model.screens.overview;
            let chosen = if overview.part == overview::Part::Services { overview.selected_service(&model.shared) } else { None };
            chosen.ok_or_else(|| "which service? Tab goes to the services; b backs the selected one up".to_owned())
        }
        ScreenId::Services => {
            let chosen = model.screens.services.meant(&model.shared);
            chosen.ok_or_else(|| "which service? Select one, or give its name".to_owned())
        }
        _ => selected_shelf(model).map(|shelf| shelf.service),
    }
}

fn selected_shelf(model: &Model) -> Result<Shelf, String> {
    let backups = &model.screens.backups;
    let open = backups.detail.as_ref().map(|detail| detail.shelf.clone());
    let selected = open.or_else(|| backups.shelf(&model.shared)).filter(|_| model.screen == ScreenId::Backups);
    selected.ok_or_else(|| "which service? Select one on the Backups screen, or give its name".to_owned())
}

/// Where a service can be backed up in several ways, one asks which; a way that is given, or the only one, is taken.
fn backup(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words("backup", args.get(0)));
    }
    let allowed = selected_service(model).and_then(|name| methods(model, &name).map(|methods| (name, methods)));
    match allowed {
        Err(why) => model.complain(why),
        Ok((name, methods)) if methods.len() > 1 => pick(model, &name, &methods),
        Ok((name, _)) => plan(model, words("backup", name.as_str())),
    }
}

fn methods(model: &Model, name: &Name) -> Result<Vec<Method>, String> {
    let env = model.shared.environment();
    let service = env.services.iter().find(|service| service.name == *name);
    let policy = service.and_then(|service| service.backup.as_ref());
    let missing =
        || format!("{name} has no backup policy: add [environments.{}.services.{name}.backup] to midwatch.toml", env.name);
    policy.map(|policy| policy.methods.clone()).ok_or_else(missing)
}

fn pick(model: &mut Model, name: &Name, methods: &[Method]) -> Vec<Effect> {
    let item = |method: &Method| {
        let call = format!("{name} --method {}", method.word());
        Item::new(method.word(), about(*method), "backup", &call)
    };
    let picker = Picker::new(&format!("Back up {name}: how?"), methods.iter().map(item).collect());
    model.popup = Some(Popup::Picker(picker));
    vec![]
}

fn about(method: Method) -> &'static str {
    match method {
        Method::Logical => "each database by itself: restored table by table, into any later version",
        Method::Physical => "the whole cluster as it lies on disk: large databases come back faster",
        Method::Rdb => "every key, as the server writes its own file",
        Method::Foreign => "somebody else's files",
    }
}

/// On the services the newest backup is meant, in the list the selected one.
fn verify(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words("verify", args.get(0)));
    }
    match selected_backup(model) {
        Ok(id) => plan(model, words("verify", &id)),
        Err(why) => model.complain(why),
    }
}

fn selected_backup(model: &Model) -> Result<String, String> {
    let screen = &model.screens.backups;
    if model.screen != ScreenId::Backups {
        return Err("which backup? Select one on the Backups screen, or give its id".to_owned());
    }
    if let Some(detail) = &screen.detail {
        return Ok(detail.entry.manifest.id.to_string());
    }
    if screen.part == Part::Shelves {
        let shelf = selected_shelf(model)?;
        let newest = backups(&model.shared, &shelf).into_iter().find(|entry| entry.standing() != Standing::Forged);
        let none = || format!("{} has no backup here that could be proved; b makes one", shelf.service);
        return newest.map(|entry| entry.manifest.id.to_string()).ok_or_else(none);
    }
    match screen.selected(&model.shared) {
        Some(Lying::Backup(entry)) => Ok(entry.manifest.id.to_string()),
        Some(Lying::Orphan(_)) => Err("it is no backup: what did not end cannot be proved, only cleaned".to_owned()),
        None => Err("no backup is selected".to_owned()),
    }
}

/// A routine over a whole repository: the one that is named, or that of the selected service.
fn over_repository(model: &mut Model, args: &Args, routine: &str) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words(routine, args.get(0)));
    }
    match selected_shelf(model) {
        Ok(shelf) => plan(model, words(routine, shelf.repository.as_str())),
        Err(why) => model.complain(why),
    }
}

fn backups_of(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !model.screens.backups.go_to(&model.shared, args.get(0)) {
        return model.complain(format!("{} is not backed up from here", args.get(0)));
    }
    model.screen = ScreenId::Backups;
    vec![]
}

fn stored(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !model.screens.backups.show(&model.shared, args.get(0)) {
        return model.complain(format!("no repository of this environment holds {:?}", args.get(0)));
    }
    model.screen = ScreenId::Backups;
    vec![]
}
