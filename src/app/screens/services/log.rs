//! A service's log as one reads it: its end, which goes on, or a place in it, which stands still while one reads there.

use std::sync::Arc;
use std::time::Duration;

use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{Data, Source};
use crate::app::screen::Travel;
use crate::app::screens::services::rows;
use crate::domain::control::{LogAsk, LogLine};
use crate::domain::name::Name;
use crate::domain::time::Stamp;

/// How many of the last lines of each instance are asked for.
const TAIL: u32 = 1000;
/// How far around a moment is looked.
const AROUND: Duration = Duration::from_secs(300);

/// The part of a log that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogView {
    /// Of one instance; of all where none is chosen.
    pub instance: Option<String>,
    /// Around a moment: when an alert began; its end else.
    pub around: Option<Stamp>,
    /// What is read, and the line under the cursor among those that pass the filter; none follows the end.
    pub still: Option<(Arc<Data>, usize)>,
}

impl LogView {
    /// What is asked for.
    pub fn ask(&self) -> LogAsk {
        let tail = self.around.is_none().then_some(TAIL);
        let (since, until) = (self.around.map(|at| at.before(AROUND)), self.around.map(|at| at.after(AROUND)));
        LogAsk { instance: self.instance.clone(), since, until, tail, follow: false }
    }

    /// What is known of it: what stands still, or the newest.
    fn data<'a>(&'a self, shared: &'a Shared, service: &Name) -> Option<&'a Arc<Data>> {
        let newest = || shared.store.get(&Source::ServiceLog(service.clone(), self.ask()))?.data.as_ref();
        self.still.as_ref().map(|(data, _)| data).or_else(newest)
    }

    /// The lines that pass a filter, and how many there are in all.
    pub fn lines<'a>(&'a self, shared: &'a Shared, service: &Name, filter: &str) -> (Vec<&'a LogLine>, usize) {
        let Some(Data::ServiceLog(lines)) = self.data(shared, service).map(|data| &**data) else { return (vec![], 0) };
        let passing = lines.iter().filter(|line| rows::passes(filter, &[&line.instance, &line.text]));
        (passing.collect(), lines.len())
    }

    /// The line under the cursor among so many; the first after the moment that is looked around, the last else.
    pub fn cursor(&self, lines: &[&LogLine]) -> usize {
        let last = lines.len().saturating_sub(1);
        let moment = || {
            let around = self.around?;
            lines.iter().position(|line| line.at.is_some_and(|at| at >= around))
        };
        self.still.as_ref().map_or_else(|| moment().unwrap_or(last), |(_, at)| *at).min(last)
    }

    /// Moves the cursor. At the end of a log that goes on, it is followed.
    pub fn travel(&mut self, shared: &Shared, service: &Name, filter: &str, travel: Travel, page: usize) {
        let (lines, _) = self.lines(shared, service, filter);
        let (at, last) = (self.cursor(&lines), lines.len().saturating_sub(1));
        let to = layout::scrolled(at, travel, page).min(last);
        let data = self.data(shared, service).cloned();
        self.still = data.filter(|_| to < last || self.around.is_some()).map(|data| (data, to));
    }

    /// The text under the cursor.
    pub fn line(&self, shared: &Shared, service: &Name, filter: &str) -> Option<String> {
        let (lines, _) = self.lines(shared, service, filter);
        lines.get(self.cursor(&lines)).map(|line| line.text.clone())
    }
}
