//! Answers to fields: each series with the name it is called by, the options that hold for it, and its colour.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::style::Color;

use crate::domain::clean::Clean;
use crate::domain::labels::Labels;
use crate::domain::series::{Sample, Series};
use crate::domain::time::Stamp;
use crate::grafana::model::{FieldMatcher, FieldOptions, Override, Panel, Property, Transformation};
use crate::ui::panels::pattern::{Pattern, Replacement};
use crate::ui::panels::{Input, Outcome};
use crate::ui::theme::Look;

/// One series as the panel means it.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// What it is called; clean.
    pub name: String,
    /// Its samples.
    pub samples: &'a [Sample],
    /// The panel's options with this field's overrides.
    pub options: Cow<'a, FieldOptions>,
    /// Which of the panel's targets it answers.
    pub target: usize,
    /// The usual distance of its samples, where it was asked for.
    pub step: Option<Duration>,
    /// See [`crate::domain::series::Answer::sampled_at`].
    pub sampled_at: Option<Stamp>,
}

/// The fields of a panel, and of how many series they were taken.
pub struct Fields<'a> {
    /// In the order of targets and series.
    pub shown: Vec<Field<'a>>,
    /// All series, those left out included.
    pub of: usize,
}

/// The fields of a panel, hidden ones left out; of more than `most` those with the greatest last values.
pub fn fields<'a>(input: &Input<'a>, most: usize) -> Fields<'a> {
    let all = input.results.iter().enumerate().flat_map(|(n, o)| {
        let series = o.answer.map_or(&[][..], |a| &a.series);
        series.iter().map(move |s| (n, o, s))
    });
    let mut kept: Vec<(usize, &Outcome<'a>, &'a Series)> = all.collect();
    let of = kept.len();
    keep_greatest(&mut kept, most);
    let telling = telling_labels(input.results.len(), &kept);
    let overrides = Overrides::new(input.panel);
    let renamings: Vec<Renaming> = input.panel.transformations.iter().filter_map(Renaming::new).collect();
    let shown = kept.into_iter().map(|(n, outcome, series)| {
        let base = named(outcome, series, telling.get(n).map_or(&[], Vec::as_slice));
        let base = renamings.iter().fold(base, |name, step| step.of(name, &outcome.target.ref_id));
        let options = overrides.options(&base, &outcome.target.ref_id);
        let name = options.display_name.as_deref().map(|t| displayed(t, &base, series)).unwrap_or(base);
        let sampled_at = outcome.answer.and_then(|a| a.sampled_at);
        let samples = series.samples.as_slice();
        Field {
            name: Clean::new(&name).into_string(),
            samples,
            options,
            target: n,
            step: outcome.answer.and_then(|a| a.step),
            sampled_at,
        }
    });
    Fields { shown: shown.filter(|f| !f.options.hidden).collect(), of }
}

/// A transformation that gives series other names.
enum Renaming<'a> {
    ByPattern(Replacement),
    ByName(&'a [(String, String)]),
}

impl<'a> Renaming<'a> {
    fn new(step: &'a Transformation) -> Option<Self> {
        match step {
            Transformation::Rename { regex, with } => Some(Self::ByPattern(Replacement::new(regex, with))),
            Transformation::Organize { rename, .. } if !rename.is_empty() => Some(Self::ByName(rename)),
            _ => None,
        }
    }

    /// The name it gives; a query's values have a name of their own, too.
    fn of(&self, name: String, query: &str) -> String {
        match self {
            Self::ByPattern(replacement) => replacement.of(&name).into_owned(),
            Self::ByName(names) => {
                let values = |old: &str| old.strip_prefix("Value #") == Some(query);
                let new = names.iter().find(|(old, _)| *old == name || values(old)).map(|(_, new)| new.clone());
                new.unwrap_or(name)
            }
        }
    }
}

/// Keeps the order of what stays.
fn keep_greatest(kept: &mut Vec<(usize, &Outcome, &Series)>, most: usize) {
    if kept.len() <= most {
        return;
    }
    let last = |s: &Series| s.last().map_or(f64::NEG_INFINITY, |l| if l.value.is_nan() { f64::NEG_INFINITY } else { l.value });
    let mut order: Vec<(f64, usize)> = kept.iter().enumerate().map(|(n, (_, _, s))| (last(s), n)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.truncate(most);
    order.sort_by_key(|(_, n)| *n);
    *kept = order.into_iter().map(|(_, n)| kept[n]).collect();
}

/// For each target, the labels that tell its series apart.
fn telling_labels(targets: usize, kept: &[(usize, &Outcome, &Series)]) -> Vec<Vec<std::sync::Arc<str>>> {
    let of = |target| Labels::distinguishing(kept.iter().filter(|(n, ..)| *n == target).map(|(_, _, s)| &s.labels));
    (0..targets).map(|n| if kept.iter().any(|(k, o, _)| *k == n && automatic(o.legend)) { of(n) } else { Vec::new() }).collect()
}

fn automatic(legend: &str) -> bool {
    legend.is_empty() || legend == "__auto"
}

/// By the legend's template; without one by the labels that tell it from the others.
fn named(outcome: &Outcome, series: &Series, telling: &[std::sync::Arc<str>]) -> String {
    if !automatic(outcome.legend) {
        return filled(outcome.legend, "{{", "}}", |label| series.labels.get(label).unwrap_or_default().to_owned());
    }
    let value = |name: &str| series.labels.get(name).unwrap_or_default();
    match telling {
        [] => match series.labels.get("__name__") {
            Some(name) => name.to_owned(),
            None if series.labels.is_empty() => outcome.target.expr.clone(),
            None => series.labels.iter().map(|(_, v)| v).collect::<Vec<_>>().join(" "),
        },
        [one] => value(one).to_owned(),
        many => many.iter().map(|n| format!("{n}={}", value(n))).collect::<Vec<_>>().join(" "),
    }
}

/// Grafana's display name: `${__field.labels.x}`, `${__field.name}`, `${__series.name}`.
fn displayed(template: &str, base: &str, series: &Series) -> String {
    filled(template, "${", "}", |word| match word.strip_prefix("__field.labels.") {
        Some(label) => series.labels.get(label).unwrap_or_default().to_owned(),
        None if word.starts_with("__field") || word.starts_with("__series") => base.to_owned(),
        None => format!("${{{word}}}"),
    })
}

/// `template` with what stands between `open` and `close` replaced.
fn filled(template: &str, open: &str, close: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((word, after)) = after.split_once(close) else { break };
        out.push_str(before);
        out.push_str(&value(word.trim()));
        rest = after;
    }
    out + rest
}

/// A panel's overrides, their patterns read once.
pub struct Overrides<'a> {
    base: &'a FieldOptions,
    rules: Vec<(Option<Pattern>, &'a Override)>,
}

impl<'a> Overrides<'a> {
    /// Of a panel.
    pub fn new(panel: &'a Panel) -> Self {
        let pattern = |o: &Override| match &o.on {
            FieldMatcher::Regex(p) => Some(Pattern::new(p)),
            _ => None,
        };
        Self { base: &panel.field, rules: panel.overrides.iter().map(|o| (pattern(o), o)).collect() }
    }

    /// The options of a field, borrowed where nothing overrides them.
    pub fn options(&self, name: &str, query: &str) -> Cow<'a, FieldOptions> {
        self.of_type(name, query, "number")
    }

    /// The options of a field of a type.
    pub fn of_type(&self, name: &str, query: &str, kind: &str) -> Cow<'a, FieldOptions> {
        let mut options = Cow::Borrowed(self.base);
        for (pattern, rule) in &self.rules {
            let takes = match &rule.on {
                FieldMatcher::Name(n) => n == name,
                FieldMatcher::Names { names, except } => names.iter().any(|n| n == name) != *except,
                FieldMatcher::Regex(_) => pattern.as_ref().is_some_and(|p| p.is_match(name)),
                FieldMatcher::Query(q) => q == query,
                FieldMatcher::Type(t) => t == kind,
                FieldMatcher::Other(_) => false,
            };
            if takes {
                rule.set.iter().for_each(|p| set(options.to_mut(), p));
            }
        }
        options
    }
}

fn set(options: &mut FieldOptions, property: &Property) {
    match property.clone() {
        Property::Unit(unit) => options.unit = Some(unit),
        Property::Decimals(digits) => options.decimals = Some(digits),
        Property::Min(least) => options.min = Some(least),
        Property::Max(most) => options.max = Some(most),
        Property::Thresholds(thresholds) => options.thresholds = thresholds,
        Property::Mappings(mappings) => options.mappings = mappings,
        Property::DisplayName(name) => options.display_name = Some(name),
        Property::Color(colour) => options.line.color = Some(colour),
        Property::Stack(stack) => options.line.stack = stack,
        Property::Style(style) => options.line.style = style,
        Property::RightAxis(right) => options.line.right_axis = right,
        Property::Negative(negative) => options.line.negative = negative,
        Property::Hidden(hidden) => options.hidden = hidden,
        Property::Cell(cell) => options.cell = cell,
        Property::NoValue(text) => options.no_value = Some(text),
    }
}

/// A colour for each field: the one it is given, else the palette's.
///
/// Where every query answers one series a field takes its query's place in the palette, as in Grafana. Where a query answers
/// many, the name chooses, and a taken colour gives way to the next: a series that comes or goes does not repaint the others.
pub fn colours(fields: &[Field], look: &Look) -> Vec<Color> {
    let single = fields.windows(2).all(|pair| pair[0].target != pair[1].target);
    let mut taken = std::collections::HashSet::new();
    let mut place = |field: &Field| {
        if single {
            return field.target;
        }
        let wanted = hash(&field.name) % DISTINCT;
        let around = |block: usize| (0..DISTINCT).map(move |n| block * DISTINCT + (wanted + n) % DISTINCT);
        let free = (0..look.series_len() / DISTINCT).flat_map(around).find(|n| !taken.contains(n)).unwrap_or(wanted);
        taken.insert(free);
        free
    };
    let given = |f: &Field| f.options.line.color.as_deref().and_then(|c| look.grafana(c));
    fields.iter().map(|f| given(f).unwrap_or_else(|| look.series(place(f)))).collect()
}

/// The palette comes in rows of so many colours: those of one row are told apart at a glance, so a row is used up first.
const DISTINCT: usize = 8;

/// FNV-1a.
fn hash(name: &str) -> usize {
    name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)) as usize
}

#[cfg(test)]
mod tests;
