//! What the town's metrics say of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::labels::Labels;
use crate::domain::rule::{Alerting, Rule, RuleAlert, RuleGroup};
use crate::domain::series::{Answer, Series};
use crate::domain::target::Target;
use crate::domain::time::Stamp;
use crate::jobs::drill::tests::town::{Manner, Town};
use crate::ports::metrics::{Metrics, Told};

impl Metrics for Town {
    fn query<'a>(&'a self, _: &'a str) -> Told<'a, Answer> {
        let holds = self.is(Manner::Holds) && self.is_broken();
        let one = Series::default();
        Box::pin(async move { Ok(Answer { series: holds.then_some(one).into_iter().collect(), ..Answer::default() }) })
    }

    fn rules(&self) -> Told<'_, Vec<RuleGroup>> {
        let is_broken = self.is_broken();
        let mut words = self.words.lock().unwrap();
        if is_broken && words.broken.is_none() {
            words.broken = Some(Instant::now());
        } else if !is_broken {
            words.broken = None;
        }
        if words.manner == Manner::Blind && is_broken {
            return Box::pin(async { Err(Fault::new(FaultKind::Unreachable, "gone")) });
        }
        let hold = words.hold;
        let is_due = words.broken.is_some_and(|since| since.elapsed() >= hold);
        let fires = is_due && words.manner != Manner::Deaf || words.manner == Manner::Hasty;
        let rules = vec![rule("AppInstanceDown", hold, fires), rule("Noise", hold, words.manner == Manner::Noisy)];
        let interval = Duration::ZERO;
        Box::pin(async move { Ok(vec![RuleGroup { name: "g".into(), file: "f".into(), interval, rules }]) })
    }

    fn targets(&self) -> Told<'_, Vec<Target>> {
        Box::pin(async { Ok(vec![]) })
    }
}

fn rule(name: &str, hold: Duration, fires: bool) -> Rule {
    let labels = Labels::default();
    let alert = RuleAlert {
        labels: labels.clone(),
        annotations: labels.clone(),
        firing: true,
        active_at: Stamp(0),
        value: "1".to_owned(),
    };
    let alerting =
        Alerting { hold, labels: labels.clone(), annotations: labels, alerts: fires.then_some(alert).into_iter().collect() };
    Rule {
        name: name.into(),
        expr: "up == 0".into(),
        health: "ok".to_owned(),
        last_error: String::new(),
        evaluated_at: None,
        took: Duration::ZERO,
        alerting: Some(alerting),
    }
}
