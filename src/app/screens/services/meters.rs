//! What instances use of the processors: a control tells what each has used since it started, so it takes two looks.

use std::collections::BTreeMap;

use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screens::services::condition;
use crate::domain::control::Instance;
use crate::domain::name::Name;
use crate::domain::time::Moment;

/// The looks at every instance: a service's name and the instance's.
#[derive(Clone, Debug, Default)]
pub struct Meters(BTreeMap<(Name, String), Meter>);

#[derive(Clone, Copy, Debug)]
struct Meter {
    at: Moment,
    cpu: f64,
    rate: Option<f64>,
}

impl Meters {
    /// Takes in what controls have told since the last look.
    pub fn look(&mut self, shared: &Shared) {
        for service in &shared.environment().services {
            let known = shared.store.get(&Source::Condition(service.name.clone()));
            let told = known.and_then(|known| known.good).zip(condition(shared, &service.name));
            for instance in told.iter().flat_map(|(_, condition)| &condition.instances) {
                if let Some((at, _)) = told {
                    self.take(&service.name, instance, at);
                }
            }
        }
    }

    fn take(&mut self, service: &Name, instance: &Instance, at: Moment) {
        let key = (service.clone(), instance.name.clone());
        let Some(usage) = instance.usage else {
            self.0.remove(&key);
            return;
        };
        let before = self.0.get(&key).copied();
        if before.is_some_and(|before| before.at == at) {
            return;
        }
        // One that was started anew begins at nothing: its first look tells no difference.
        let rate = before.filter(|before| usage.cpu_seconds >= before.cpu).and_then(|before| {
            let seconds = at.since(before.at).as_secs_f64();
            (seconds > 0.0).then(|| (usage.cpu_seconds - before.cpu) / seconds)
        });
        self.0.insert(key, Meter { at, cpu: usage.cpu_seconds, rate });
    }

    /// What an instance uses of one processor, 1 is all of it; none before the second look.
    pub fn cpu(&self, service: &Name, instance: &str) -> Option<f64> {
        self.0.get(&(service.clone(), instance.to_owned()))?.rate
    }
}
