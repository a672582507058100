//! Rows and panels repeated over the values of a variable, and where all of them stand then.

use std::collections::HashSet;

use super::model::{Dashboard, Repeat};
use super::model::{GridPos, Panel, PanelKind};
use super::variables::Values;

/// How many panels a dashboard may have after repeating: more could not be looked at.
const MOST: usize = 2_000;
/// Columns of the grid.
const COLUMNS: u16 = 24;

/// The panels of a dashboard, each row and panel with `repeat` once for each value that is chosen.
///
/// A copy keeps its number as long as its value is offered, so a selection outlives a change of the others.
pub fn expand(dashboard: &Dashboard, values: &Values) -> Vec<Panel> {
    let mut copier = Copier { values, used: HashSet::new(), made: 0 };
    let mut out = copier.list(&dashboard.panels, &[]);
    settle(&mut out);
    out
}

/// What is on the screen: an open row's panels follow it, a closed row's are left out, and everything moves up to where there
/// is room. `is_open` is asked for each row.
pub fn unroll(panels: &[Panel], is_open: impl Fn(&Panel) -> bool) -> Vec<Panel> {
    let mut out = Vec::new();
    open_rows(panels, &is_open, &mut out);
    settle(&mut out);
    out
}

fn open_rows(panels: &[Panel], is_open: &impl Fn(&Panel) -> bool, out: &mut Vec<Panel>) {
    let mut open = true;
    for panel in panels {
        match &panel.kind {
            PanelKind::Row { collapsed, panels: held } => {
                let opened = is_open(panel);
                // What follows a closed row in the file is not its own.
                open = *collapsed || opened;
                out.push(panel.clone());
                if opened {
                    open_rows(held, is_open, out);
                }
            }
            _ if open => out.push(panel.clone()),
            _ => {}
        }
    }
}

/// Moves every panel up until it meets another, as Grafana's grid does; a row's heading stops what is below it.
fn settle(panels: &mut [Panel]) {
    let mut bottom = [0u16; COLUMNS as usize];
    for panel in panels {
        if let PanelKind::Row { panels: held, .. } = &mut panel.kind {
            let y = bottom.iter().copied().max().unwrap_or(0);
            panel.place = GridPos { x: 0, y, w: COLUMNS, h: 1 };
            bottom = [y.saturating_add(1); COLUMNS as usize];
            settle(held);
            continue;
        }
        let place = &mut panel.place;
        let columns = usize::from(place.x.min(COLUMNS - 1))..usize::from((place.x + place.w).clamp(1, COLUMNS));
        place.y = bottom[columns.clone()].iter().copied().max().unwrap_or(0);
        bottom[columns].fill(place.y.saturating_add(place.h));
    }
}

/// A row with the panels that follow it or that it holds; the panels outside of all rows have none.
type Section<'a> = (Option<&'a Panel>, &'a [Panel]);

fn sections(panels: &[Panel]) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let mut rest = panels;
    while let Some((first, after)) = rest.split_first() {
        let end = |panels: &[Panel]| panels.iter().position(|p| matches!(p.kind, PanelKind::Row { .. })).unwrap_or(panels.len());
        let (section, tail) = match &first.kind {
            // What follows a closed row in the file is not its own.
            PanelKind::Row { collapsed: true, panels: held } => ((Some(first), held.as_slice()), after),
            PanelKind::Row { .. } => ((Some(first), &after[..end(after)]), &after[end(after)..]),
            _ => ((None, &rest[..end(rest)]), &rest[end(rest)..]),
        };
        sections.push(section);
        rest = tail;
    }
    sections
}

struct Copier<'a> {
    values: &'a Values,
    used: HashSet<u32>,
    made: usize,
}

impl Copier<'_> {
    fn list(&mut self, panels: &[Panel], scope: &[(String, String)]) -> Vec<Panel> {
        sections(panels).into_iter().flat_map(|section| self.section(section, scope)).collect()
    }

    fn section(&mut self, (row, members): Section<'_>, outer: &[(String, String)]) -> Vec<Panel> {
        let Some(row) = row else { return members.iter().flat_map(|panel| self.panel(panel, outer)).collect() };
        let scopes = self.scopes(row.repeat.as_ref(), outer);
        let (all, mut out) = (scopes.len(), Vec::new());
        for (n, scope) in scopes.into_iter().enumerate() {
            if self.made >= MOST && n > 0 {
                out.push(left_out(row, all - n));
                break;
            }
            let mut copy = self.copy(row, &scope, n);
            let mut copies = self.list(members, &scope);
            if let PanelKind::Row { collapsed: true, panels: held } = &mut copy.kind {
                std::mem::swap(held, &mut copies);
                copies.clear();
            }
            out.push(copy);
            out.append(&mut copies);
        }
        out
    }

    /// The copies of one panel, side by side or below each other.
    fn panel(&mut self, panel: &Panel, scope: &[(String, String)]) -> Vec<Panel> {
        let scopes = self.scopes(panel.repeat.as_ref(), scope);
        let (all, mut copies) = (scopes.len(), Vec::new());
        for (n, scope) in scopes.into_iter().enumerate() {
            if self.made >= MOST && n > 0 {
                copies.push(left_out(panel, all - n));
                break;
            }
            let mut copy = self.copy(panel, &scope, n);
            if let Some(repeat) = panel.repeat.as_ref().filter(|_| all > 1) {
                beside(&mut copy.place, repeat, n, all);
            }
            copies.push(copy);
        }
        copies
    }

    /// The scope of each copy; one without a value of its own where nothing is repeated, or nothing is offered yet.
    fn scopes(&self, repeat: Option<&Repeat>, outer: &[(String, String)]) -> Vec<Vec<(String, String)>> {
        let values = repeat.map(|repeat| self.values.each(&repeat.variable)).unwrap_or_default();
        let with = |value: String| {
            let own = repeat.map(|repeat| (repeat.variable.clone(), value));
            outer.iter().filter(|(name, _)| own.as_ref().is_none_or(|(own, _)| own != name)).cloned().chain(own.clone()).collect()
        };
        if values.is_empty() { vec![outer.to_vec()] } else { values.into_iter().map(with).collect() }
    }

    fn copy(&mut self, panel: &Panel, scope: &[(String, String)], n: usize) -> Panel {
        self.made += 1;
        let first = n == 0 && self.used.insert(panel.id);
        let id = if first { panel.id } else { self.fresh(panel.id, scope) };
        Panel { id, scope: scope.to_vec(), ..panel.clone() }
    }

    /// A number that depends on the panel and its values only, in the upper half where files have none.
    fn fresh(&mut self, id: u32, scope: &[(String, String)]) -> u32 {
        let text = scope.iter().flat_map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes(), b";"]).flatten();
        let mut hash = text.fold(0x811c_9dc5 ^ id, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        while !self.used.insert(hash | 1 << 31) {
            hash = hash.wrapping_add(1);
        }
        hash | 1 << 31
    }
}

fn beside(place: &mut GridPos, repeat: &Repeat, n: usize, all: usize) {
    if repeat.vertical {
        return;
    }
    let per_row = repeat.per_row.clamp(1, COLUMNS).min(all.min(usize::from(COLUMNS)) as u16);
    place.w = COLUMNS / per_row;
    place.x = (n % usize::from(per_row)) as u16 * place.w;
}

/// A heading that says what is missing.
fn left_out(of: &Panel, copies: usize) -> Panel {
    Panel {
        title: format!("{copies} more copies of {:?} are left out", of.title),
        kind: PanelKind::Row { collapsed: true, panels: Vec::new() },
        targets: Vec::new(),
        repeat: None,
        id: u32::MAX,
        ..of.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::grafana::model::ALL;
    use crate::grafana::read;
    use crate::grafana::variables::Choice;

    fn choices(values: &[&str]) -> Vec<Choice> {
        values.iter().map(|value| Choice::plain(value)).collect()
    }

    fn board(panels: &str) -> (Dashboard, Values) {
        let json = format!(
            r#"{{"title": "t", "templating": {{"list": [
                {{"name": "db", "type": "query", "query": "label_values(db)", "includeAll": true, "current": {{"value": "$__all"}}}},
                {{"name": "node", "type": "query", "query": "label_values(node)"}}]}}, "panels": [{panels}]}}"#
        );
        let dashboard = read(&json).unwrap();
        let values = Values::open(&dashboard);
        (dashboard, values)
    }

    fn told(panels: &[Panel]) -> Vec<String> {
        panels
            .iter()
            .map(|p| format!("{} {:?} {},{} {}x{}", p.title, p.scope, p.place.x, p.place.y, p.place.w, p.place.h))
            .collect()
    }

    const REPEATED: &str = r#"
        {"id": 1, "type": "stat", "title": "$db", "repeat": "db", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 3}},
        {"id": 2, "type": "row", "title": "row $node", "repeat": "node", "collapsed": false, "gridPos": {"x": 0, "y": 3, "w": 24, "h": 1}},
        {"id": 3, "type": "stat", "title": "in", "gridPos": {"x": 0, "y": 4, "w": 12, "h": 2}},
        {"id": 4, "type": "row", "title": "shut", "repeat": "db", "collapsed": true, "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1},
         "panels": [{"id": 5, "type": "stat", "title": "held", "gridPos": {"x": 3, "y": 90, "w": 4, "h": 2}}]},
        {"id": 6, "type": "stat", "title": "below", "gridPos": {"x": 0, "y": 99, "w": 6, "h": 2}}"#;

    #[test]
    fn panels_and_rows_are_repeated_over_what_is_chosen() {
        let (dashboard, mut values) = board(REPEATED);
        values.offer("db", choices(&["a", "b", "c"]));
        values.offer("node", choices(&["n1", "n2"]));
        let panels = expand(&dashboard, &values);
        assert_eq!(
            told(&panels),
            [
                r#"$db [("db", "a")] 0,0 8x3"#,
                r#"$db [("db", "b")] 8,0 8x3"#,
                r#"$db [("db", "c")] 16,0 8x3"#,
                r#"row $node [("node", "n1")] 0,3 24x1"#,
                r#"in [("node", "n1")] 0,4 12x2"#,
                r#"shut [("db", "a")] 0,6 24x1"#,
                r#"shut [("db", "b")] 0,7 24x1"#,
                r#"shut [("db", "c")] 0,8 24x1"#,
                "below [] 0,9 6x2",
            ]
        );
        let unrolled =
            unroll(&panels, |row| !matches!(row.kind, PanelKind::Row { collapsed: true, .. }) || row.scope[0].1 == "b");
        assert!(told(&unrolled).contains(&r#"held [("db", "b")] 3,8 4x2"#.to_owned()), "{:#?}", told(&unrolled));
        assert_eq!(
            told(&unroll(&panels, |_| false))[4..],
            told(&panels)[5..]
                .iter()
                .map(|s| s.replace(",6", ",4").replace(",7", ",5").replace(",8", ",6").replace(",9", ",7"))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn numbers_are_unique_and_outlive_a_change_of_values() {
        let (dashboard, mut values) = board(REPEATED);
        values.offer("db", choices(&["a", "b", "c"]));
        let before = expand(&dashboard, &values);
        values.offer("db", choices(&["a", "c", "d"]));
        let after = expand(&dashboard, &values);
        let id = |panels: &[Panel], value: &str| panels.iter().find(|p| p.title == "$db" && p.scope[0].1 == value).unwrap().id;
        assert_eq!((id(&before, "a"), id(&before, "c")), (id(&after, "a"), id(&after, "c")));
        let mut ids: Vec<u32> = after.iter().map(|p| p.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), after.len());
    }

    #[test]
    fn one_value_is_one_panel_and_nothing_offered_is_one_too() {
        let (dashboard, mut values) = board(REPEATED);
        assert_eq!(expand(&dashboard, &values).len(), 5);
        values.offer("db", choices(&["a", "b"]));
        values.choose("db", "b");
        let panels = expand(&dashboard, &values);
        assert_eq!((panels.len(), &told(&panels)[0]), (5, &r#"$db [("db", "b")] 0,0 24x3"#.to_owned()));
        values.choose("db", ALL);
        assert_eq!(expand(&dashboard, &values).len(), 7);
    }

    #[test]
    fn endless_repeats_end_and_say_so() {
        let (dashboard, mut values) = board(REPEATED);
        let many: Vec<String> = (0..9_000).map(|n| n.to_string()).collect();
        values.offer("db", many.iter().map(|value| Choice::plain(value)).collect());
        let panels = expand(&dashboard, &values);
        assert!(panels.len() < MOST + 20);
        assert_eq!(panels[MOST].title, "7000 more copies of \"$db\" are left out");
    }
}
