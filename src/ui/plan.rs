//! A plan in words: what it acts on, what one should know, every step with its deadline and what becomes of it.

use unicode_width::UnicodeWidthStr;

use crate::domain::clean::Clean;
use crate::domain::plan::{Plan, Revert, StepSpec};
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::wrap;
use crate::ui::theme::Role;

/// The lines of a plan, so many columns wide.
pub fn lines(plan: &Plan, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let mut lines = target(plan, width);
    if !plan.notes.is_empty() {
        lines.push(vec![]);
    }
    let sign = pen.look.pick("▲", "!");
    for note in &plan.notes {
        lines.extend(hanging((Role::Warning, format!(" {sign} ")), note, Role::Text, width));
    }
    lines.push(vec![]);
    lines.extend(plan.steps.iter().enumerate().flat_map(|(n, spec)| step(n + 1, spec, width)));
    lines
}

/// What is acted on, and by what it is told from others.
fn target(plan: &Plan, width: usize) -> Vec<Vec<Words>> {
    let name = vec![
        (Role::Dim, " on ".into()),
        (Role::Title, Clean::new(plan.target.name.as_str()).into_string()),
        (Role::Dim, format!(" in {}, guard {}", Clean::new(plan.environment.as_str()), plan.guard)),
    ];
    let mut lines = vec![name];
    lines.extend(hanging((Role::Dim, "    ".into()), &plan.target.words, Role::Text, width));
    let keys = hanging((Role::Dim, "    locks ".into()), &plan.target.keys.join(", "), Role::Dim, width);
    lines.extend(keys.into_iter().filter(|_| !plan.target.keys.is_empty()));
    lines
}

fn step(number: usize, spec: &StepSpec, width: usize) -> Vec<Vec<Words>> {
    let mut lines = hanging((Role::Accent, format!("{number:>3} ")), &spec.title, Role::Text, width);
    let bounds = bounds(spec);
    match lines.last_mut() {
        Some(last) if last.iter().map(|(_, text)| text.width()).sum::<usize>() + bounds.width() + 2 <= width => {
            last.push((Role::Dim, format!("  {bounds}")));
        }
        _ => lines.push(vec![(Role::Dim, format!("    {bounds}"))]),
    }
    lines
}

/// How long it may take, and what becomes of it afterwards.
fn bounds(spec: &StepSpec) -> String {
    let still = if spec.stall < spec.deadline { format!(", {} without progress", human(spec.stall)) } else { String::new() };
    format!("at most {}{still}; {}", human(spec.deadline), revert(spec.revert))
}

fn revert(revert: Revert) -> &'static str {
    match revert {
        Revert::Never => "no undo",
        Revert::OnFailure => "undone if the job fails",
        Revert::Always => "undone at the end",
        Revert::UntilReleased => "can be undone until released",
    }
}

/// Text over several lines, those after the first set below its beginning.
pub fn hanging(first: Words, text: &str, role: Role, width: usize) -> Vec<Vec<Words>> {
    let indent = first.1.width();
    let rest = (first.0, " ".repeat(indent));
    let heads = std::iter::once(first).chain(std::iter::repeat(rest));
    heads.zip(wrap(text, width.saturating_sub(indent).max(10))).map(|(head, line)| vec![head, (role, line)]).collect()
}
