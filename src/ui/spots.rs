//! Which cells are what: written down by whoever draws them, so that a click finds what is seen and no layout is worked out twice.

use ratatui::layout::{Position, Rect};

use crate::app::spot::Spot;

/// What was drawn where, the undermost first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spots(Vec<(Rect, Option<Spot>)>);

impl Spots {
    /// These cells are this.
    pub fn put(&mut self, area: Rect, spot: Spot) {
        self.0.push((area, Some(spot)));
    }

    /// These cells are covered by something that cannot be pointed at.
    pub fn cover(&mut self, area: Rect) {
        self.0.push((area, None));
    }

    /// What a cell belongs to.
    pub fn at(&self, column: u16, row: u16) -> Option<&Spot> {
        let there = |(area, _): &&(Rect, Option<Spot>)| area.contains(Position::new(column, row));
        self.0.iter().rev().find(there).and_then(|(_, spot)| spot.as_ref())
    }

    /// All that can be pointed at, with its cells as far as nothing covers them.
    #[cfg(test)]
    pub fn seen(&self) -> impl Iterator<Item = (Rect, &Spot)> {
        let seen = |area: Rect, spot: &Spot| self.at(area.x, area.y) == Some(spot);
        self.0.iter().filter_map(move |(area, spot)| Some((*area, spot.as_ref()?))).filter(move |(area, spot)| seen(*area, spot))
    }
}
