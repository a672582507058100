//! Standard output as something to draw on that stays when midwatch has ended: how wide it is and how things look there. Where it
//! is no terminal nothing but text is printed: no colour, no control code, nothing is cut.

use std::io::IsTerminal as _;

use color_eyre::eyre::Result;
use ratatui::backend::IntoCrossterm as _;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Style};

use crate::config::Places;
use crate::config::model::Config;
use crate::runtime::setup;
use crate::ui::theme::Look;

/// Standard output.
pub struct Paper {
    /// How things look on it.
    pub look: Look,
    /// Columns and rows of the terminal; none where there is no terminal.
    pub size: Option<(u16, u16)>,
}

impl Paper {
    /// That of this process, in the theme of a configuration.
    pub fn of_process(config: &Config) -> Result<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let is_terminal = std::io::stdout().is_terminal() && !dumb;
        let size = is_terminal.then(|| crossterm::terminal::size().unwrap_or((80, 24)));
        Ok(Self { look: setup::look(config, &Places::of_process()?)?, size })
    }

    /// Text in a style, where there are styles.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.size.is_none() || style == Style::new() {
            text.to_owned()
        } else {
            style.into_crossterm().apply(text).to_string()
        }
    }

    /// A picture, line by line.
    pub fn picture(&self, buffer: &Buffer) -> String {
        let row = |y: u16| (buffer.area.left()..buffer.area.right()).filter_map(move |x| buffer.cell((x, y)));
        (buffer.area.top()..buffer.area.bottom()).map(|y| self.line(row(y)) + "\n").collect()
    }

    /// Cells of one style are painted together; the empty end of a line is left out.
    fn line<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> String {
        let mut runs: Vec<(Style, String)> = Vec::new();
        for cell in cells {
            match runs.last_mut().filter(|(style, _)| *style == style_of(cell)) {
                Some((_, text)) => text.push_str(cell.symbol()),
                None => runs.push((style_of(cell), cell.symbol().to_owned())),
            }
        }
        let ends = runs.iter().rposition(|(style, text)| style.bg.is_some() || !text.trim_end().is_empty());
        runs.truncate(ends.map_or(0, |last| last + 1));
        if let Some((_, text)) = runs.last_mut().filter(|(style, _)| style.bg.is_none()) {
            text.truncate(text.trim_end().len());
        }
        runs.iter().map(|(style, text)| self.paint(*style, text)).collect()
    }
}

/// What of a cell's style has to be said.
fn style_of(cell: &Cell) -> Style {
    let said = |colour: Color| Some(colour).filter(|colour| *colour != Color::Reset);
    Style { fg: said(cell.fg), bg: said(cell.bg), add_modifier: cell.modifier, ..Style::new() }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    fn picture(size: Option<(u16, u16)>) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(0, 0, "ab", Style::new());
        buffer.set_string(2, 0, "cd", Style::new().fg(Color::Red));
        Paper { look: Look::default(), size }.picture(&buffer)
    }

    #[test]
    fn without_a_terminal_a_picture_is_text_alone() {
        assert_eq!(picture(None), "abcd\n\n");
    }

    #[test]
    fn in_a_terminal_only_what_has_a_colour_is_coloured() {
        let red = Style::new().fg(Color::Red).into_crossterm().apply("cd").to_string();
        assert_eq!(picture(Some((80, 24))), format!("ab{red}\n\n"));
    }
}
