//! Screen 6, Backups: what lies in the repositories, what of it was proved, and how that stands against what was promised.

pub mod calendar;
pub mod shelf;

use std::time::Duration;

use crate::app::command::Call;
use crate::app::layout;
use crate::app::model::Shared;
use crate::app::need::Source;
use crate::app::screen::{Screen, Travel};
use crate::app::screens::backups::shelf::{Lying, Shelf, lying, shelves};
use crate::app::selection::Selection;
use crate::app::spot::Spot;
use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::Entry;

/// How often a repository is listed: a bucket's owner pays for each time. A job that ends has it listed at once.
pub const EVERY: Duration = Duration::from_secs(60);

/// Which part has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The services, each with its clocks.
    #[default]
    Shelves,
    /// The backups of the selected one.
    Backups,
}

/// The state of the Backups screen.
#[derive(Clone, Debug, Default)]
pub struct Backups {
    /// Which part has the focus.
    pub part: Part,
    /// Which service of which repository is selected.
    pub shelf: Selection<Shelf>,
    /// Which of its backups.
    pub backup: Selection<BackupId>,
    /// The backup that is open.
    pub detail: Option<Detail>,
}

/// One backup, open.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Whose.
    pub shelf: Shelf,
    /// As it was last seen: one that retention removes does not vanish from under the eyes.
    pub entry: Entry,
    /// How many lines are scrolled past.
    pub scroll: usize,
}

impl Backups {
    /// The selected service.
    pub fn shelf(&self, shared: &Shared) -> Option<Shelf> {
        self.shelf.id(&shelves(shared))
    }

    /// What lies on the selected service's shelf, the newest first.
    pub fn lying<'a>(&self, shared: &'a Shared) -> Vec<Lying<'a>> {
        self.shelf(shared).map(|shelf| lying(shared, &shelf)).unwrap_or_default()
    }

    fn ids(&self, shared: &Shared) -> Vec<BackupId> {
        self.lying(shared).iter().map(|one| one.id().clone()).collect()
    }

    /// The selected backup or orphan.
    pub fn selected<'a>(&self, shared: &'a Shared) -> Option<Lying<'a>> {
        let all = self.lying(shared);
        let ids: Vec<BackupId> = all.iter().map(|one| one.id().clone()).collect();
        self.backup.row(&ids).map(|row| all[row])
    }

    /// Goes to what a service of the open environment is backed up to; says whether it is.
    pub fn go_to(&mut self, shared: &Shared, service: &str) -> bool {
        let Some(found) = shelf::of_service(shared, &service.into()) else { return false };
        self.shelf.select(found, 0);
        (self.part, self.backup, self.detail) = (Part::Shelves, Selection::default(), None);
        true
    }

    /// Opens a backup by its id, wherever it lies; says whether there is one.
    pub fn show(&mut self, shared: &Shared, id: &str) -> bool {
        for shelf in shelves(shared) {
            let found = shelf::backups(shared, &shelf).into_iter().find(|entry| entry.manifest.id.0 == id);
            if let Some(entry) = found.cloned() {
                self.shelf.select(shelf.clone(), 0);
                self.backup.select(entry.manifest.id.clone(), 0);
                (self.part, self.detail) = (Part::Backups, Some(Detail { shelf, entry, scroll: 0 }));
                return true;
            }
        }
        false
    }
}

impl Screen for Backups {
    fn contexts(&self) -> &'static [&'static str] {
        if self.detail.is_some() { &["backup", "list"] } else { &["backups", "list"] }
    }

    fn needs(&self, shared: &Shared) -> Vec<(Source, Duration)> {
        shared.environment().repositories.iter().map(|spec| (Source::Catalogue(spec.name.clone()), EVERY)).collect()
    }

    fn settle(&mut self, shared: &mut Shared) {
        self.shelf.hold(&shelves(shared));
        let ids = self.ids(shared);
        self.backup.hold(&ids);
        if let Some(detail) = &mut self.detail {
            let id = detail.entry.manifest.id.clone();
            let now = shelf::backups(shared, &detail.shelf).into_iter().find(|entry| entry.manifest.id == id);
            if let Some(entry) = now {
                detail.entry = entry.clone();
            }
        }
    }

    fn point(&mut self, shared: &Shared, spot: &Spot) -> bool {
        let was = self.shelf(shared);
        let (part, found) = match spot {
            _ if self.detail.is_some() => return false,
            Spot::Shelf(one) => (Part::Shelves, self.shelf.point(&shelves(shared), one)),
            Spot::Backup(id) => (Part::Backups, self.backup.point(&self.ids(shared), id)),
            _ => return false,
        };
        self.part = if found { part } else { self.part };
        if self.shelf(shared) != was {
            self.backup = Selection::default();
        }
        found
    }

    fn travel(&mut self, shared: &Shared, travel: Travel) {
        let page = layout::body(shared.size).height.saturating_sub(2) as usize;
        if let Some(detail) = &mut self.detail {
            detail.scroll = layout::scrolled(detail.scroll, travel, page);
            return;
        }
        match self.part {
            Part::Shelves => {
                self.shelf.travel(&shelves(shared), travel, page / 2);
                self.backup = Selection::default();
            }
            Part::Backups => {
                let ids = self.ids(shared);
                self.backup.travel(&ids, travel, page / 2);
            }
        }
    }

    fn focus(&mut self, _: &Shared, _: bool) {
        self.part = match self.part {
            Part::Shelves => Part::Backups,
            Part::Backups => Part::Shelves,
        };
    }

    fn open(&mut self, shared: &Shared) -> Option<Call> {
        if self.part == Part::Shelves {
            self.part = Part::Backups;
            return None;
        }
        match self.selected(shared)? {
            Lying::Backup(entry) => Some(Call::with("stored", &entry.manifest.id.0)),
            Lying::Orphan(_) => None,
        }
    }

    fn back(&mut self) -> bool {
        let was_inside = self.part == Part::Backups;
        if self.detail.take().is_none() {
            self.part = Part::Shelves;
            return was_inside;
        }
        true
    }

    fn copy(&self, shared: &Shared) -> Option<String> {
        if let Some(detail) = &self.detail {
            return Some(detail.entry.manifest.id.to_string());
        }
        match self.part {
            Part::Shelves => self.shelf(shared).map(|shelf| shelf.service.to_string()),
            Part::Backups => self.selected(shared).map(|one| one.id().to_string()),
        }
    }
}
