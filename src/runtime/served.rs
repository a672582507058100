//! The services of an environment as the console asks them: how each is, what its control says, what its log says.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::adapters::control;
use crate::adapters::http::Budget;
use crate::adapters::reach::PATIENCE;
use crate::adapters::tools::surroundings::Surroundings;
use crate::app::need::{Data, Source};
use crate::domain::control::{LogAsk, LogLine};
use crate::domain::failure::Failure;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::name::Name;
use crate::domain::service::spec::ServiceSpec;
use crate::ports::control::Control;
use crate::runtime::connect::Vault;
use crate::runtime::lazy::Lazy;
use crate::runtime::office;
use crate::runtime::probe::Prober;

/// The longest a control is waited for: a host behind another takes its own time.
const CONTROL: Duration = Duration::from_secs(10);
/// The longest a database may take to tell of its sessions: it is asked while it is in trouble.
const TROUBLED: Duration = Duration::from_secs(6);
/// The most of a log that is kept of one question, bytes: the last of it.
const MOST: usize = 4 << 20;

/// One service. Its ways are made when they are first needed.
pub struct Served {
    spec: ServiceSpec,
    probe: Lazy<Prober>,
    /// A way of its own: a probe never waits for a long list of sessions.
    triage: Lazy<Prober>,
    control: Lazy<Arc<dyn Control>>,
}

/// Every service of an environment, by its name.
pub fn all(services: &[ServiceSpec]) -> HashMap<Name, Served> {
    services.iter().map(|spec| (spec.name.clone(), Served::new(spec.clone()))).collect()
}

impl Served {
    fn new(spec: ServiceSpec) -> Self {
        Self { spec, probe: Lazy::default(), triage: Lazy::default(), control: Lazy::default() }
    }

    /// Answers one need about this service.
    pub async fn fetch(
        &self,
        source: &Source,
        vault: impl Future<Output = Result<Arc<Vault>, Fault>>,
        budget: &Budget,
    ) -> Result<Data, Fault> {
        let make = async |patience| Prober::within(&self.spec, &*vault.await?, budget, patience);
        match source {
            Source::Condition(_) => self.within(self.control().await?.condition()).await.map(Data::Condition),
            Source::ServiceLog(_, ask) => self.within(lines(&*self.control().await?, ask)).await.map(Data::ServiceLog),
            Source::Triage(_) => self.triage.get(make(TROUBLED)).await?.triage().await.map(Data::Triage),
            _ => self.probe.get(make(PATIENCE)).await?.probe().await.map(Data::Report),
        }
    }

    /// Forgets every way: it was refused, for passwords rotate.
    pub async fn forget(&self) {
        self.probe.forget().await;
        self.triage.forget().await;
        self.control.forget().await;
    }

    async fn control(&self) -> Result<Arc<dyn Control>, Fault> {
        let absent = || Fault::new(FaultKind::Refused, format!("{} has no control in the configuration", self.spec.name));
        let spec = self.spec.control.as_ref().ok_or_else(absent)?;
        let make = async { control::open(spec, &Surroundings::inherited()).map_err(|failure| office::fault(&failure)) };
        self.control.get(make).await
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Fault> {
        let late =
            |_| Fault::new(FaultKind::Timeout, format!("{}: its control does not answer within {CONTROL:?}", self.spec.name));
        timeout(CONTROL, asked).await.map_err(late)?.map_err(|failure| office::fault(&failure))
    }
}

/// The lines that were asked for, by their time where they have one: those of several instances come one after the other.
async fn lines(control: &dyn Control, ask: &LogAsk) -> Result<Vec<LogLine>, Failure> {
    let mut log = control.logs(&LogAsk { follow: false, ..ask.clone() }).await?;
    let (mut lines, mut bytes) = (VecDeque::new(), 0);
    while let Some(line) = log.next().await? {
        bytes += size(&line);
        lines.push_back(line);
        while bytes > MOST
            && let Some(first) = lines.pop_front()
        {
            bytes -= size(&first);
        }
    }
    let mut lines: Vec<LogLine> = lines.into();
    if lines.iter().all(|line| line.at.is_some()) {
        lines.sort_by_key(|line| line.at);
    }
    Ok(lines)
}

/// What a line takes, roughly: empty ones take room too.
fn size(line: &LogLine) -> usize {
    line.text.len() + line.instance.len() + 64
}
