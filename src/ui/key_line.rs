//! The key line: what the keys do here and now, or what was just said.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::keymap::Binding;
use crate::app::model::Model;
use crate::app::popup::Popup;
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
    pen.line(area, 0, &keys(model, usize::from(area.width)));
}

/// Movements are where everybody looks for them; help lists them.
fn moves(binding: &Binding) -> bool {
    binding.run.as_ref().is_some_and(|call| matches!(call.command, "left" | "right" | "up" | "down" | "crosshair"))
}

/// As many bindings as fit, those of the screen before those of everywhere; a command is named once.
fn keys(model: &Model, width: usize) -> Vec<Words> {
    let keymap = &model.shared.setup.keymap;
    let own = model.screen().contexts().iter().filter(|c| **c != "list").flat_map(|c| keymap.of(c));
    let mut named: Vec<&str> = Vec::new();
    let mut words: Vec<Words> = Vec::new();
    let mut used = 0;
    let shown = own.chain(keymap.of("global")).filter(|b| !moves(b));
    for binding in shown {
        let (keys, desc) = (binding.keys(), binding.desc.as_str());
        let cost = keys.width() + desc.width() + 3;
        if named.contains(&desc) || used + cost > width {
            continue;
        }
        used += cost;
        named.push(desc);
        words.push((Role::Accent, keys));
        words.push((Role::Dim, format!(" {desc}  ")));
    }
    words
}
