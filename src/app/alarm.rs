//! The alarm: rings once for an alert that begins to fire while the console watches.
//!
//! What fires already when the console first hears of it does not ring: whoever opened the console looks at it. An alert that rang
//! does not ring again while it lasts, nor when it comes back soon after it left: it flaps. One that is silenced does not ring; where
//! it still fires when its silence is over, it rings then. What begins in quiet hours is not made up for when they end.

use std::collections::{HashMap, HashSet};

use crate::app::effect::Effect;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row, Standing};
use crate::domain::alert::{Fingerprint, Severity};
use crate::domain::clean::Clean;
use crate::domain::time::Moment;

/// Who tells of alerts: an Alertmanager by its index, or Prometheus itself where there is none.
type Voice = Option<usize>;

/// What it has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alarm {
    /// The alerts that rang or need not, and when each was last there.
    heard: HashMap<Fingerprint, Moment>,
    /// Who has told of alerts before: what a voice tells of when it is first heard is no news.
    voices: HashSet<Voice>,
}

impl Alarm {
    /// Takes the newest rows in, after this source has answered.
    pub fn take(&mut self, shared: &Shared, source: &Source) -> Option<Effect> {
        let voices = voices(shared, source);
        if voices.is_empty() {
            return None;
        }
        let bell = &shared.setup.bell;
        let fresh: Vec<&Row> = rows::rows(shared).iter().filter(|row| self.is_news(shared, row)).collect();
        let ringing: Vec<&Row> = fresh.into_iter().filter(|row| bell.rings(row.severity, shared.now.wall)).collect();
        self.voices.extend(voices);
        self.heard.retain(|_, last| shared.now.since(*last) <= bell.again);
        let (first, others) = ringing.split_first()?;
        Some(Effect::Ring(words(shared, first, others.len())))
    }

    /// Whether an alert began to fire since the last time, by somebody who was heard before. Whoever is known stays known while
    /// it is there, firing or not.
    fn is_news(&mut self, shared: &Shared, row: &Row) -> bool {
        let known = self.heard.contains_key(&row.id);
        let fires = row.standing == Standing::Firing && told(shared, row) && !rows::is_watchdog(row);
        if known || fires {
            self.heard.insert(row.id.clone(), shared.now);
        }
        fires && !known && who(row).any(|voice| self.voices.contains(&voice))
    }
}

/// Who answered now.
fn voices(shared: &Shared, source: &Source) -> Vec<Voice> {
    let alertmanagers = shared.environment().alertmanagers > 0;
    match (source, shared.store.data(source)) {
        (Source::Alerts, Some(Data::Alerts(set))) => {
            let answering = set.members.iter().enumerate().filter(|(_, member)| member.state.is_ok());
            answering.map(|(n, _)| Some(n)).collect()
        }
        (Source::Rules, Some(_)) if !alertmanagers => vec![None],
        _ => vec![],
    }
}

/// Whether it is told of by those whose word counts: Prometheus alone does not, where there are Alertmanagers to send to.
fn told(shared: &Shared, row: &Row) -> bool {
    !row.members.is_empty() || shared.environment().alertmanagers == 0
}

fn who(row: &Row) -> impl Iterator<Item = Voice> {
    let prometheus = row.members.is_empty().then_some(None);
    row.members.iter().copied().map(Some).chain(prometheus)
}

/// `production: critical DatabaseDown, db-1 does not answer, and 2 more`.
fn words(shared: &Shared, row: &Row, others: usize) -> String {
    let severity = if row.severity == Severity::Unknown { "alert" } else { row.severity.word() };
    let (environment, name, summary) = (&shared.environment().name, Clean::new(row.name()), Clean::new(row.summary()));
    let summary = if summary.as_str().is_empty() { String::new() } else { format!(", {summary}") };
    let others = if others == 0 { String::new() } else { format!(", and {others} more") };
    format!("{environment}: {severity} {name}{others}{summary}")
}
