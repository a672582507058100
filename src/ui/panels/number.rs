//! Numbers as they are written on a panel: unit, digits, mappings, thresholds.

use ratatui::style::Color;

use crate::domain::clean::Clean;
use crate::domain::unit::{Formatted, Unit};
use crate::grafana::model::{FieldOptions, MapOn, Mapping, Thresholds};
use crate::ui::panels::pattern::Pattern;
use crate::ui::theme::{Look, colour};

/// What is written where there is nothing to write.
pub const ABSENT: &str = "no value";

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// In pieces; clean.
    pub text: Formatted,
    /// By mapping or threshold; absent where the panel gives none.
    pub colour: Option<Color>,
}

/// A number with its unit; of an unknown unit's own words only what is clean.
pub fn written(unit: Option<&Unit>, value: f64, decimals: Option<u8>) -> Formatted {
    let Formatted { prefix, text, suffix } = match unit {
        Some(unit) => unit.format(value, decimals),
        None => Unit("short".into()).format(value, decimals),
    };
    let clean = |part: String| Clean::new(&part).into_string();
    Formatted { prefix: clean(prefix), text: clean(text), suffix: clean(suffix) }
}

/// Words in the place of a number.
fn words(text: &str) -> Formatted {
    Formatted { text: Clean::new(text).into_string(), ..Formatted::default() }
}

/// A value by its field's options: mapped, or with unit and colour; an absent one by `no_value`.
pub fn show(options: &FieldOptions, value: Option<f64>, look: &Look) -> Shown {
    let mapped = options.mappings.iter().find(|m| takes(m, value));
    let plain = || match value {
        Some(value) => written(options.unit.as_ref(), value, options.decimals),
        None => words(options.no_value.as_deref().unwrap_or(ABSENT)),
    };
    let text = mapped.and_then(|m| m.text.as_deref()).map_or_else(plain, words);
    let by_threshold = || value.and_then(|v| threshold(options, v)).and_then(|name| look.grafana(name));
    Shown { text, colour: mapped.and_then(|m| m.color.as_deref()).and_then(|c| look.grafana(c)).or_else(by_threshold) }
}

/// Text by a field's mappings.
pub fn show_text(options: &FieldOptions, text: &str, look: &Look) -> Shown {
    let mapped = options.mappings.iter().find(|m| match &m.on {
        MapOn::Value(v) => v == text,
        MapOn::Regex(pattern) => Pattern::new(pattern).is_match(text),
        MapOn::Special(word) => word == "empty" && text.is_empty(),
        MapOn::Range(..) => false,
    });
    let shown = mapped.and_then(|m| m.text.as_deref()).unwrap_or(text);
    let colour = mapped.and_then(|m| m.color.as_deref()).and_then(|c| look.grafana(c));
    Shown { text: words(shown), colour }
}

fn takes(mapping: &Mapping, value: Option<f64>) -> bool {
    match (&mapping.on, value) {
        (MapOn::Value(text), Some(v)) => text.parse::<f64>().is_ok_and(|t| t.total_cmp(&(v + 0.0)).is_eq()),
        (MapOn::Range(from, to), Some(v)) => from.is_none_or(|f| v >= f) && to.is_none_or(|t| v <= t) && !v.is_nan(),
        (MapOn::Regex(pattern), Some(v)) => Pattern::new(pattern).is_match(&v.to_string()),
        (MapOn::Special(word), None) => matches!(word.as_str(), "null" | "null+nan" | "empty"),
        (MapOn::Special(word), Some(v)) => v.is_nan() && matches!(word.as_str(), "nan" | "null+nan"),
        (_, None) => false,
    }
}

/// The colour's name of the step a value stands on.
pub fn threshold(options: &FieldOptions, value: f64) -> Option<&str> {
    if value.is_nan() {
        return None;
    }
    let Thresholds { percent, steps } = &options.thresholds;
    let value = if *percent { 100.0 * share(options, value) } else { value };
    steps.iter().rev().find(|(from, _)| from.is_none_or(|f| value >= f)).map(|(_, colour)| colour.as_str())
}

/// Where a value stands between the least and the greatest, from 0 to 1 inside.
pub fn share(options: &FieldOptions, value: f64) -> f64 {
    let (least, most) = (options.min.unwrap_or(0.0), options.max.unwrap_or(100.0));
    if most > least { (value - least) / (most - least) } else { 0.0 }
}

/// What a colour says without its colour: `!!` for reds, `!` for oranges and yellows, nothing else.
pub fn sign(colour: Option<Color>) -> &'static str {
    let Some(Color::Rgb(r, g, b)) = colour else { return "" };
    match colour::hsv(r, g, b) {
        (_, saturation, value) if saturation < 0.3 || value < 0.2 => "",
        (hue, ..) if !(18.0..340.0).contains(&hue) => "!!",
        (hue, ..) if hue < 65.0 => "!",
        _ => "",
    }
}
