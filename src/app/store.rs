//! What is known, and how old it is.
//!
//! Rule 1: every value has an age. A value is stale after two intervals, with the reason; it is never blanked and never shown
//! as current.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::message::Fed;
use crate::app::need::{Data, Need, Source};
use crate::domain::fault::Fault;
use crate::domain::series::Answer;
use crate::domain::time::Moment;

/// How long something that nobody looks at any more is kept, so that coming back shows it with its age.
const KEPT: Duration = Duration::from_secs(600);
/// What a request itself may take before its lateness counts.
const GRACE: Duration = Duration::from_millis(1500);

/// What is known of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The last good answer.
    pub data: Option<Arc<Data>>,
    /// When that came.
    pub good: Option<Moment>,
    /// Why the newest attempt failed, if it did.
    pub fault: Option<Fault>,
    /// When the newest attempt ended.
    pub tried: Moment,
    /// How often it is asked for.
    pub every: Duration,
}

/// How far a value can be trusted to be current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing came back yet.
    Waiting,
    /// As new as it should be.
    Fresh,
    /// Older than two intervals.
    Stale {
        /// Since the last good answer.
        age: Duration,
        /// Why there is no newer one, where that is known.
        why: Option<Fault>,
    },
    /// There never was an answer.
    Failed(Fault),
}

/// Every answer of the present environment, by source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store {
    known: HashMap<Source, Known>,
}

impl Store {
    /// Takes an answer in. A failure leaves the last good data where it is.
    pub fn take(&mut self, fed: &Fed) {
        let known = self.known.entry(fed.need.source.clone()).or_insert_with(|| Known {
            data: None,
            good: None,
            fault: None,
            tried: fed.at,
            every: fed.need.every,
        });
        known.tried = fed.at;
        known.every = fed.need.every;
        match &fed.reply {
            Ok(data) => {
                // What is the same stays where it is: by its address everything that follows from it is known to be the same.
                if known.data.as_ref() != Some(data) {
                    known.data = Some(data.clone());
                }
                known.good = Some(fed.at);
                known.fault = None;
            }
            Err(fault) => known.fault = Some(fault.clone()),
        }
    }

    /// Forgets what nobody has wanted for long. What is wanted stays, however long the console was asleep.
    pub fn forget(&mut self, now: Moment, wanted: &[Need]) {
        self.known.retain(|source, k| now.since(k.tried) < KEPT || wanted.iter().any(|need| need.source == *source));
    }

    /// What is known of a source.
    pub fn get(&self, source: &Source) -> Option<&Known> {
        self.known.get(source)
    }

    /// The last good data of a source.
    pub fn data(&self, source: &Source) -> Option<&Data> {
        self.get(source)?.data.as_deref()
    }

    /// The last good answer to a query.
    pub fn answer(&self, source: &Source) -> Option<&Answer> {
        match self.data(source)? {
            Data::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    /// How current a source is.
    pub fn freshness(&self, source: &Source, now: Moment) -> Freshness {
        self.get(source).map_or(Freshness::Waiting, |k| k.freshness(now))
    }
}

impl Known {
    /// How current this is at `now`.
    pub fn freshness(&self, now: Moment) -> Freshness {
        match (self.good, &self.fault) {
            (None, None) => Freshness::Waiting,
            (None, Some(fault)) => Freshness::Failed(fault.clone()),
            (Some(good), why) => {
                let age = now.since(good);
                if age > self.every * 2 + GRACE { Freshness::Stale { age, why: why.clone() } } else { Freshness::Fresh }
            }
        }
    }
}

impl Freshness {
    /// Whether it may be taken for the present.
    pub fn is_fresh(&self) -> bool {
        matches!(self, Self::Fresh)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app::need::Epoch;
    use crate::domain::fault::FaultKind;

    fn at(seconds: u64) -> Moment {
        Moment { mono: Duration::from_secs(seconds), ..Moment::default() }
    }

    fn fed(reply: Result<Data, Fault>, seconds: u64) -> Fed {
        let need = Need { env: Epoch(0), source: Source::Rules, every: Duration::from_secs(5) };
        Fed { need, reply: reply.map(Arc::new), at: at(seconds), skew: None }
    }

    #[test]
    fn rule_01_a_value_is_stale_after_two_intervals_and_keeps_its_reason() {
        let mut store = Store::default();
        assert_eq!(store.freshness(&Source::Rules, at(0)), Freshness::Waiting);
        store.take(&fed(Ok(Data::Rules(vec![])), 10));
        assert_eq!(store.freshness(&Source::Rules, at(20)), Freshness::Fresh);
        let fault = Fault::new(FaultKind::Timeout, "no answer in 5s");
        store.take(&fed(Err(fault.clone()), 21));
        assert_eq!(store.freshness(&Source::Rules, at(24)), Freshness::Stale { age: Duration::from_secs(14), why: Some(fault) });
    }

    #[test]
    fn rule_01_a_failure_blanks_nothing() {
        let mut store = Store::default();
        store.take(&fed(Ok(Data::Rules(vec![])), 0));
        store.take(&fed(Err(Fault::new(FaultKind::Broken, "reset")), 5));
        assert_eq!(store.data(&Source::Rules), Some(&Data::Rules(vec![])));
    }

    #[test]
    fn an_answer_that_came_again_stays_where_it_is_and_is_as_new_as_it_came() {
        let mut store = Store::default();
        let held = |store: &Store| store.get(&Source::Rules).and_then(|known| known.data.clone()).unwrap();
        store.take(&fed(Ok(Data::Strings(vec!["one".into()])), 0));
        let first = held(&store);
        store.take(&fed(Ok(Data::Strings(vec!["one".into()])), 5));
        assert!(Arc::ptr_eq(&first, &held(&store)));
        assert_eq!(store.freshness(&Source::Rules, at(14)), Freshness::Fresh);
        store.take(&fed(Ok(Data::Strings(vec!["two".into()])), 10));
        assert!(!Arc::ptr_eq(&first, &held(&store)));
    }

    #[test]
    fn rule_02_what_never_answered_is_not_fresh() {
        let mut store = Store::default();
        let fault = Fault::new(FaultKind::Unreachable, "refused");
        store.take(&fed(Err(fault.clone()), 0));
        assert_eq!(store.freshness(&Source::Rules, at(0)), Freshness::Failed(fault));
        assert!(!store.freshness(&Source::Targets, at(0)).is_fresh());
    }
}
