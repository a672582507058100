//! From Grafana's grid of 24 columns to a page of terminal cells, as long as it needs to be.
//!
//! A band of panels keeps Grafana's places where each of its panels is wide enough to be read; else its panels flow, in the order
//! of reading, over as many lines as they need. Nothing is left out for want of room.

use crate::grafana::model::{GridPos, Panel, PanelKind};

/// Grafana's columns.
const COLUMNS: u16 = 24;
/// No panel is drawn narrower than this while the terminal is wider.
const NARROWEST: u16 = 18;
/// No panel is lower than this: a frame and one line.
const LOWEST: u16 = 3;

/// A panel's place on the page, in cells; the page begins at 0, 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the left.
    pub x: u16,
    /// From the top of the page.
    pub y: u32,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Place {
    /// The first line below.
    pub fn bottom(self) -> u32 {
        self.y + u32::from(self.height)
    }
}

/// The place of each panel on a page `width` cells wide, for a terminal `height` lines high. In the order of `panels`.
pub fn places(panels: &[Panel], width: u16, height: u16) -> Vec<Place> {
    let mut page: Vec<(usize, Place)> = Vec::with_capacity(panels.len());
    let mut top = 0;
    for band in bands(panels) {
        let wide = band.iter().all(|&n| scale(panels[n].place.w, width) >= NARROWEST.min(width));
        let band = Band { panels, members: &band, width, lines: lines_per_row(height) };
        let laid = if wide { band.exact(top) } else { band.flow(top) };
        top = laid.iter().map(|(_, p)| p.bottom()).max().unwrap_or(top);
        page.extend(laid);
    }
    page.sort_by_key(|(n, _)| *n);
    page.into_iter().map(|(_, place)| place).collect()
}

/// Terminal lines to a row of Grafana's grid, in quarters: more on a high terminal.
fn lines_per_row(height: u16) -> u32 {
    if height < 35 { 5 } else { 6 }
}

fn scale(columns: u16, width: u16) -> u16 {
    (u32::from(columns.min(COLUMNS)) * u32::from(width) / u32::from(COLUMNS)) as u16
}

/// Panels that overlap in height, band by band from the top.
fn bands(panels: &[Panel]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..panels.len()).collect();
    order.sort_by_key(|&n| (panels[n].place.y, panels[n].place.x, n));
    let mut bands: Vec<Vec<usize>> = Vec::new();
    let mut bottom = 0;
    for n in order {
        let GridPos { y, h, .. } = panels[n].place;
        match bands.last_mut() {
            Some(band) if y < bottom => band.push(n),
            _ => bands.push(vec![n]),
        }
        bottom = bottom.max(y.saturating_add(h.max(1)));
    }
    bands
}

struct Band<'a> {
    panels: &'a [Panel],
    members: &'a [usize],
    width: u16,
    /// In quarters of a line.
    lines: u32,
}

impl Band<'_> {
    fn height(&self, n: usize) -> u16 {
        let rows = u32::from(self.panels[n].place.h.clamp(1, 60));
        match self.panels[n].kind {
            PanelKind::Row { .. } => 1,
            _ => ((rows * self.lines / 4) as u16).max(LOWEST),
        }
    }

    /// Grafana's own places, scaled.
    fn exact(&self, top: u32) -> Vec<(usize, Place)> {
        let first = self.members.iter().map(|&n| self.panels[n].place.y).min().unwrap_or(0);
        let mut placed: Vec<(usize, Place)> = Vec::new();
        for &n in self.members {
            let grid = self.panels[n].place;
            let x = scale(grid.x, self.width);
            let right = scale(grid.x.saturating_add(grid.w), self.width).max(x + 1);
            let wished = top + u32::from(grid.y - first) * self.lines / 4;
            let place = Place { x, y: wished, width: right - x, height: self.height(n) };
            let clear = placed.iter().filter(|(_, p)| p.x < right && x < p.x + p.width).map(|(_, p)| p.bottom()).max();
            placed.push((n, Place { y: wished.max(clear.unwrap_or(0)), ..place }));
        }
        placed
    }

    /// One after the other, line by line.
    fn flow(&self, top: u32) -> Vec<(usize, Place)> {
        let mut placed = Vec::new();
        let (mut y, mut line): (u32, Vec<usize>) = (top, vec![]);
        for &n in self.members {
            let taken: u16 = line.iter().map(|&m| self.least(m)).sum();
            if !line.is_empty() && taken + self.least(n) > self.width {
                y = self.line(&line, y, &mut placed);
                line.clear();
            }
            line.push(n);
        }
        self.line(&line, y, &mut placed);
        placed
    }

    fn least(&self, n: usize) -> u16 {
        scale(self.panels[n].place.w, self.width).max(NARROWEST).min(self.width)
    }

    /// Puts one line's panels side by side over the whole width, all as high as the highest.
    fn line(&self, line: &[usize], y: u32, placed: &mut Vec<(usize, Place)>) -> u32 {
        let wishes: u32 = line.iter().map(|&n| u32::from(self.least(n))).sum::<u32>().max(1);
        let height = line.iter().map(|&n| self.height(n)).max().unwrap_or(0);
        let (mut before, mut x) = (0, 0);
        for &n in line {
            before += u32::from(self.least(n));
            let right = (before * u32::from(self.width) / wishes) as u16;
            placed.push((n, Place { x, y, width: right - x, height }));
            x = right;
        }
        y + u32::from(height)
    }
}
