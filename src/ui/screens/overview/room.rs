//! Who gets how many rows where there are too few, and lists that say what they leave out.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::app::selection::first_row;
use crate::ui::pen::Pen;
use crate::ui::theme::Role;

/// What a part of the screen wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Fewer rows than this tell too little.
    pub least: u16,
    /// More rows than this would stay empty.
    pub most: u16,
}

impl Wish {
    /// A heading with so many rows below it, of which so many must be seen; nothing where there are none.
    pub fn list(rows: usize, seen: usize) -> Self {
        let under_heading = |rows: usize| if rows == 0 { 0 } else { rows.min(1000) as u16 + 1 };
        Self { least: under_heading(rows.min(seen)), most: under_heading(rows) }
    }
}

/// Shares rows out: first to each, in order, the least it wants; what is left row by row in turn.
pub fn share(height: u16, wishes: &[Wish]) -> Vec<u16> {
    let mut left = height;
    let mut given: Vec<u16> = wishes
        .iter()
        .map(|wish| {
            let rows = wish.least.min(left);
            left -= rows;
            rows
        })
        .collect();
    while left > 0 && given.iter().zip(wishes).any(|(rows, wish)| *rows < wish.most) {
        for (rows, wish) in given.iter_mut().zip(wishes) {
            if *rows < wish.most && left > 0 {
                *rows += 1;
                left -= 1;
            }
        }
    }
    given
}

/// A list under a heading that may be too long for its place.
pub struct List<'a, T> {
    /// What stands in its heading.
    pub title: &'a str,
    /// All of its rows.
    pub rows: &'a [T],
    /// Which is selected.
    pub at: Option<usize>,
    /// Whether keys move in it.
    pub focused: bool,
    /// The key that leads to those that are left out.
    pub key: Option<String>,
    /// What those are, in few words.
    pub of: &'a dyn Fn(&[&T]) -> String,
}

/// Draws the rows around the selected one; where not all fit, the heading says what is left out: `+7 more (3): 7 warning`.
pub fn list<T>(of: &List<'_, T>, area: Rect, pen: &mut Pen<'_>, mut row: impl FnMut(&T, Rect, u16, &mut Pen<'_>)) {
    if area.height == 0 {
        return;
    }
    pen.heading(area, 0, of.title, of.focused);
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let height = usize::from(below.height).min(of.rows.len());
    let first = first_row(of.at, of.rows.len(), height);
    for (n, one) in of.rows.iter().enumerate().skip(first).take(height) {
        let y = (n - first) as u16;
        row(one, below, y, pen);
        if of.focused && Some(n) == of.at {
            pen.mark(below, y, Role::Selection);
        }
    }
    let hidden: Vec<&T> = of.rows[..first].iter().chain(&of.rows[first + height..]).collect();
    if !hidden.is_empty() {
        left_out(of, &hidden, area, pen);
    }
}

fn left_out<T>(of: &List<'_, T>, hidden: &[&T], area: Rect, pen: &mut Pen<'_>) {
    let key = of.key.as_ref().map_or_else(String::new, |key| format!(" ({key})"));
    let words = (of.of)(hidden);
    let words = if words.is_empty() { words } else { format!(": {words}") };
    let room = usize::from(area.width).saturating_sub(of.title.width() + 8);
    let note = pen.look.fit(&format!("+{} more{key}{words}", hidden.len()), room).into_owned();
    let line = Rect { width: area.width.saturating_sub(2), ..area };
    pen.right(line, 0, &[(Role::Warning, format!(" {note} "))]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_the_least_before_anybody_gets_more() {
        let wishes = [Wish { least: 2, most: 9 }, Wish { least: 3, most: 4 }, Wish { least: 2, most: 3 }];
        assert_eq!(share(7, &wishes), [2, 3, 2]);
        assert_eq!(share(10, &wishes), [3, 4, 3]);
        assert_eq!(share(30, &wishes), [9, 4, 3]);
        assert_eq!(share(4, &wishes), [2, 2, 0]);
        assert_eq!(share(0, &wishes), [0, 0, 0]);
    }

    #[test]
    fn an_empty_list_wants_nothing() {
        assert_eq!(Wish::list(0, 4), Wish { least: 0, most: 0 });
        assert_eq!(Wish::list(10, 4), Wish { least: 5, most: 11 });
    }
}
