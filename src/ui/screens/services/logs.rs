//! A service's log: its end, or a place in it.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::services::Open;
use crate::app::selection::first_row;
use crate::domain::clean::Clean;
use crate::domain::control::LogLine;
use crate::domain::range::clock;
use crate::domain::service::Service;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::bytes;
use crate::ui::screens::services::told;
use crate::ui::theme::Role;

/// Words that make a line stand out; they stand there all the same.
const LOUD: &[(&str, Role)] = &[
    ("PANIC", Role::Critical),
    ("FATAL", Role::Critical),
    ("CRITICAL", Role::Critical),
    ("ERROR", Role::Critical),
    ("WARN", Role::Warning),
];

/// How far into a line its own time may begin: behind a date, a bracket, a process number.
const NEAR: usize = 24;

/// Draws it.
pub fn draw(shared: &Shared, open: &Open, service: &Service, area: Rect, pen: &mut Pen<'_>) {
    if service.control.is_none() {
        return pen.words(area, 1, Role::Dim, " no control is configured for this service, so nobody knows where its log is");
    }
    let (lines, all) = open.log.lines(shared, &open.name, &open.filter);
    let at = open.log.cursor(&lines);
    let mut words = vec![(Role::Dim, format!(" {} lines", lines.len()))];
    words.extend((lines.len() < all).then(|| (Role::Warning, format!(" of {all}"))));
    words.extend(open.log.instance.as_ref().map(|instance| (Role::Text, format!("  of {}", Clean::new(instance)))));
    words.push(match (&open.log.still, open.log.around) {
        (_, Some(around)) => (Role::Accent, format!("  5 minutes around {}", clock(around))),
        (None, None) => (Role::Good, "  following".to_owned()),
        (Some(_), None) => (Role::Warning, "  stands still; End follows".to_owned()),
    });
    let source = Source::ServiceLog(open.name.clone(), open.log.ask());
    let Some(below) = told(shared, open, &source, words, area, pen) else { return };
    if lines.is_empty() {
        return pen.words(
            below,
            1,
            Role::Dim,
            if all == 0 { " nothing was written" } else { " nothing passes the filter; Esc clears it" },
        );
    }
    let many = lines.iter().any(|line| line.instance != lines[0].instance);
    let first = first_row(Some(at), lines.len(), usize::from(below.height));
    for (n, line) in lines.iter().enumerate().skip(first).take(usize::from(below.height)) {
        let row = (n - first) as u16;
        pen.line(below, row, &self::line(line, many));
        if n == at && open.log.still.is_some() {
            pen.mark(below, row, Role::Selection);
        }
    }
}

/// Whether a line begins with its time itself, in the same zone: PostgreSQL's do, to the millisecond, and nobody needs it twice.
fn tells(text: &str, time: &str) -> bool {
    text.char_indices().map(|(at, _)| at).take(NEAR).any(|at| text[at..].starts_with(time))
}

fn line(line: &LogLine, many: bool) -> Vec<Words> {
    let at = line.at.map(|at| clock(at).get(11..19).unwrap_or_default().to_owned());
    let mut words: Vec<Words> =
        at.filter(|at| !tells(&line.text, at)).into_iter().map(|at| (Role::Dim, format!(" {at}"))).collect();
    words.extend(many.then(|| (Role::Accent, format!(" {}", Clean::new(&line.instance)))));
    let role = LOUD.iter().find(|(word, _)| line.text.contains(word)).map_or(Role::Text, |(_, role)| *role);
    words.push((role, format!(" {}", Clean::new(&line.text))));
    words.extend((line.cut > 0).then(|| (Role::Dim, format!(" and {} more", bytes(line.cut)))));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Stamp;

    fn said(text: &str) -> String {
        let line = LogLine { at: Some(Stamp(1_795_316_400_123)), instance: "db".to_owned(), text: text.to_owned(), cut: 0 };
        super::line(&line, false).into_iter().map(|(_, words)| words).collect()
    }

    #[test]
    fn a_time_that_a_line_tells_itself_is_not_told_twice() {
        assert_eq!(said("2026-11-22 03:00:00.123 UTC [7] LOG:  ready"), " 2026-11-22 03:00:00.123 UTC [7] LOG:  ready");
        assert_eq!(said("    and more of it"), " 03:00:00     and more of it");
        assert_eq!(said("2026-11-22 04:00:00 CET ready"), " 03:00:00 2026-11-22 04:00:00 CET ready", "another zone's");
        assert_eq!(said("the backup was to begin at 03:00:00"), " 03:00:00 the backup was to begin at 03:00:00");
    }
}
