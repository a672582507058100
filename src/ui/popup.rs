//! What lies over a screen: help, a list to pick from, the keys that may follow, a plan, what happened meanwhile.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::keymap::Binding;
use crate::app::model::Model;
use crate::app::popup::{Picker, Popup};
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::domain::clean::Clean;
use crate::ui::pen::{Pen, Words};
use crate::ui::theme::Role;
use crate::ui::{away, confirm};

/// No list to pick from is wider than this.
const WIDEST: u16 = 110;

/// Draws what lies over the body, if anything does.
pub fn draw(model: &Model, body: Rect, pen: &mut Pen<'_>) {
    match &model.popup {
        Some(Popup::Help(scroll)) => help(model, *scroll, body, pen),
        Some(Popup::Picker(picker)) => pick(picker, body, pen),
        Some(Popup::Confirm(asked)) => confirm::draw(model, asked, body, pen),
        Some(Popup::Away(scroll)) => away::draw(model, *scroll, body, pen),
        None if !model.pending.is_empty() => which_key(model, body, pen),
        Some(Popup::Filter(..)) | None => {}
    }
}

/// An area of a size in the middle of the body, as far as it fits.
pub fn centred(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height }
}

/// The keys of this screen first, then those of everywhere.
fn help(model: &Model, scroll: usize, body: Rect, pen: &mut Pen<'_>) {
    let keymap = &model.shared.setup.keymap;
    let mut lines: Vec<Vec<Words>> = Vec::new();
    for context in model.screen().contexts().iter().chain(&["global"]) {
        let mut bindings = merged(keymap.of(context)).into_iter().peekable();
        if bindings.peek().is_some() {
            lines.push(vec![(Role::Title, heading(context).to_owned())]);
        }
        lines.extend(bindings.map(|(keys, desc)| vec![(Role::Accent, format!("  {keys:<18} ")), (Role::Text, desc)]));
    }
    let area = centred(body, 58, lines.len() as u16 + 2);
    let inside = pen.window(area, "Keys (any other key closes)");
    let first = scroll.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(inside.height)).enumerate() {
        pen.line(inside, row as u16, line);
    }
}

fn heading(context: &str) -> &str {
    match context {
        "global" => "Everywhere",
        "list" => "Moving",
        _ => "This screen",
    }
}

/// Bindings that do the same, on one line.
fn merged<'a>(bindings: impl Iterator<Item = &'a Binding>) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for binding in bindings {
        match lines.iter_mut().find(|(_, desc)| *desc == binding.desc) {
            Some((keys, _)) => *keys = format!("{keys}, {}", binding.keys()),
            None => lines.push((binding.keys(), binding.desc.clone())),
        }
    }
    lines
}

fn pick(picker: &Picker, body: Rect, pen: &mut Pen<'_>) {
    let matches = picker.matches();
    let wide = matches.iter().map(|i| i.label.width().min(60)).max().unwrap_or(0);
    let height = (picker.items.len() as u16 + 3).min(body.height.max(5) - 2);
    let area = centred(body, (body.width.saturating_sub(4)).min(WIDEST), height);
    let inside = pen.window(area, &picker.title);
    let (before, after) = picker.line.split();
    pen.line(inside, 0, &[(Role::Accent, "> ".into()), (Role::Text, format!("{}{} ", Clean::new(before), Clean::new(after)))]);
    pen.cursor(inside, (2 + Clean::new(before).width()) as u16, 0);
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    if matches.is_empty() {
        return pen.words(list, 0, Role::Dim, "nothing matches");
    }
    let first = first_row(Some(picker.selected), matches.len(), usize::from(list.height));
    for (row, item) in matches.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let label = Clean::new(&item.label);
        let pad = wide.saturating_sub(label.width()) + 2;
        let words = [(Role::Text, format!(" {label}{:pad$}", "")), (Role::Dim, Clean::new(&item.detail).into_string())];
        pen.spot(list, (row - first) as u16, Spot::Offer(row));
        pen.line(list, (row - first) as u16, &words);
        if row == picker.selected {
            pen.mark(list, (row - first) as u16, Role::Selection);
        }
    }
}

/// The keys that may follow those pressed so far.
fn which_key(model: &Model, body: Rect, pen: &mut Pen<'_>) {
    let keymap = &model.shared.setup.keymap;
    let contexts = model.screen().contexts();
    let lines: Vec<Vec<Words>> = keymap
        .continuations(contexts, &model.pending)
        .map(|b| vec![(Role::Accent, format!(" {} ", b.on[model.pending.len()])), (Role::Text, b.desc.clone())])
        .collect();
    let pressed: Vec<String> = model.pending.iter().map(ToString::to_string).collect();
    let height = (lines.len() as u16 + 2).min(body.height);
    let area = Rect { y: body.bottom() - height, height, width: body.width.min(40), x: body.x };
    let inside = pen.window(area, &format!("{} …", pressed.join(" ")));
    for (row, line) in lines.iter().enumerate() {
        pen.line(inside, row as u16, line);
    }
}
