//! The insides of panels as they were drawn last. A panel is drawn anew where anything that it is drawn from has changed; elsewhere
//! its cells are copied: a key that moves the focus, and a second that goes by, cost no graph. It holds no more than the last frame.

use std::collections::HashMap;
use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use crate::app::need::Data;
use crate::domain::fault::Fault;
use crate::domain::range::Window;
use crate::domain::time::Stamp;
use crate::grafana::model::Panel;
use crate::ui::panels::{self, Input};

/// The panels of a frame and of the one before it, by their numbers. All of one look: another look needs another of these.
#[derive(Debug, Default)]
pub struct Drawn {
    before: HashMap<usize, Inside>,
    now: HashMap<usize, Inside>,
}

/// A panel's cells, row by row, and all that they were drawn from.
#[derive(Debug)]
struct Inside {
    panel: Panel,
    told: Vec<(Option<Arc<Data>>, Option<Fault>)>,
    window: Window,
    crosshair: Option<Stamp>,
    scroll: usize,
    size: (u16, u16),
    cells: Vec<Cell>,
}

impl Drawn {
    /// A frame begins: what the one before did not show is forgotten.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Draws the inside of a panel, the `n`th, whose targets were told this.
    pub fn draw(&mut self, n: usize, input: &Input<'_>, told: &[Option<&Arc<Data>>], area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let known = self.before.remove(&n).filter(|inside| inside.is_of(input, told, area));
        let inside = if let Some(inside) = known {
            inside.copy(area, buf);
            inside
        } else {
            panels::draw(input, area, buf);
            Inside::of(input, told, area, buf)
        };
        self.now.insert(n, inside);
    }
}

impl Inside {
    fn of(input: &Input<'_>, told: &[Option<&Arc<Data>>], area: Rect, buf: &Buffer) -> Self {
        Self {
            panel: input.panel.clone(),
            told: told.iter().zip(input.results).map(|(data, result)| (data.cloned(), result.fault.cloned())).collect(),
            window: input.window,
            crosshair: input.crosshair,
            scroll: input.scroll,
            size: (area.width, area.height),
            cells: area.positions().map(|at| buf[at].clone()).collect(),
        }
    }

    /// Bulk is compared by its address, which nothing else can have while it is held here.
    fn is_of(&self, input: &Input<'_>, told: &[Option<&Arc<Data>>], area: Rect) -> bool {
        let is_same = |known: Option<&Arc<Data>>, told: Option<&Arc<Data>>| match (known, told) {
            (Some(known), Some(told)) => Arc::ptr_eq(known, told),
            (known, told) => known.is_none() && told.is_none(),
        };
        let results = told.iter().zip(input.results);
        self.size == (area.width, area.height)
            && (self.window, self.crosshair, self.scroll) == (input.window, input.crosshair, input.scroll)
            && input.focused_series.is_none()
            && self.told.len() == input.results.len()
            && self
                .told
                .iter()
                .zip(results)
                .all(|((data, fault), (told, result))| is_same(data.as_ref(), *told) && fault.as_ref() == result.fault)
            && self.panel == *input.panel
    }

    fn copy(&self, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width);
        for (y, cells) in (area.top()..).zip(self.cells.chunks(width.max(1))) {
            let begin = buf.index_of(area.x, y);
            buf.content[begin..begin + width].clone_from_slice(cells);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app::model::{Model, needs};
    use crate::app::need::Source;
    use crate::app::tests::fixtures::{answer, fail, matrix, press, series, wait};
    use crate::domain::fault::FaultKind;
    use crate::ui::tests::night::{self, answer_graphs, night, resize};
    use crate::ui::theme::Look;
    use crate::ui::view;

    fn frame(model: &Model, drawn: &mut Drawn) -> Buffer {
        let (width, height) = model.shared.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        view(model, &Look::default(), drawn, &mut buf);
        buf
    }

    /// The board, with what its panels ask.
    fn board() -> (Model, Vec<Source>) {
        let mut model = night();
        press(&mut model, "2 enter");
        resize(&mut model, 200, 50);
        let asked = needs(&model).into_iter().map(|need| need.source).filter(|source| source.expr().is_some()).collect();
        (model, asked)
    }

    #[test]
    fn rule_01_what_was_drawn_before_is_never_shown_for_what_is_new() {
        let (mut model, asked) = board();
        let mut drawn = Drawn::default();
        let mut looks_new = |model: &Model, what: &str| {
            assert_eq!(frame(model, &mut drawn), night::draw(model, &Look::default()), "after {what}");
        };
        looks_new(&model, "opening it");
        for keys in ["l", "j", "h", "enter", "h", "l", "j", "esc", "G", "?", "esc", "+", "1", "2", "t", "esc", "k"] {
            press(&mut model, keys);
            looks_new(&model, keys);
            answer_graphs(&mut model);
            looks_new(&model, "answers");
        }
        for source in &asked {
            answer(&mut model, source.clone(), matrix(vec![series("app", 119), series("db", 110)]));
            looks_new(&model, "another answer");
            fail(&mut model, source.clone(), FaultKind::Timeout);
            looks_new(&model, "a failure");
        }
        for seconds in [121, 122, 125, 130, 200, 4000] {
            wait(&mut model, seconds);
            looks_new(&model, "a while");
        }
        for (width, height) in [(80, 24), (200, 50), (33, 9), (120, 40)] {
            resize(&mut model, width, height);
            looks_new(&model, "another size");
        }
    }

    #[test]
    fn a_panel_of_which_nothing_is_new_is_copied_and_the_others_are_drawn() {
        let (mut model, asked) = board();
        let mut drawn = Drawn::default();
        let _ = frame(&model, &mut drawn);
        // Its cells tell a copy from a drawing.
        let mark = |drawn: &mut Drawn| {
            for inside in drawn.now.values_mut() {
                inside.cells[0].set_symbol("§");
            }
        };
        let copies = |buf: &Buffer| buf.content.iter().filter(|cell| cell.symbol() == "§").count();
        mark(&mut drawn);
        let all = drawn.now.len();
        assert!(all >= 4, "{all}");
        press(&mut model, "l");
        assert_eq!(copies(&frame(&model, &mut drawn)), all, "the focus is on the frame");
        mark(&mut drawn);
        let of_one = asked.iter().find(|source| matches!(source, Source::Range(_))).unwrap();
        answer(&mut model, of_one.clone(), matrix(vec![series("app", 119)]));
        assert_eq!(copies(&frame(&model, &mut drawn)), all - 1);
        press(&mut model, "1");
        let _ = frame(&model, &mut drawn);
        assert!(drawn.now.is_empty(), "another screen shows none");
        let _ = frame(&model, &mut drawn);
        assert!(drawn.before.is_empty(), "and none is kept");
    }
}
