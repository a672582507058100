//! Commands of the Chaos screen. Breaking something is asked for in the words of the shell, and shown as a plan first.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::commands::backups::{plan, words};
use crate::app::commands::jobs::number;
use crate::app::confirm::Confirm;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};
use crate::app::screen::ScreenId;
use crate::app::screens::chaos::offers;
use crate::app::screens::jobs;
use crate::domain::chaos::gameday::{Filed, GameDay, Turn};
use crate::domain::job::{Control, Job};

pub const COMMANDS: &[Command] = &[
    Command {
        name: "drill",
        help: "Break something for a while, its end armed beforehand: drill postgres-paused --target postgres --for 60s",
        params: &[Param::optional("scenario [--target SERVICE]")],
        kind: CommandKind::Change,
        run: drill,
    },
    Command {
        name: "gameday",
        help: "Walk a GameDay, one plan after the other: its name, or a drill's number and its name",
        params: &[Param::optional("[number] name")],
        kind: CommandKind::Change,
        run: gameday,
    },
    Command { name: "abort", help: "End the drill that runs, and its fault", params: &[], kind: CommandKind::Change, run: abort },
    Command {
        name: "report",
        help: "Tell what a drill has shown, by its job's number",
        params: &[Param::required("number")],
        kind: CommandKind::Console,
        run: report,
    },
];

/// Without a name it is picked among what can be broken here.
fn drill(model: &mut Model, args: &Args) -> Vec<Effect> {
    if !args.get(0).is_empty() {
        return plan(model, words("drill", args.get(0)));
    }
    pick(model)
}

/// What can be broken here, to be picked.
pub(super) fn pick(model: &mut Model) -> Vec<Effect> {
    let items = items(model);
    if items.is_empty() {
        return model.complain("no scenario fits a service of this environment; midwatch chaos list tells why");
    }
    model.popup = Some(Popup::Picker(Picker::new("Break something for a while: the plan comes first", items)));
    vec![]
}

/// The drills of a `GameDay` in their order, to be picked; or the plan of one of them. Where there are several, it is picked first.
fn gameday(model: &mut Model, args: &Args) -> Vec<Effect> {
    let filed = &model.shared.environment().gamedays;
    let is_name = |text: &str| filed.iter().any(|filed| told(filed) == text);
    let (number, name) = if is_name(args.get(0)) { (None, args.get(0)) } else { numbered(args.get(0)) };
    let named: Vec<&Filed> = filed.iter().filter(|filed| name.is_empty() || told(filed) == name).collect();
    let (title, items) = match named.as_slice() {
        [] if filed.is_empty() => return model.complain("no GameDay is configured here: gamedays = [\"gamedays/*.toml\"]"),
        [] => return model.complain(format!("no GameDay here is called {name:?}")),
        [one] => match (&one.day, number) {
            (Err(wrong), _) => return model.complain(wrong.clone()),
            (Ok(day), Some(number)) => return planned(model, day.turns.get(number.wrapping_sub(1)).map(Turn::call)),
            (Ok(day), None) => (format!("GameDay: {}", day.name), walk(day)),
        },
        several => ("Which GameDay?".to_owned(), several.iter().map(|filed| choice(filed)).collect()),
    };
    model.popup = Some(Popup::Picker(Picker::new(&title, items)));
    vec![]
}

/// A drill's number, where there is one, and the rest.
fn numbered(text: &str) -> (Option<usize>, &str) {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    first.parse().map_or((None, text), |number| (Some(number), rest))
}

/// What a `GameDay` is called; of what could not be read, its file.
fn told(filed: &Filed) -> &str {
    filed.day.as_ref().map_or(&filed.file, |day| &day.name)
}

fn choice(filed: &Filed) -> Item {
    Item::new(told(filed), &filed.file, "gameday", told(filed))
}

fn walk(day: &GameDay) -> Vec<Item> {
    let item = |(turn, nth): (&Turn, usize)| {
        let words = turn.call().into_iter().skip(1).collect::<Vec<_>>().join(" ");
        let why = turn.why.as_deref().unwrap_or_default();
        Item::new(&format!("{nth}. {words}"), why, "gameday", &format!("{nth} {}", day.name))
    };
    day.turns.iter().zip(1..).map(item).collect()
}

fn planned(model: &mut Model, call: Option<Vec<String>>) -> Vec<Effect> {
    match call {
        Some(call) => plan(model, call),
        None => model.complain("this GameDay has no drill of that number"),
    }
}

fn items(model: &Model) -> Vec<Item> {
    let rows = offers::rows(&model.shared, "");
    let hits = rows.iter().filter_map(|row| Some((row, row.choice.target.as_ref()?)));
    hits.map(|(row, target)| {
        Item::new(&format!("{} on {target}", row.offer.scenario), row.offer.help, "drill", &row.choice.words())
    })
    .collect()
}

/// The drill that has not ended, as the ledger tells it on every screen.
fn running(model: &Model) -> Option<&Job> {
    jobs::known(&model.shared).iter().find(|job| jobs::is_live(job) && jobs::is_drill(job))
}

/// Asks before it asks, as all that ends a job early does.
fn abort(model: &mut Model, _: &Args) -> Vec<Effect> {
    let Some(job) = running(model) else { return model.complain("no drill runs") };
    model.popup = Some(Popup::Confirm(Confirm::control(job.id, Control::Cancel, job.plan.clone())));
    vec![]
}

fn report(model: &mut Model, args: &Args) -> Vec<Effect> {
    let known = number(args.get(0)).is_some_and(|job| model.screens.chaos.report(&model.shared, job));
    if !known {
        return model.complain(format!("{:?} is the number of no drill that the Chaos screen knows", args.get(0)));
    }
    model.screen = ScreenId::Chaos;
    vec![]
}
