//! Commands of the demo.

use crate::app::command::{Args, Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::popup::{Item, Picker, Popup};

pub const COMMANDS: &[Command] = &[Command {
    name: "break",
    help: "Break something in the demo; it ends by itself",
    params: &[Param::optional("what")],
    kind: CommandKind::Change,
    run: break_something,
}];

fn break_something(model: &mut Model, args: &Args) -> Vec<Effect> {
    let offered = &model.shared.setup.breakages;
    if offered.is_empty() {
        return model.say("this works in the demo only: midwatch demo");
    }
    if args.get(0).is_empty() {
        let items = offered.iter().map(|(what, words)| Item::new(words, "ends by itself after 90 s", "break", what));
        let picker = Picker::new("Break something", items.collect());
        model.popup = Some(Popup::Picker(picker));
        return vec![];
    }
    if !offered.iter().any(|(what, _)| what == args.get(0)) {
        let known: Vec<&str> = offered.iter().map(|(what, _)| what.as_str()).collect();
        let words = format!("{:?} cannot be broken here; there are {}", args.get(0), known.join(", "));
        return model.complain(words);
    }
    let effect = Effect::Break(args.get(0).to_owned());
    model.say("arming its end…");
    vec![effect]
}
