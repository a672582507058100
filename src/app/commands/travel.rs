//! Movements, the same on every screen.

use crate::app::command::{Command, CommandKind, Param};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::Travel;

pub const COMMANDS: &[Command] = &[
    travel("down", "Move down", |model, _| go(model, Travel::Rows(1))),
    travel("up", "Move up", |model, _| go(model, Travel::Rows(-1))),
    travel("left", "Move left", |model, _| go(model, Travel::Columns(-1))),
    travel("right", "Move right", |model, _| go(model, Travel::Columns(1))),
    travel("page-down", "Move down a page", |model, _| go(model, Travel::Pages(1))),
    travel("page-up", "Move up a page", |model, _| go(model, Travel::Pages(-1))),
    travel("top", "Move to the top", |model, _| go(model, Travel::Ends(false))),
    travel("bottom", "Move to the bottom", |model, _| go(model, Travel::Ends(true))),
    Command {
        name: "focus",
        help: "Move the focus to another part of the screen",
        params: &[Param::required("where").of(&["next", "previous"])],
        kind: CommandKind::Console,
        run: |model, args| {
            let (screen, shared) = model.screen_mut();
            screen.focus(shared, args.get(0) == "next");
            vec![]
        },
    },
];

const fn travel(
    name: &'static str,
    help: &'static str,
    run: fn(&mut Model, &crate::app::command::Args) -> Vec<Effect>,
) -> Command {
    Command { name, help, params: &[], kind: CommandKind::Console, run }
}

fn go(model: &mut Model, travel: Travel) -> Vec<Effect> {
    let (screen, shared) = model.screen_mut();
    screen.travel(shared, travel);
    vec![]
}
