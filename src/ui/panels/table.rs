//! `table`: labels and values as rows and columns.

mod frame;
mod transform;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::grafana::model::{Cell, FieldOptions, PanelKind};
use crate::ui::panels::Input;
use crate::ui::panels::bar::{Reach, bar};
use crate::ui::panels::field::Overrides;
use crate::ui::panels::number::{Shown, show, show_text, sign};
use crate::ui::panels::words::put;
use crate::ui::theme::{Look, Role};
use frame::{Frame, Value};

/// Columns between two columns.
const GAP: u16 = 2;
/// Narrower than this a column tells nothing.
const NARROWEST: u16 = 4;

/// A column as it is drawn.
struct Drawn<'a> {
    title: String,
    options: Cow<'a, FieldOptions>,
    cells: Vec<Value<'a>>,
    numeric: bool,
    width: u16,
}

/// How many rows the panel's table has, for those who scroll it.
pub fn rows(input: &Input) -> usize {
    transform::transformed(input).0.rows()
}

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let (mut frame, undone) = transform::transformed(input);
    if let PanelKind::Table(options) = &input.panel.kind
        && let Some((field, descending)) = &options.sort
    {
        transform::sort(&mut frame, field, *descending);
    }
    let total = frame.rows();
    let body = usize::from(area.height.saturating_sub(1));
    let notes = usize::from(total > body || !undone.is_empty());
    let visible = body.saturating_sub(notes);
    let first = input.scroll.min(total.saturating_sub(visible));
    let shown: Vec<usize> = (first..total.min(first + visible)).collect();
    frame.pick(&shown);
    let mut columns = columns(input, frame);
    let all = columns.len();
    fit(&mut columns, input.look, area.width);
    draw_columns(&columns, input.look, area, buf);
    let unseen = Unseen { before: first, after: total - first - shown.len(), columns: all - columns.len(), undone };
    if let Some(y) = (notes > 0).then(|| area.bottom() - 1).filter(|y| *y > area.y) {
        let text = input.look.fit(&unseen.words(), area.width.into()).into_owned();
        put(buf, area.x, y, &text, area.width.into(), input.look.style(Role::Dim));
    }
}

/// What of a table is not on the screen.
struct Unseen<'a> {
    before: usize,
    after: usize,
    columns: usize,
    undone: Vec<&'a str>,
}

impl Unseen<'_> {
    fn words(&self) -> String {
        let count = |n: usize, what: &str| (n > 0).then(|| format!("+{n} {what}"));
        let undone = (!self.undone.is_empty()).then(|| format!("not done: {}", Clean::new(&self.undone.join(", "))));
        let parts = [count(self.after, "more rows"), count(self.before, "above"), count(self.columns, "columns"), undone];
        parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }
}

fn columns<'a>(input: &Input<'a>, frame: Frame<'a>) -> Vec<Drawn<'a>> {
    let overrides = Overrides::new(input.panel);
    let drawn = frame.columns.into_iter().filter(|c| !is_the_one_instant(c)).map(|column| {
        let numeric = column.cells.iter().any(|c| matches!(c, Value::Number(_)));
        let kind = match column.cells.first() {
            Some(Value::Time(_)) => "time",
            _ if numeric => "number",
            _ => "string",
        };
        let options = overrides.of_type(&column.name, column.query, kind);
        let title = Clean::new(options.display_name.as_deref().unwrap_or(&column.name)).into_string();
        Drawn { title, options, cells: column.cells, numeric, width: 0 }
    });
    drawn.filter(|d| !d.options.hidden).collect()
}

/// Instant queries stamp every row with the same "now": a column of it tells nothing.
fn is_the_one_instant(column: &frame::Column) -> bool {
    column.name == "Time" && column.cells.windows(2).all(|pair| pair[0] == pair[1])
}

fn cell(column: &Drawn, value: &Value, look: &Look) -> Shown {
    match value {
        Value::Empty if column.numeric => {
            let text = column.options.no_value.as_deref().unwrap_or(look.pick("–", "-"));
            show_text(&FieldOptions::default(), text, look)
        }
        Value::Empty => show_text(&column.options, "", look),
        Value::Number(number) => show(&column.options, Some(*number), look),
        Value::Text(text) => show_text(&column.options, text, look),
        Value::Time(at) => show_text(&FieldOptions::default(), &clock(*at), look),
    }
}

fn cell_text(column: &Drawn, shown: &Shown, look: &Look) -> String {
    let text = shown.text.to_string();
    let sign = if column.options.cell == Cell::Plain { "" } else { sign(shown.colour) };
    look.spell(&if sign.is_empty() { text } else { format!("{sign} {text}") }).into_owned()
}

/// Gives each column its width: what it needs, or an equal share of what the wide ones must give up. Columns for which there is
/// no room at all are dropped from the right.
fn fit(columns: &mut Vec<Drawn>, look: &Look, width: u16) {
    let need = |c: &Drawn| {
        let cells = c.cells.iter().map(|v| cell_text(c, &cell(c, v, look), look).width()).max().unwrap_or(0);
        let bar = if c.options.cell == Cell::Gauge { 8 } else { 0 };
        (cells + bar).max(look.spell(&c.title).width()).clamp(1, 1000) as u16
    };
    let needs: Vec<u16> = columns.iter().map(need).collect();
    let most = usize::from((width + GAP) / (NARROWEST + GAP)).max(1);
    columns.truncate(most);
    let gaps = GAP * (columns.len() as u16).saturating_sub(1);
    let room = width.saturating_sub(gaps);
    let used = |cap: u16| needs.iter().take(most).map(|n| (*n).min(cap)).fold(0u16, u16::saturating_add);
    let cap = (1..=room.max(1)).rev().find(|cap| used(*cap) <= room).unwrap_or(1);
    for (column, need) in columns.iter_mut().zip(&needs) {
        column.width = (*need).min(cap);
    }
}

fn draw_columns(columns: &[Drawn], look: &Look, area: Rect, buf: &mut Buffer) {
    let mut x = area.x;
    for column in columns {
        let width = column.width.min(area.right().saturating_sub(x));
        let head = Rect { x, width, height: 1, ..area };
        aligned(&look.fit(&column.title, width.into()), column.numeric, look.style(Role::Title), head, buf);
        for (value, y) in column.cells.iter().zip(area.y + 1..area.bottom()) {
            draw_cell(column, value, look, Rect { y, ..head }, buf);
        }
        x = (x + width + GAP).min(area.right());
    }
}

fn draw_cell(column: &Drawn, value: &Value, look: &Look, place: Rect, buf: &mut Buffer) {
    let shown = cell(column, value, look);
    let text = cell_text(column, &shown, look);
    let style = match (column.options.cell, shown.colour) {
        (Cell::Text | Cell::Gauge, Some(colour)) => look.ink(colour),
        (Cell::Background, Some(colour)) => look.fill(colour),
        _ if matches!(value, Value::Number(n) if n.is_nan()) => look.style(Role::Unknown),
        _ => look.style(Role::Text),
    };
    if column.options.cell == Cell::Background {
        buf.set_style(place, style);
    }
    let text = look.fit(&text, place.width.into());
    let longest = column.cells.iter().map(|v| cell_text(column, &cell(column, v, look), look).width()).max().unwrap_or(0);
    let room = if column.options.cell == Cell::Gauge { place.width.saturating_sub(longest as u16 + 1) } else { 0 };
    if let (Cell::Gauge, Value::Number(number), 4..) = (column.options.cell, value, room) {
        let most = column.cells.iter().filter_map(|c| if let Value::Number(n) = c { Some(*n) } else { None }).fold(0.0, f64::max);
        let share = Reach::of(&column.options, Some(most)).share(*number);
        bar(share, style.remove_modifier(Modifier::BOLD), look, Rect { width: room, ..place }, buf);
    }
    aligned(&text, column.numeric, style, place, buf);
}

fn aligned(text: &str, right: bool, style: Style, place: Rect, buf: &mut Buffer) {
    let x = if right { place.x + place.width.saturating_sub(text.width() as u16) } else { place.x };
    put(buf, x, place.y, text, place.width.into(), style);
}
