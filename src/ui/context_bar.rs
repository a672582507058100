//! The context bar: which environment this is and how far its data can be trusted.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::need::{Data, Source};
use crate::app::screens::{chaos, jobs};
use crate::app::store::Freshness;
use crate::domain::clean::Clean;
use crate::domain::job::State;
use crate::domain::range::clock;
use crate::domain::time::human;
use crate::ui::confirm;
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::counted;
use crate::ui::screens::chaos::fault;
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(model: &Model, area: Rect, pen: &mut Pen<'_>) {
    let shared = &model.shared;
    let env = shared.environment();
    let badge = format!(" {} ", Clean::new(env.name.as_str()));
    let style = env.colour.map_or_else(|| pen.look.style(Role::Selection), |c| pen.look.environment(c));
    let badge = pen.look.fit(&badge, usize::from(area.width) / 3).into_owned();
    let (x, _) = pen.buf.set_stringn(area.x, area.y, &badge, usize::from(area.width), style);
    let rest = Rect { x, width: area.right() - x, ..area };
    let time = clock(shared.now.wall);
    let rest = pen.right(rest, 0, &[(Role::Text, format!(" {}Z", time.get(11..16).unwrap_or_default()))]);
    let mut words = vec![(Role::Dim, format!(" {}", env.guard))];
    words.extend(confirm::unlocked(shared));
    words.extend(faults(shared));
    words.extend(jobs(shared));
    words.extend(prometheus(shared));
    words.extend(alertmanager(shared));
    words.extend(skew(shared));
    pen.line(rest, 0, &words);
}

/// Faults that are on, or whose end was not verified: whoever looks at another screen must see that.
fn faults(shared: &Shared) -> Vec<Words> {
    let mut words: Vec<Words> = chaos::faults(shared).iter().map(|open| fault(open, shared.now.wall)).collect();
    let dark = |source| matches!(shared.freshness(source), Freshness::Failed(_) | Freshness::Stale { .. });
    // Where nothing of the ledger is known, that is said of the jobs.
    if dark(&Source::Faults) && !dark(&Source::Jobs) {
        words.push((Role::Critical, "  faults unknown".into()));
    }
    words
}

/// How many jobs run, and how many were lost; whose ledger that is, where it is not everybody's.
fn jobs(shared: &Shared) -> Vec<Words> {
    let count = |state: fn(State) -> bool| jobs::known(shared).iter().filter(|job| state(job.state)).count();
    let running = count(|state| matches!(state, State::Running | State::Submitted));
    let lost = count(|state| state == State::Lost);
    let mut words = Vec::new();
    if running > 0 {
        words.push((Role::Accent, format!("  {}", counted(running, "job"))));
    }
    if lost > 0 {
        words.push((Role::Critical, format!("  {lost} lost")));
    }
    if matches!(shared.freshness(&Source::Jobs), Freshness::Failed(_) | Freshness::Stale { .. }) {
        words.push((Role::Critical, "  jobs unknown".into()));
    }
    if !shared.setup.shared_ledger {
        words.push((Role::Warning, "  own ledger".into()));
    }
    words
}

fn prometheus(shared: &Shared) -> Vec<Words> {
    if shared.environment().prometheus.is_none() {
        return vec![(Role::Dim, "  no prometheus".into())];
    }
    // Rules that are evaluated elsewhere are not known here: that is no "nothing is pending".
    let deaf = matches!(shared.store.data(&Source::Rules), Some(Data::Rules(groups)) if groups.is_empty());
    upstream("prometheus", shared, &Source::Rules, deaf.then(|| "no rules".to_owned()))
}

fn alertmanager(shared: &Shared) -> Vec<Words> {
    let members = match shared.store.data(&Source::Alerts) {
        Some(Data::Alerts(set)) if set.answered() < set.members.len() => {
            Some(format!("{} of {} members", set.answered(), set.members.len()))
        }
        _ => None,
    };
    match shared.environment().alertmanagers {
        0 => vec![(Role::Dim, "  no alertmanager".into())],
        _ => upstream("alertmanager", shared, &Source::Alerts, members),
    }
}

/// Fresh data has one constant word, so that a quiet night writes nothing; anything else has its age and its reason.
fn upstream(name: &str, shared: &Shared, source: &Source, partial: Option<String>) -> Vec<Words> {
    let (role, state) = match (shared.freshness(source), shared.store.get(source).and_then(|k| k.fault.as_ref())) {
        (Freshness::Waiting, _) => (Role::Unknown, "asking".to_owned()),
        (Freshness::Failed(fault), _) => (Role::Critical, fault.kind.word().to_owned()),
        (Freshness::Stale { age, why }, _) => {
            let why = why.map_or(String::new(), |w| format!(": {}", w.kind.word()));
            (Role::Critical, format!("{} old{why}", human(age)))
        }
        (Freshness::Fresh, Some(fault)) => (Role::Warning, fault.kind.word().to_owned()),
        (Freshness::Fresh, None) => match partial {
            Some(partial) => (Role::Warning, partial),
            None => (Role::Good, format!("<{}", human(shared.environment().refresh.max(Duration::from_secs(1)) * 2))),
        },
    };
    vec![(Role::Dim, format!("  {name} ")), (role, state)]
}

fn skew(shared: &Shared) -> Option<Words> {
    let skew = shared.skew?;
    let direction = if skew > 0 { "behind" } else { "ahead of" };
    let words = format!("  this clock is {} {direction} prometheus's", human(Duration::from_millis(skew.unsigned_abs())));
    Some((Role::Warning, words))
}
