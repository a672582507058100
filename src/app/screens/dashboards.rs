//! Screen 2, Dashboards: the list of them, and the one that is open.

pub mod board;
pub mod prepare;
pub mod trust;

use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::{DashboardFile, Data, Source};
use crate::app::screen::{Screen, Travel};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::range::Window;

pub use board::Board;

/// How often the files are looked at again.
const FILES: Duration = Duration::from_secs(30);

/// The state of the Dashboards screen.
#[derive(Clone, Debug, Default)]
pub struct Dashboards {
    /// Which dashboard of the list is selected, by its path.
    pub selected: Selection<String>,
    /// What is typed to narrow the list.
    pub filter: String,
    /// The dashboard that is open.
    pub board: Option<Board>,
    /// The one that was asked for before the list was known.
    pub wanted: Option<String>,
}

/// Every dashboard of the environment.
pub fn files(shared: &Shared) -> &[DashboardFile] {
    match shared.store.data(&Source::Dashboards) {
        Some(Data::Dashboards(files)) => files,
        _ => &[],
    }
}

/// What a dashboard is called: its title, or its path where it cannot be read.
pub fn title(file: &DashboardFile) -> &str {
    file.dashboard.as_ref().map_or(file.path.as_str(), |d| if d.title.is_empty() { file.path.as_str() } else { d.title.as_str() })
}

impl Dashboards {
    /// The dashboards that pass the filter.
    pub fn listed<'a>(&self, shared: &'a Shared) -> Vec<&'a DashboardFile> {
        let filter = self.filter.to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        let passes = |file: &&DashboardFile| {
            let text = format!("{} {}", title(file), file.path).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        files(shared).iter().filter(passes).collect()
    }

    fn paths(&self, shared: &Shared) -> Vec<String> {
        self.listed(shared).into_iter().map(|f| f.path.clone()).collect()
    }

    /// Opens a dashboard by its title or path; once the list is known, where it is not yet.
    ///
    /// # Errors
    /// A sentence, where there is none or it cannot be read.
    pub fn show(&mut self, shared: &Shared, name: &str) -> Result<(), String> {
        if shared.store.data(&Source::Dashboards).is_none() {
            self.wanted = Some(name.to_owned());
            return Ok(());
        }
        let named = |f: &&DashboardFile| f.path == name || title(f).eq_ignore_ascii_case(name);
        let file = files(shared).iter().find(named).ok_or_else(|| format!("no dashboard is called {name:?}"))?;
        let dashboard = file.dashboard.clone()?;
        self.selected.select(file.path.clone(), 0);
        self.board = Some(Board::new(file.path.clone(), dashboard));
        Ok(())
    }
}

impl Screen for Dashboards {
    fn contexts(&self) -> &'static [&'static str] {
        if self.board.is_some() { &["dashboard", "list"] } else { &["dashboards", "list"] }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        let mut needs = vec![(Source::Dashboards, FILES)];
        needs.extend(self.board.iter().flat_map(|board| board.needs(shared)));
        needs
    }

    fn windows(&self, shared: &Shared) -> Option<Vec<Window>> {
        self.board.as_ref()?.windows(shared)
    }

    fn settle(&mut self, shared: &mut Shared) {
        if let Some(board) = &mut self.board {
            board.settle(shared);
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        match (&mut self.board, spot) {
            (None, Spot::Dashboard(path)) => {
                let paths = self.paths(shared);
                self.selected.point(&paths, path)
            }
            (Some(board), Spot::Panel(at)) => board.look_at(*at),
            _ => false,
        }
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        if let Some(board) = &mut self.board {
            return board.travel(shared, travel);
        }
        let page = layout::body(shared.size).height.saturating_sub(1) as usize;
        let paths = self.paths(shared);
        self.selected.travel(&paths, travel, page);
    }

    fn focus(&mut self, shared: &Shared, forward: bool) {
        if let Some(board) = &mut self.board {
            board.step(shared, if forward { 1 } else { -1 });
        }
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if let Some(board) = &mut self.board {
            board.open();
            return None;
        }
        let path = self.selected.id(&self.paths(shared))?;
        Some(Call::with("dashboard", &path))
    }

    fn back(&mut self) -> bool {
        match &mut self.board {
            Some(board) => board.back() || self.board.take().is_some(),
            None => false,
        }
    }

    fn filter(&mut self) -> Option<&mut String> {
        if self.board.is_some() { None } else { Some(&mut self.filter) }
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        match &self.board {
            Some(board) => board.copy(),
            None => self.selected.id(&self.paths(shared)),
        }
    }
}
