//! What the mouse can point at. Whoever draws says which cells are what; the core is told by identity, and knows no cell.

use crate::app::command::Call;
use crate::app::screens::alerts::rules::RuleId;
use crate::app::screens::alerts::targets::TargetId;
use crate::app::screens::backups::shelf::Shelf;
use crate::app::screens::chaos::offers::Choice;
use crate::app::screens::services::rows::RowId;
use crate::domain::alert::Fingerprint;
use crate::domain::backup::BackupId;
use crate::domain::job::JobId;
use crate::domain::name::Name;

/// Something that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Spot {
    /// A command: a key of the key line, a tab.
    Call(Call),
    /// An alert of a list.
    Alert(Fingerprint),
    /// A silence, by its id.
    Silence(String),
    /// A rule.
    Rule(RuleId),
    /// A target.
    Target(TargetId),
    /// A service.
    Service(Name),
    /// A change of the last hour, by what identifies it.
    Change(String),
    /// A dashboard of the list, by its path.
    Dashboard(String),
    /// A panel, by its place in the order of reading.
    Panel(usize),
    /// A job of the list.
    Job(JobId),
    /// A service of a repository.
    Shelf(Shelf),
    /// A backup, or what is left of one.
    Backup(BackupId),
    /// A scenario on a service.
    Choice(Choice),
    /// A row of an open service.
    Row(RowId),
    /// What a list to pick from offers, by its place among what matches.
    Offer(usize),
}
