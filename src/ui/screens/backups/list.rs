//! The backups of one service: what each is worth, when it was taken, how, how large it is.

use ratatui::layout::Rect;

use crate::app::model::{Model, Shared};
use crate::app::screens::backups::shelf::Lying;
use crate::app::selection::first_row;
use crate::app::spot::Spot;
use crate::domain::backup::BackupId;
use crate::domain::backup::catalogue::{Attestation, Entry, Orphan, Standing};
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::domain::time::{Stamp, human};
use crate::ui::pen::{Pen, Words};
use crate::ui::prose::{bytes, coarse, counted, date};
use crate::ui::theme::Role;

/// From this width on, the newest proof is told beside each.
const WIDE: u16 = 80;

/// Draws them.
pub fn draw(model: &Model, focused: bool, area: Rect, pen: &mut Pen<'_>) {
    let (shared, screen) = (&model.shared, &model.screens.backups);
    let all = screen.lying(shared);
    if all.is_empty() {
        return pen.words(area, 0, Role::Critical, "no backup lies here; b makes one");
    }
    let ids: Vec<BackupId> = all.iter().map(|one| one.id().clone()).collect();
    let selected = screen.backup.row(&ids);
    let first = first_row(selected, all.len(), usize::from(area.height));
    for (n, one) in all.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let row = (n - first) as u16;
        pen.spot(area, row, Spot::Backup(one.id().clone()));
        let words = match one {
            Lying::Backup(entry) => backup(shared, entry, area.width >= WIDE, pen),
            Lying::Orphan(orphan) => left(shared, orphan, pen),
        };
        pen.line(area, row, &words);
        if focused && Some(n) == selected {
            pen.mark(area, row, Role::Selection);
        }
    }
}

/// The sign of a backup and the words for what it is worth.
pub fn standing(standing: Standing, pen: &Pen<'_>) -> Words {
    let (role, unicode, ascii) = match standing {
        Standing::Proved => (Role::Good, "✔", "+"),
        Standing::ChecksumOnly => (Role::Warning, "○", "o"),
        Standing::Failed | Standing::Forged => (Role::Critical, "✖", "X"),
    };
    (role, format!("{} {}", pen.look.pick(unicode, ascii), standing.words()))
}

fn backup(shared: &Shared, entry: &Entry, wide: bool, pen: &Pen<'_>) -> Vec<Words> {
    let (role, worth) = standing(entry.standing(), pen);
    let taken = entry.manifest.times.consistent;
    let mut words = vec![(role, format!("{worth:<17} ")), (Role::Text, format!("{} {:>9}  ", when(taken), bytes(entry.bytes())))];
    if let Attestation::Unattested(_) = entry.attestation {
        words.push((Role::Warning, "unattested  ".into()));
    }
    let age = coarse(shared.now.wall.since(taken));
    words.push((Role::Dim, format!("{:<9}{age}", entry.manifest.method.word())));
    if let Some(proof) = entry.proofs.first().filter(|_| wide) {
        words.push((Role::Dim, " ".repeat(8_usize.saturating_sub(age.len()))));
        let age = coarse(shared.now.wall.since(proof.at));
        let words_of = match proof.cause() {
            None => (Role::Dim, format!("  proved {age} ago, restored in {}", human(proof.restore))),
            Some(cause) => (Role::Critical, format!("  {}: {}", Clean::new(&cause.name), Clean::new(&cause.detail))),
        };
        words.push(words_of);
    }
    words
}

fn left(shared: &Shared, orphan: &Orphan, pen: &Pen<'_>) -> Vec<Words> {
    let (role, worth) = if orphan.live {
        (Role::Accent, pen.look.pick("▸ being written", "> being written"))
    } else {
        (Role::Unknown, "? orphan")
    };
    let written = orphan.modified.map_or_else(|| format!("{:<12}", "?"), when);
    let age = orphan.modified.map(|at| coarse(shared.now.wall.since(at))).unwrap_or_default();
    let why = orphan.why.as_ref().map(|why| format!("  {}", Clean::new(why))).unwrap_or_default();
    vec![
        (role, format!("{worth:<17} ")),
        (Role::Text, format!("{written} {:>9}  ", bytes(orphan.bytes))),
        (Role::Dim, format!("{:<9}{age}{why}", counted(orphan.files, "file"))),
    ]
}

/// `Nov 22 03:12`, UTC.
fn when(at: Stamp) -> String {
    let written = clock(at);
    format!("{} {}", date(&written), written.get(11..16).unwrap_or_default())
}
