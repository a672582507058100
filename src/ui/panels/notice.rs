//! A panel's frame with its badge, and the words that stand where there is nothing to draw.
//!
//! "No data", "waiting" and a failure are different words: which one it is decides what the reader does next.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::domain::clean::Clean;
use crate::domain::fault::Fault;
use crate::domain::time::human;
use crate::grafana::model::{PanelKind, Transformation};
use crate::ui::panels::Input;
use crate::ui::panels::words::{centred, put};
use crate::ui::theme::{Look, Role};

/// A short word on a frame about the state of what is inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// How it is meant.
    pub role: Role,
    /// What it says.
    pub text: Clean,
}

impl Badge {
    /// Any words in any role.
    pub fn new(role: Role, text: Clean) -> Self {
        Self { role, text }
    }

    /// Nothing was answered yet.
    pub fn loading() -> Self {
        Self { role: Role::Dim, text: Clean::new("loading") }
    }

    /// What is shown is `age` old, and why there is nothing newer.
    pub fn stale(age: Duration, why: Option<&str>) -> Self {
        let why = why.map(|w| format!(": {w}")).unwrap_or_default();
        Self { role: Role::Stale, text: Clean::new(&format!("stale {}{why}", human(age))) }
    }

    /// Nothing can be shown.
    pub fn failed(fault: &Fault) -> Self {
        Self { role: Role::Critical, text: Clean::new(fault.kind.word()) }
    }

    /// The server warned that the answer is not whole.
    pub fn partial(warning: &str) -> Self {
        Self { role: Role::Warning, text: Clean::new(&format!("partial: {warning}")) }
    }
}

impl Badge {
    /// All it says, where that fits into so many columns, or else what it says before its reason.
    fn said_in(&self, columns: usize) -> &str {
        let text = self.text.as_str();
        if text.width() <= columns { text } else { text.split(": ").next().unwrap_or(text) }
    }
}

/// How far the heavy corners of a focused frame reach, in columns and rows: moving the focus costs few bytes however large it is.
const ARM: (u16, u16) = (5, 1);

/// How a frame is stressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Not at all.
    Light,
    /// At its corners: it is looked at.
    Corners,
    /// All around: it lies over everything.
    Heavy,
}

/// Draws a frame with its title and badge; returns what is inside. Where there is no room for a frame there is only a title, and
/// where there is none for that, nothing.
pub fn frame(title: &Clean, badge: Option<&Badge>, stress: Border, look: &Look, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    let headed = area.height >= 2 && area.width >= 3;
    if !headed {
        return area;
    }
    let framed = area.height >= 3 && area.width >= 5;
    let indent = u16::from(framed) * 2;
    if framed {
        border(stress, look, area, buf);
    }
    let heading = Rect { x: area.x + indent, width: area.width - 2 * indent, height: 1, ..area };
    head(title, badge, framed, look, heading, buf);
    if framed {
        return Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 };
    }
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Title on the left, badge on the right. Where both don't fit the badge keeps its first words, `stale 14s`, and then has two
/// thirds.
fn head(title: &Clean, badge: Option<&Badge>, spaced: bool, look: &Look, line: Rect, buf: &mut Buffer) {
    let room = usize::from(line.width);
    let badge = badge.map(|b| (b.role, b.said_in(room.saturating_sub(title.width() + 3))));
    let badge_room = badge.map_or(0, |(_, text)| text.width().min((room * 2 / 3).max(room.saturating_sub(title.width() + 3))));
    let title_room = room.saturating_sub(if badge_room > 0 { badge_room + 3 } else { 0 });
    let pad = |text: &str| if spaced && !text.is_empty() { format!(" {text} ") } else { text.to_owned() };
    // The title's own spaces stand on the frame's corners' side: they cost the line nothing that the badge needs.
    let left = pad(&look.fit(title.as_str(), title_room.saturating_sub(usize::from(spaced))));
    put(buf, line.x.saturating_sub(u16::from(spaced)), line.y, &left, room + 1, look.style(Role::Title));
    if let Some((role, text)) = badge {
        let text = pad(&look.fit(text, badge_room));
        let width = text.width() as u16;
        let x = (line.right() + u16::from(spaced)).saturating_sub(width).max(line.x.saturating_sub(1));
        put(buf, x, line.y, &text, room + 1, look.style(role));
    }
}

fn border(stress: Border, look: &Look, area: Rect, buf: &mut Buffer) {
    let light = look.pick(['╭', '╮', '╰', '╯', '─', '│'], ['+', '+', '+', '+', '-', '|']);
    let heavy = look.pick(['┏', '┓', '┗', '┛', '━', '┃'], ['#', '#', '#', '#', '=', '#']);
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    let mut put = |x: u16, y: u16, sign: usize| {
        let corner = || (x - area.x).min(right - x) <= ARM.0 && (y - area.y).min(bottom - y) <= ARM.1;
        let stressed = stress == Border::Heavy || stress == Border::Corners && corner();
        let (signs, role) = if stressed { (heavy, Role::FocusedBorder) } else { (light, Role::Border) };
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_char(signs[sign]).set_style(look.style(role));
        }
    };
    for x in area.left()..=right {
        put(x, area.y, 4);
        put(x, bottom, 4);
    }
    for y in area.top()..=bottom {
        put(area.x, y, 5);
        put(right, y, 5);
    }
    for (n, (x, y)) in [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)].into_iter().enumerate() {
        put(x, y, n);
    }
}

/// Words in the middle of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    role: Role,
    word: String,
    reason: String,
}

impl Notice {
    fn new(role: Role, word: &str, reason: &str) -> Self {
        Self { role, word: Clean::new(word).into_string(), reason: Clean::new(reason).into_string() }
    }

    /// Centred, the reason below the word over as many lines as there are.
    pub fn draw(&self, look: &Look, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width);
        let room = usize::from(area.height.saturating_sub(1)).min(4);
        let reason = wrapped(&look.spell(&self.reason), width, room, look);
        let top = area.y + area.height.saturating_sub(1 + reason.len() as u16) / 2;
        centred(&look.fit(&self.word, width), look.style(self.role), Rect { y: top, height: 1, ..area }, buf);
        for (n, line) in reason.iter().enumerate() {
            let at = Rect { y: top + 1 + n as u16, height: 1, ..area };
            centred(line, look.style(Role::Dim), at, buf);
        }
    }
}

/// What is said instead of a drawing, when there is nothing to draw.
pub fn instead(input: &Input) -> Option<Notice> {
    if matches!(input.panel.kind, PanelKind::Row { .. } | PanelKind::Text(_) | PanelKind::Other(_)) {
        return None;
    }
    if input.results.iter().any(|o| o.answer.is_some_and(|a| !a.series.is_empty())) {
        return None;
    }
    let foreign = input.results.iter().find_map(|o| o.target.foreign.as_deref());
    if input.results.is_empty() {
        return Some(Notice::new(Role::Dim, "nothing asked", "this panel has no query"));
    }
    if let Some(fault) = input.results.iter().find_map(|o| o.fault) {
        return Some(Notice::new(Role::Critical, fault.kind.word(), &fault.told()));
    }
    if let Some(source) = foreign {
        return Some(Notice::new(Role::Unknown, "not from Prometheus", &format!("it asks {source}")));
    }
    if input.results.iter().any(|o| o.answer.is_none()) {
        return Some(Notice::new(Role::Dim, "loading", ""));
    }
    match input.panel.field.no_value.as_deref() {
        Some(word) => Some(Notice::new(Role::Unknown, word, "no series")),
        None => Some(Notice::new(Role::Unknown, "No data", "")),
    }
}

/// A panel of a kind that is not drawn.
pub fn draw_other(input: &Input, area: Rect, buf: &mut Buffer) {
    let PanelKind::Other(kind) = &input.panel.kind else { return };
    Notice::new(Role::Unknown, kind, "midwatch does not draw this kind of panel").draw(input.look, area, buf);
}

/// A line below, where a panel should have made something else of its answers; returns what is left. Tables do their own.
pub fn say_what_is_undone(input: &Input, area: Rect, buf: &mut Buffer) -> Rect {
    let done = matches!(input.panel.kind, PanelKind::Table(_) | PanelKind::Text(_) | PanelKind::Other(_));
    let mut undone: Vec<&str> = input.panel.transformations.iter().filter_map(undone).collect();
    undone.dedup();
    if done || undone.is_empty() || area.height < 3 {
        return area;
    }
    let text = Clean::new(&format!("not done: {}", undone.join(", ")));
    let width = usize::from(area.width);
    put(buf, area.x, area.bottom() - 1, &input.look.fit(text.as_str(), width), width, input.look.style(Role::Dim));
    Rect { height: area.height - 1, ..area }
}

/// The name of a transformation that changes what is seen and is not done to series. What only lays them out anew, or names them,
/// is left out: series have names and no rows.
fn undone(step: &Transformation) -> Option<&str> {
    match step {
        Transformation::Keep { .. } => Some("filterFieldsByName"),
        Transformation::GroupBy { .. } => Some("groupBy"),
        Transformation::Calculate { .. } => Some("calculateField"),
        Transformation::Other(name) => (name != "prepareTimeSeries" && name != "convertFieldType").then_some(name),
        _ => None,
    }
}

/// How many values there was no room for.
pub fn count_left_out(count: usize, look: &Look, area: Rect, buf: &mut Buffer) {
    if !area.is_empty() {
        let line = Rect { y: area.y + (area.height - 1) / 2, height: 1, ..area };
        centred(&look.fit(&format!("+{count} more"), area.width.into()), look.style(Role::Dim), line, buf);
    }
}

/// Lines of at most `width`, broken between words; at most `most` of them.
fn wrapped(text: &str, width: usize, most: usize, look: &Look) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    let lost = lines.len() > most;
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|_| lost) {
        last.push_str(" ...");
    }
    lines.iter().map(|l| look.fit(l, width).into_owned()).collect()
}
