//! The processes, units or containers of one service.

use ratatui::layout::Rect;

use crate::app::model::Model;
use crate::app::need::Source;
use crate::app::screens::services::rows::{self, RowId};
use crate::app::screens::services::{Open, condition};
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::domain::control::{Instance, Phase, Usage};
use crate::domain::service::Service;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::{bytes, coarse};
use crate::ui::screens::services::list::{phase_role, processors};
use crate::ui::screens::services::table::{self, Column, Row};
use crate::ui::screens::services::told;
use crate::ui::theme::Role;

const COLUMNS: &[Column] = &[
    Column::text("INSTANCE", 30),
    Column::text("STATE", 12),
    Column::number("SINCE", 7),
    Column::number("RESTARTS", 8),
    Column::number("CPU", 5),
    Column::number("MEMORY", 20),
    Column::text("CHECK", 9).from(90),
    Column::text("IMAGE", 40).from(120),
    Column::text("SAYS", 60),
];

/// Draws them.
pub fn draw(model: &Model, open: &Open, service: &Service, area: Rect, pen: &mut Pen<'_>) {
    let shared = &model.shared;
    let Some(control) = &service.control else {
        let mend = format!(
            " no control is configured: add control = {{ docker = \"…\" }} to [environments.{}.services.{}]",
            Clean::new(shared.environment().name.as_str()),
            Clean::new(service.name.as_str())
        );
        return pen.words(area, 1, Role::Dim, &mend);
    };
    let running = condition(shared, &open.name).map_or(0, crate::domain::control::Condition::running);
    let all = condition(shared, &open.name).map_or(0, |condition| condition.instances.len());
    let words = vec![(Role::Dim, format!(" {}  {running} of {all} running", Clean::new(control)))];
    let Some(below) = told(shared, open, &Source::Condition(open.name.clone()), words, area, pen) else { return };
    let fresh = shared.freshness(&Source::Condition(open.name.clone())).is_fresh();
    let rows: Vec<Row> = rows::instances(shared, open).iter().map(|one| row(model, open, one, fresh)).collect();
    table::draw(COLUMNS, &rows, open.selected.row(&open.ids(shared)), below, pen);
}

fn row(model: &Model, open: &Open, one: &Instance, fresh: bool) -> Row {
    let cpu = model.screens.services.meters.cpu(&open.name, &one.name);
    let value = |text: Option<String>| (if fresh { Role::Text } else { Role::Stale }, text.unwrap_or_default());
    let cells = vec![
        (Role::Text, Clean::new(&one.name).into_string()),
        state(one.phase, fresh),
        value(one.since.map(|since| coarse(model.shared.now.wall.since(since)))),
        value(one.restarts.map(|n| n.to_string())),
        value(cpu.map(processors)),
        value(one.usage.map(memory)),
        check(one.healthy),
        (Role::Dim, one.image.as_deref().map(|image| Clean::new(image).into_string()).unwrap_or_default()),
        (Role::Warning, one.detail.as_deref().map(|detail| Clean::new(detail).into_string()).unwrap_or_default()),
    ];
    Row { cells, spot: Spot::Row(RowId::Instance(one.name.clone())) }
}

fn state(phase: Phase, fresh: bool) -> Words {
    if fresh { (phase_role(Some(phase)), phase.word().to_owned()) } else { (Role::Stale, format!("was {}", phase.word())) }
}

fn memory(usage: Usage) -> String {
    let limit = usage.memory_limit_bytes.map_or_else(String::new, |limit| format!(" of {}", bytes(limit)));
    format!("{}{limit}", bytes(usage.memory_bytes))
}

fn check(healthy: Option<bool>) -> Words {
    match healthy {
        None => (Role::Dim, String::new()),
        Some(true) => (Role::Good, "healthy".to_owned()),
        Some(false) => (Role::Critical, "unhealthy".to_owned()),
    }
}
