//! The silences, and one of them: who, what it matches, until when, what it hides now.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::Source;
use crate::app::screens::alerts::silences::{Detail, hides, is_live, known, members};
use crate::app::spot::Spot;
use crate::domain::alert::Silence;
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::ui::pen::{Pen, Words, staleness};
use crate::ui::prose::{coarse, counted};
use crate::ui::screens::alerts as screen;
use crate::ui::screens::alerts::page::{self, pair, wrapped};
use crate::ui::theme::Role;

/// Draws the list.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let (shared, silences) = (&model.shared, &model.screens.alerts.silences);
    let listed = silences.listed(shared);
    let live = known(shared).iter().filter(|silence| is_live(silence)).count();
    let mut head = screen::head(model, listed.len(), live, &silences.filter, pen);
    head.extend(screen::silent(members(shared)));
    head.extend(staleness(&shared.freshness(&Source::Silences)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    let area = screen::below(area);
    if listed.is_empty() {
        return pen.words(area, 1, Role::Dim, empty(model));
    }
    screen::rows(&listed, silences.row(shared), area, pen, |silence, area, y, pen| line(shared, silence, area, y, pen));
}

fn empty(model: &Model) -> &'static str {
    let shared = &model.shared;
    match shared.environment().alertmanagers {
        0 => " no Alertmanager is configured for this environment",
        _ if !model.screens.alerts.silences.filter.is_empty() => " nothing passes the filter; Esc clears it",
        _ if shared.freshness(&Source::Silences).is_fresh() => " nothing is silenced",
        _ => " unknown: no Alertmanager has answered",
    }
}

fn line(shared: &Shared, silence: &Silence, area: Rect, y: u16, pen: &mut Pen<'_>) {
    pen.spot(area, y, Spot::Silence(silence.id.clone()));
    let hidden = hides(shared, silence).len();
    let rest = pen.right(area, y, &[(Role::Dim, format!("  {}{} ", split(shared, silence), when(shared, silence)))]);
    let words = [
        sign(silence, pen),
        (if hidden > 0 { Role::Warning } else { Role::Dim }, format!("hides {hidden:<3} ")),
        (Role::Text, format!("{}  ", Clean::new(&matchers(silence)))),
        (Role::Accent, format!("{}  ", Clean::new(&silence.created_by))),
        (Role::Dim, Clean::new(&silence.comment).into_string()),
    ];
    pen.line(rest, y, &words);
}

fn sign(silence: &Silence, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii) = match silence.state.as_str() {
        "active" => (Role::Accent, "●", "o"),
        "pending" => (Role::Dim, "○", "."),
        _ => (Role::Dim, "·", "-"),
    };
    (role, format!(" {} {:<8}", pen.look.pick(unicode, ascii), Clean::new(&silence.state)))
}

/// Which share of the Alertmanagers knows it, where not all do: it hides nothing from the others.
fn split(shared: &Shared, silence: &Silence) -> String {
    match (silence.members.len(), members(shared).len()) {
        (few, all) if few < all => format!("on {few} of {all} members, "),
        _ => String::new(),
    }
}

fn matchers(silence: &Silence) -> String {
    silence.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// `until 04:00Z, 57m left`. Alertmanager goes by its own clock, which is taken to be Prometheus's.
fn when(shared: &Shared, silence: &Silence) -> String {
    let now = shared.server_now();
    let (word, at) = if silence.state == "pending" { ("from", silence.starts_at) } else { ("until", silence.ends_at) };
    let (written, today) = (clock(at), clock(now));
    let day = |text: &str| text.get(..10).map(str::to_owned);
    let shown = if day(&written) == day(&today) { written.get(11..16) } else { written.get(..16) };
    let left = match (at > now, silence.state.as_str()) {
        (false, _) => "over".to_owned(),
        (true, "pending") => format!("in {}", coarse(at.since(now))),
        (true, _) => format!("{} left", coarse(at.since(now))),
    };
    format!("{word} {}Z, {left}", shown.unwrap_or_default())
}

/// Draws one.
pub fn open(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let silence = &detail.silence;
    let title = (Role::Title, format!("by {}  ", Clean::new(&silence.created_by)));
    let mut head = vec![sign(silence, pen), title, (Role::Text, when(shared, silence))];
    head.extend(staleness(&shared.freshness(&Source::Silences)).map(|(role, text)| (role, format!("  {text}"))));
    pen.line(area, 0, &head);
    pen.words(area, 1, Role::Text, &format!(" {}", Clean::new(&silence.comment)));
    page::text(&lines(shared, silence, usize::from(area.width)), detail.scroll, page::under_head(area), pen);
}

fn lines(shared: &Shared, silence: &Silence, width: usize) -> Vec<Vec<Words>> {
    let mut lines = vec![vec![(Role::Title, " Matches what has all of".into())]];
    lines.extend(silence.matchers.iter().map(|matcher| pair("", &matcher.to_string(), Role::Text)));
    lines.push(vec![(Role::Title, " Silence".into())]);
    lines.push(pair("id", &silence.id, Role::Text));
    lines.push(pair("begins", &clock(silence.starts_at), Role::Text));
    lines.push(pair("ends", &clock(silence.ends_at), Role::Text));
    if !split(shared, silence).is_empty() {
        lines.extend(members(shared).iter().enumerate().map(|(n, member)| {
            let knows = if silence.members.contains(&n) { "knows it" } else { "does not know it: it hides nothing there" };
            let told = member.state.as_ref().map_or_else(ToString::to_string, |_| knows.to_owned());
            pair("member", &format!("{}  {told}", member.url), Role::Dim)
        }));
    }
    lines.push(pair("last changed", &clock(silence.updated_at), Role::Text));
    lines.extend(wrapped("comment", &silence.comment, width));
    let hidden = hides(shared, silence);
    lines.push(vec![(Role::Title, format!(" Hides {} now", counted(hidden.len(), "alert")))]);
    lines.extend(hidden.into_iter().map(|row| pair("", &format!("{}  {}", row.name(), row.summary()), Role::Text)));
    lines
}
