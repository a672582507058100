//! Selection by identity, not by row: lists may reorder under the cursor.

use crate::app::screen::Travel;

/// What is selected in a list, by its identity, and how far the list is scrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<Id> {
    id: Option<Id>,
    /// Where it stood last: what lies there is selected when the selected thing itself is gone.
    row: usize,
}

impl<Id> Default for Selection<Id> {
    fn default() -> Self {
        Self { id: None, row: 0 }
    }
}

impl<Id: Clone + PartialEq> Selection<Id> {
    /// The selected row among `ids`; the one that took its place where it is gone; none in an empty list.
    pub fn row(&self, ids: &[Id]) -> Option<usize> {
        let last = ids.len().checked_sub(1)?;
        let own = self.id.as_ref().and_then(|id| ids.iter().position(|i| i == id));
        Some(own.unwrap_or(self.row.min(last)))
    }

    /// The selected identity among `ids`.
    pub fn id(&self, ids: &[Id]) -> Option<Id> {
        self.row(ids).map(|row| ids[row].clone())
    }

    /// Selects one.
    pub fn select(&mut self, id: Id, row: usize) {
        *self = Self { id: Some(id), row };
    }

    /// Selects one if it is among `ids`, and says whether it is.
    pub fn point(&mut self, ids: &[Id], id: &Id) -> bool {
        let row = ids.iter().position(|i| i == id);
        row.is_some_and(|row| {
            self.select(id.clone(), row);
            true
        })
    }

    /// Follows what is selected to where it stands now, and takes what took its place where it is gone. A list that nobody has
    /// moved in yet stays at its top.
    pub fn hold(&mut self, ids: &[Id]) {
        if let Some(row) = self.row(ids).filter(|_| self.id.is_some()) {
            self.select(ids[row].clone(), row);
        }
    }

    /// Moves by a travel, with so many rows to a page.
    pub fn travel(&mut self, ids: &[Id], travel: Travel, page: usize) {
        let Some(row) = self.row(ids) else { return };
        let by = |rows: isize| row.saturating_add_signed(rows).min(ids.len() - 1);
        let to = match travel {
            Travel::Rows(n) | Travel::Columns(n) => by(n),
            Travel::Pages(n) => by(n.saturating_mul(page.max(1) as isize)),
            Travel::Ends(last) => {
                if last {
                    ids.len() - 1
                } else {
                    0
                }
            }
        };
        self.select(ids[to].clone(), to);
    }
}

/// The first row to draw, so that `selected` is seen with some rows around it. Depends on nothing but its arguments: there is
/// no scroll state to go stale. The page moves by half of itself, and stands still while the cursor moves through the middle: over
/// a slow line a key then costs two rows and not a page.
pub fn first_row(selected: Option<usize>, rows: usize, height: usize) -> usize {
    let (half, margin) = ((height / 2).max(1), if height > 2 { (height / 4).max(1) } else { 0 });
    let beyond = selected.unwrap_or(0).saturating_sub(margin);
    (beyond / half * half).min(rows.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_on_its_thing_when_the_list_reorders() {
        let mut selection = Selection::default();
        selection.travel(&["a", "b", "c"], Travel::Rows(1), 10);
        assert_eq!(selection.id(&["c", "a", "b"]), Some("b"));
        assert_eq!(selection.row(&["c", "a", "b"]), Some(2));
    }

    #[test]
    fn when_its_thing_is_gone_the_cursor_stays_in_its_place() {
        let mut selection = Selection::default();
        selection.travel(&["a", "b", "c"], Travel::Ends(true), 10);
        assert_eq!(selection.id(&["a", "b"]), Some("b"));
        assert_eq!(selection.id(&[]), None);
    }

    #[test]
    fn what_took_the_place_of_what_is_gone_is_selected_from_then_on() {
        let mut selection = Selection::default();
        selection.travel(&["a", "b", "c"], Travel::Rows(1), 10);
        selection.hold(&["x", "a", "b", "c"]);
        selection.hold(&["x", "a", "c"]);
        assert_eq!(selection.id(&["c", "x", "a"]), Some("c"));
    }

    #[test]
    fn a_page_never_leaves_the_list() {
        let mut selection = Selection::default();
        selection.travel(&[1, 2, 3], Travel::Pages(9), 5);
        assert_eq!(selection.id(&[1, 2, 3]), Some(3));
        selection.travel(&[1, 2, 3], Travel::Rows(-99), 5);
        assert_eq!(selection.id(&[1, 2, 3]), Some(1));
    }

    #[test]
    fn the_selected_row_is_always_in_view() {
        for height in 1..9 {
            for rows in 0..40 {
                for selected in 0..rows {
                    let first = first_row(Some(selected), rows, height);
                    assert!((first..first + height).contains(&selected), "{selected} of {rows} in {height}");
                }
            }
        }
    }

    #[test]
    fn the_page_stands_still_while_the_cursor_moves_through_its_middle() {
        let pages: Vec<usize> = (0..400).map(|selected| first_row(Some(selected), 1000, 40)).collect();
        let moves = pages.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(moves, 400 / 20 - 1);
    }
}
