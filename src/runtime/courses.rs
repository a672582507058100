//! The courses of a drill's probes as Markdown: pictures of text alone, that a terminal, a screen and a forge show alike.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::chaos::report::Report;
use crate::domain::clean::Clean;
use crate::ui::panels::chart::{course, course_height, courses};
use crate::ui::theme::{Charset, Depth, Look, Theme};

/// How wide they are: reports are read at 80 columns.
const WIDTH: u16 = 78;

/// What is drawn with where text must do: no colour, and no more than ASCII where that is wanted.
pub fn plain(ascii: bool) -> Look {
    Look::new(Theme::default(), if ascii { Charset::Ascii } else { Charset::Unicode }, Depth::Mono)
}

/// A heading and a picture for each probe whose course says something.
pub fn markdown(report: &Report, look: &Look) -> String {
    let mut text = String::new();
    for at in courses(report) {
        let Some(probe) = report.hypothesis.get(at) else { continue };
        let mut buffer = Buffer::empty(Rect::new(0, 0, WIDTH, course_height(report)));
        course(report, at, look, buffer.area, &mut buffer);
        let _ = writeln!(text, "**{}**\n\n```text\n{}```\n", Clean::new(&probe.title()), written(&buffer));
    }
    text
}

fn written(buffer: &Buffer) -> String {
    let cell = |x, y| buffer.cell((x, y)).map_or(" ", ratatui::buffer::Cell::symbol);
    let row = |y| (buffer.area.left()..buffer.area.right()).map(|x| cell(x, y)).collect::<String>();
    (buffer.area.top()..buffer.area.bottom()).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::app::tests::fixtures::chaos::over;

    #[test]
    fn the_course_of_a_drill_is_read_at_eighty_columns() {
        let report = over(7, "postgres-paused", 60, Some(9), 60).report;
        let text = markdown(&report, &plain(false));
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        assert_snapshot!(text);
    }

    #[test]
    fn the_course_of_a_drill_is_ascii_where_that_is_wanted() {
        let report = over(7, "postgres-paused", 60, Some(9), 60).report;
        let text = markdown(&report, &plain(true));
        assert!(text.is_ascii());
        assert_snapshot!(text);
    }

    #[test]
    fn a_drill_that_never_began_has_no_course() {
        let report = crate::app::tests::fixtures::chaos::begun(7, "postgres-paused", 60).report;
        assert_eq!(markdown(&report, &plain(false)), "");
    }
}
