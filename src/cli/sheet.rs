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
    /// With a line for each of its things.
    pub fn of<const N: usize>(heads: [&'static str; N], rows: impl IntoIterator<Item = [Cell; N]>) -> Self {
        let clean = |(role, text): Cell| (role, Clean::new(&text).into_string());
        Self { heads: heads.to_vec(), rows: rows.into_iter().map(|cells| cells.map(clean).to_vec()).collect() }
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
    use crate::ui::theme::{Charset, Depth, Look};

    fn sheet() -> Sheet {
        let cells = [["a", "long \u{1b}[2J words"], ["longer name", ""]];
        Sheet::of(["NAME", "WHAT"], cells.map(|row| row.map(|text| (Role::Text, text.to_owned()))))
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
        let text = sheet().text(&Paper { look: Look { charset: Charset::Ascii, ..Look::default() }, size: Some((17, 5)) });
        let plain: String = text.split('\x1b').map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect();
        assert_eq!(plain.lines().nth(1), Some("a            lon~"), "{text:?}");
    }

    #[test]
    fn an_empty_list_has_no_head() {
        assert_eq!(Sheet::of(["NAME"], []).text(&paper(None)), "");
    }
}
