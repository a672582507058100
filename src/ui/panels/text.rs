//! `text`: what its author wrote for whoever looks at the dashboard.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::grafana::model::PanelKind;
use crate::ui::panels::Input;
use crate::ui::panels::words::put;
use crate::ui::prose;
use crate::ui::theme::Role;

/// Draws the panel.
pub fn draw(input: &Input, area: Rect, buf: &mut Buffer) {
    let PanelKind::Text(words) = &input.panel.kind else { return };
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let lines = prose::wrap(&input.look.spell(words), width);
    let first = input.scroll.min(lines.len().saturating_sub(height));
    let unseen = (lines.len() - first).saturating_sub(height);
    for (line, y) in lines[first..].iter().zip(area.top()..area.bottom()) {
        put(buf, area.x, y, &input.look.fit(line, width), width, input.look.style(Role::Text));
    }
    if unseen > 0 && height > 1 {
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        let text = format!("{:<width$}", format!("+{} more lines", unseen + 1));
        put(buf, last.x, last.y, &text, width, input.look.style(Role::Dim));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::panels::tests::stage::{Stage, text};

    #[test]
    fn long_text_is_scrolled_and_says_how_much_is_below() {
        let mut stage = Stage::new(PanelKind::Text("Call the team first.\n\nThen restart it: \u{1b}[2J".into()));
        let drawn = text(&stage.buffer(16, 5));
        assert!(drawn.contains("│Call the team │") && drawn.contains("+3 more lines"), "{drawn}");
        stage.scroll = 99;
        let end = text(&stage.buffer(16, 5));
        assert!(end.contains("│Then restart  │") && end.contains("\\x1b[2J"), "{end}");
    }
}
