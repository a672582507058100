//! Commands of the demo.

use crate::app::command::{Args, Command, CommandKind};
use crate::app::commands::chaos;
use crate::app::effect::Effect;
use crate::app::model::Model;

pub const COMMANDS: &[Command] = &[Command {
    name: "break",
    help: "Break something in the demo: a drill, whose plan comes first",
    params: &[],
    kind: CommandKind::Change,
    run: break_something,
}];

/// On a key that one presses looking for help nothing is offered to be broken where that would hurt.
fn break_something(model: &mut Model, _: &Args) -> Vec<Effect> {
    if model.shared.setup.demo { chaos::pick(model) } else { model.say("this works in the demo only: midwatch demo") }
}
