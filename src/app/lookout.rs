//! The lookout: what became of alerts that were seen.
//!
//! Rule 3: Alertmanager unreachable is not "no alerts". An alert that leaves Alertmanager while its Prometheus is unreachable, or
//! does not send to it, or that only an unreachable member knew, is *lost sight of*, not resolved.

use std::collections::{BTreeMap, HashSet};

use crate::domain::alert::{Alert, AlertSet, Fingerprint};
use crate::domain::labels::Labels;
use crate::domain::time::Moment;

/// How many resolved alerts are remembered.
const REMEMBERED: usize = 200;

/// An alert that is no longer reported, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Gone {
    /// As it was last seen.
    pub alert: Alert,
    /// When it was missing first.
    pub since: Moment,
}

/// What Prometheus can say of alerts at this moment.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Whether it answers and sends to these Alertmanagers.
    pub clear: bool,
    /// The labels of what is pending or firing there.
    pub active: Vec<Labels>,
}

impl Sight {
    /// Whether Prometheus has this alert active. Alertmanager's labels hold external ones besides.
    fn sees(&self, labels: &Labels) -> bool {
        self.active.iter().any(|a| labels.contains(a))
    }
}

/// Remembers alerts from one answer to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lookout {
    present: Vec<Alert>,
    lost: BTreeMap<Fingerprint, Gone>,
    resolved: Vec<Gone>,
}

impl Lookout {
    /// Takes the newest set in. Only while the sight is clear does the absence of an alert mean that it ended.
    pub fn take(&mut self, set: &AlertSet, sight: &Sight, now: Moment) {
        let here: HashSet<&Fingerprint> = set.alerts.iter().map(|a| &a.fingerprint).collect();
        let gone: Vec<Alert> = self.present.iter().filter(|a| !here.contains(&a.fingerprint)).cloned().collect();
        for alert in gone {
            if sight.clear && !known_by_silent_members_only(&alert, set) {
                self.resolve(Gone { alert, since: now });
            } else {
                self.lost.insert(alert.fingerprint.clone(), Gone { alert, since: now });
            }
        }
        self.lost.retain(|fingerprint, _| !here.contains(fingerprint));
        if sight.clear && set.answered() == set.members.len() {
            self.settle(sight);
        }
        self.present.clone_from(&set.alerts);
    }

    /// Alerts that left while nobody could say why.
    pub fn lost(&self) -> impl Iterator<Item = &Gone> {
        self.lost.values()
    }

    /// Alerts that ended while the console watched, the newest first.
    pub fn resolved(&self) -> impl Iterator<Item = &Gone> {
        self.resolved.iter().rev()
    }

    /// What was lost sight of has ended, unless Prometheus still counts or fires it and only has not sent it again yet.
    fn settle(&mut self, sight: &Sight) {
        let lost = std::mem::take(&mut self.lost);
        let (active, ended): (Vec<_>, Vec<_>) = lost.into_values().partition(|gone| sight.sees(&gone.alert.labels));
        self.lost = active.into_iter().map(|gone| (gone.alert.fingerprint.clone(), gone)).collect();
        for gone in ended {
            self.resolve(gone);
        }
    }

    fn resolve(&mut self, gone: Gone) {
        if self.resolved.len() == REMEMBERED {
            self.resolved.remove(0);
        }
        self.resolved.push(gone);
    }
}

fn known_by_silent_members_only(alert: &Alert, set: &AlertSet) -> bool {
    alert.members.iter().all(|&m| set.members.get(m).is_none_or(|member| member.state.is_err()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::fixtures::{alert, members};

    fn set(names: &[&str], answering: &[bool]) -> AlertSet {
        AlertSet { alerts: names.iter().map(|n| alert(n)).collect(), members: members(answering) }
    }

    fn sight(clear: bool) -> Sight {
        Sight { clear, active: vec![] }
    }

    fn names<'a>(gone: impl Iterator<Item = &'a Gone>) -> Vec<String> {
        gone.map(|g| g.alert.fingerprint.to_string()).collect()
    }

    #[test]
    fn rule_03_an_alert_that_leaves_while_prometheus_is_dark_is_lost_sight_of() {
        let mut lookout = Lookout::default();
        lookout.take(&set(&["down"], &[true]), &sight(true), Moment::default());
        lookout.take(&set(&[], &[true]), &sight(false), Moment::default());
        assert_eq!((names(lookout.lost()), names(lookout.resolved())), (vec!["down".into()], vec![]));
        lookout.take(&set(&[], &[true]), &sight(true), Moment::default());
        assert_eq!((names(lookout.lost()), names(lookout.resolved())), (vec![], vec!["down".into()]));
    }

    #[test]
    fn rule_03_a_lost_alert_that_prometheus_still_counts_is_not_resolved() {
        let mut lookout = Lookout::default();
        lookout.take(&set(&["down"], &[true]), &sight(true), Moment::default());
        lookout.take(&set(&[], &[true]), &sight(false), Moment::default());
        let counting = Sight { clear: true, active: vec![[("alertname", "down")].into_iter().collect()] };
        lookout.take(&set(&[], &[true]), &counting, Moment::default());
        assert_eq!(names(lookout.lost()), ["down"]);
    }

    #[test]
    fn rule_03_an_alert_that_only_a_silent_member_knew_is_lost_sight_of() {
        let mut lookout = Lookout::default();
        lookout.take(&set(&["down"], &[true, true]), &sight(true), Moment::default());
        lookout.take(&set(&[], &[false, true]), &sight(true), Moment::default());
        assert_eq!(names(lookout.lost()), ["down"]);
        lookout.take(&set(&["down"], &[true, true]), &sight(true), Moment::default());
        assert_eq!(names(lookout.lost()).len() + names(lookout.resolved()).len(), 0);
    }

    #[test]
    fn an_alert_that_leaves_in_plain_sight_is_resolved() {
        let mut lookout = Lookout::default();
        lookout.take(&set(&["down"], &[true]), &sight(true), Moment::default());
        lookout.take(&set(&[], &[true]), &sight(true), Moment::default());
        assert_eq!((names(lookout.lost()), names(lookout.resolved())), (vec![], vec!["down".into()]));
    }
}
