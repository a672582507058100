//! The key line: what the keys do here and now, or what was just said.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::keymap::Binding;
use crate::app::model::Model;
use crate::app::popup::Popup;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    if let Some(notice) = &model.notice {
        let role = if notice.bad { Role::Critical } else { Role::Accent };
        return pen.words(area, 0, role, Clean::new(&notice.text).as_str());
    }
    if let Some(Popup::Filter(line, _)) = &model.popup {
        let (before, after) = line.split();
        let text = format!("/{}{} ", Clean::new(before), Clean::new(after));
        pen.words(area, 0, Role::Text, &text);
        return pen.cursor(area, (1 + Clean::new(before).width()) as u16, 0);
    }
    let mut rest = area;
    for binding in keys(model, usize::from(area.width)) {
        let words = words(binding);
        let width = words.iter().map(|(_, text)| text.width()).sum::<usize>() as u16;
        pen.line(rest, 0, &words);
        if let Some(call) = &binding.run {
            pen.spots.put(Rect { width: width.min(rest.width), ..rest }, Spot::Call(call.clone()));
        }
        rest = Rect { x: rest.x + width.min(rest.width), width: rest.width.saturating_sub(width), ..rest };
    }
}

/// Movements are where everybody looks for them; help lists them.
fn moves(binding: &Binding) -> bool {
    binding.run.as_ref().is_some_and(|call| matches!(call.command, "left" | "right" | "up" | "down" | "crosshair"))
}

/// As many bindings as fit, those of the screen before those of everywhere; a command is named once.
fn keys(model: &Model, width: usize) -> Vec<&Binding> {
    let keymap = &model.shared.setup.keymap;
    let own = model.screen().contexts().iter().filter(|c| **c != "list").flat_map(|c| keymap.of(c));
    let mut fitting: Vec<&Binding> = Vec::new();
    let mut used = 0;
    for binding in own.chain(keymap.of("global")).filter(|b| !moves(b)) {
        let cost = words(binding).iter().map(|(_, text)| text.width()).sum::<usize>();
        let named = fitting.iter().any(|other| other.desc == binding.desc);
        if !named && used + cost <= width {
            used += cost;
            fitting.push(binding);
        }
    }
    fitting
}

fn words(binding: &Binding) -> [Words; 2] {
    [(Role::Accent, binding.keys()), (Role::Dim, format!(" {}  ", binding.desc))]
}
