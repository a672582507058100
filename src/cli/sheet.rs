//! A list as columns with a head. In a terminal its lines are cut to the terminal's width; elsewhere they are whole.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::clean::Clean;
use crate::runtime::paper::Paper;
use crate::ui::theme::Role;

/// What stands between two columns.
const GAP: &str = "  ";

/// One cell: what it is for, and what it says. May hold text from outside.
pub type Cell = (Role, String);

/// A list.
pub struct Sheet {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// An empty one.
    pub fn new(heads: &[&'static str]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// One more line.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into_iter().map(|(role, text)| (role, Clean::new(&text).into_string())).collect());
    }

    /// All of it; nothing where there is no line.
    pub fn text(&self, paper: &Paper) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let heads: Vec<Cell> = self.heads.iter().map(|head| (Role::Dim, (*head).to_owned())).collect();
        let widths: Vec<usize> = (0..heads.len()).map(|n| self.widest(n)).collect();
        std::iter::once(&heads).chain(&self.rows).map(|cells| line(cells, &widths, paper) + "\n").collect()
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| text.width());
        cells.chain(self.heads.get(column).map(|head| head.width())).max().unwrap_or_default()
    }
}

fn line(cells: &[Cell], widths: &[usize], paper: &Paper) -> String {
    let mut room = paper.size.map_or(usize::MAX, |(columns, _)| usize::from(columns));
    let mut line = String::new();
    for (n, ((role, text), width)) in cells.iter().zip(widths).enumerate() {
        let is_last = cells[n + 1..].iter().all(|(_, rest)| rest.is_empty());
        let text = if is_last { paper.look.spell(text) } else { format!("{:<width$}{GAP}", paper.look.spell(text)).into() };
        let text = paper.look.fit(&text, room).into_owned();
        room = room.saturating_sub(text.width());
        line.push_str(&paper.paint(paper.look.style(*role), &text));
        if is_last {
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::{Depth, Look};

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new(&["NAME", "WHAT"]);
        sheet.row([(Role::Text, "a".into()), (Role::Text, "long \u{1b}[2J words".into())]);
        sheet.row([(Role::Text, "longer name".into()), (Role::Text, String::new())]);
        sheet
    }

    fn paper(size: Option<(u16, u16)>) -> Paper {
        Paper { look: Look { depth: Depth::Mono, ..Look::default() }, size }
    }

    #[test]
    fn without_a_terminal_nothing_is_cut_and_no_line_ends_in_blanks() {
        assert_eq!(sheet().text(&paper(None)), "NAME         WHAT\na            long \\x1b[2J words\nlonger name\n");
    }

    #[test]
    fn in_a_terminal_no_line_is_wider_than_it() {
        let text = sheet().text(&paper(Some((20, 5))));
        assert!(text.contains("a            long \\…") || text.contains("long"), "{text:?}");
        assert!(!text.contains("words"), "{text:?}");
    }

    #[test]
    fn an_empty_list_has_no_head() {
        assert_eq!(Sheet::new(&["NAME"]).text(&paper(None)), "");
    }
}
