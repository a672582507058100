//! The silences: who hides what, until when. Only shown: the console makes none.

use std::cmp::Reverse;
use std::time::Duration;

use crate::app::command::Call;
use crate::app::filter::{self, Looked};
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::rows::{self, Row};
use crate::app::screen::{Screen, Travel};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::alert::{Member, Silence, Union};
use crate::domain::labels::Labels;

/// The state of the list of silences.
#[derive(Clone, Debug, Default)]
pub struct Silences {
    /// Which silence is selected, by its id.
    pub selected: Selection<String>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The silence that is open.
    pub detail: Option<Detail>,
}

/// One silence, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// As it was last seen.
    pub silence: Silence,
    /// How far its text is scrolled, in lines.
    pub scroll: usize,
}

/// Every silence that any Alertmanager told of, expired ones among them.
pub fn known(shared: &Shared) -> &[Silence] {
    told(shared).map_or(&[], |union| &union.known)
}

/// Every Alertmanager that was asked for its silences, and whether it told.
pub fn members(shared: &Shared) -> &[Member] {
    told(shared).map_or(&[], |union| &union.members)
}

fn told(shared: &Shared) -> Option<&Union<Silence>> {
    match shared.store.data(&Source::Silences) {
        Some(Data::Silences(union)) => Some(union),
        _ => None,
    }
}

/// Whether it hides or will hide something.
pub fn is_live(silence: &Silence) -> bool {
    silence.state != "expired"
}

/// The alerts that a silence hides now.
pub fn hides<'a>(shared: &'a Shared, silence: &Silence) -> Vec<&'a Row> {
    let id = format!("silence {}", silence.id);
    rows::rows(shared).iter().filter(|row| row.hidden_by.contains(&id)).collect()
}

impl Silences {
    /// The silences of the list: those that hide now before those to come, the next to end first.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<&'a Silence> {
        let mut listed: Vec<&Silence> = known(shared).iter().filter(|s| is_live(s) && passes(s, &self.filter)).collect();
        listed.sort_by_key(|s| (Reverse(s.state == "active"), s.ends_at, s.id.clone()));
        listed
    }

    fn ids(&self, shared: &Shared) -> Vec<String> {
        self.listed(shared).into_iter().map(|silence| silence.id.clone()).collect()
    }

    /// The selected silence's row.
    pub fn row(&self, shared: &Shared) -> Option<usize> {
        self.selected.row(&self.ids(shared))
    }
}

fn passes(silence: &Silence, filter: &str) -> bool {
    let matchers: Vec<String> = silence.matchers.iter().map(ToString::to_string).collect();
    let own = [silence.created_by.as_str(), &silence.comment, &silence.id];
    let texts: Vec<&str> = own.into_iter().chain(matchers.iter().map(String::as_str)).collect();
    filter::passes(filter, Looked { state: &silence.state, labels: &Labels::default(), texts: &texts })
}

impl Screen for Silences {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["silence", "list"] } else { &["silences", "tabs", "list"] }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let env = shared.environment();
        if env.alertmanagers == 0 { vec![] } else { vec![(Source::Silences, env.refresh)] }
    }

    fn settle(&mut self, shared: &mut Shared) {
        let ids = self.ids(shared);
        self.selected.hold(&ids);
        if let Some(detail) = &mut self.detail
            && let Some(now) = known(shared).iter().find(|s| s.id == detail.silence.id)
        {
            detail.silence = now.clone();
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let Spot::Silence(id) = spot else { return false };
        let ids = self.ids(shared);
        self.detail.is_none() && self.selected.point(&ids, id)
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        if let Some(detail) = &mut self.detail {
            detail.scroll = layout::scrolled(detail.scroll, travel, page);
            return;
        }
        let ids = self.ids(shared);
        self.selected.travel(&ids, travel, page);
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if self.detail.is_none() {
            let listed = self.listed(shared);
            let silence = self.row(shared).and_then(|row| listed.get(row).copied().cloned());
            self.detail = silence.map(|silence| Detail { silence, scroll: 0 });
        }
        None
    }

    fn back(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.detail.is_some() { None } else { Some(&mut self.filter) }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        match &self.detail {
            Some(detail) => Some(detail.silence.id.clone()),
            None => self.selected.id(&self.ids(shared)),
        }
    }
}
