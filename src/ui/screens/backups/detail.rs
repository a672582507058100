//! One backup: what it is worth and why, its proofs check by check, its files, what was counted in it.

use ratatui::layout::Rect;

use crate::app::model::Shared;
use crate::app::screens::backups::Detail;
use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::backup::{Census, Check, FileFacts, Proof};
use crate::domain::clean::Clean;
use crate::domain::range::clock;
use crate::domain::time::human;
use crate::ui::pen::{Pen, Words};
use crate::ui::plan::hanging;
use crate::ui::prose::{bytes, coarse, counted};
use crate::ui::screens::backups::list::standing;
use crate::ui::theme::Role;

/// Draws it.
pub fn draw(shared: &Shared, detail: &Detail, area: Rect, pen: &mut Pen<'_>) {
    let lines = lines(shared, &detail.entry, usize::from(area.width), pen);
    let first = detail.scroll.min(lines.len().saturating_sub(usize::from(area.height)));
    for (row, line) in lines.iter().skip(first).take(usize::from(area.height)).enumerate() {
        pen.line(area, row as u16, line);
    }
}

fn lines(shared: &Shared, entry: &Entry, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, worth) = standing(entry.standing(), pen);
    let mut lines = vec![vec![(role, format!(" {worth}  ")), (Role::Title, Clean::new(&entry.manifest.id.0).into_string())]];
    lines.extend(seal(&entry.attestation, width));
    lines.extend(entry.proofs.first().and_then(Proof::cause).into_iter().flat_map(|cause| check(cause, 1, width, pen)));
    lines.extend(origin(shared, entry, width));
    lines.push(title("Proofs"));
    if entry.proofs.is_empty() {
        let words = "none: its checksums were read back, but nobody knows whether it restores. v proves it";
        lines.extend(hanging((Role::Warning, "   ".into()), words, Role::Warning, width));
    }
    lines.extend(entry.proofs.iter().flat_map(|one| proof(shared, one, width, pen)));
    lines.push(title("Files"));
    lines.extend(entry.manifest.files.iter().flat_map(|one| file(one, width)));
    lines.extend(census(&entry.manifest.census));
    lines
}

fn title(text: &str) -> Vec<Words> {
    vec![(Role::Title, format!(" {text}"))]
}

fn pair(name: &str, value: &str, width: usize) -> Vec<Vec<Words>> {
    hanging((Role::Dim, format!("   {name:<10} ")), value, Role::Text, width)
}

/// Rule 18: another bastion's backup is not accused, an edited one is.
fn seal(attestation: &Attestation, width: usize) -> Vec<Vec<Words>> {
    let (role, words) = match attestation {
        Attestation::Attested => return vec![],
        Attestation::Unattested(key) => (
            Role::Warning,
            format!("unattested: sealed with the key {key}, which this host does not have. It can be proved again"),
        ),
        Attestation::Forged => {
            (Role::Critical, "its manifest was edited after it was sealed: nothing it says can be trusted".to_owned())
        }
    };
    hanging((role, " ".into()), &words, role, width)
}

fn origin(shared: &Shared, entry: &Entry, width: usize) -> Vec<Vec<Words>> {
    let (source, times, made) = (&entry.manifest.source, &entry.manifest.times, &entry.manifest.made);
    let job = made.job.map(|job| format!(", job #{job}")).unwrap_or_default();
    let tools: Vec<String> = made.tools.iter().map(|(tool, version)| format!("{tool} {version}")).collect();
    let now = shared.now.wall;
    [
        (
            "of",
            format!(
                "{} in {}, {} {}, system {}",
                source.service, source.environment, source.flavour, source.version, source.system
            ),
        ),
        ("reached", source.address.clone()),
        ("data of", format!("{}, {} ago", clock(times.consistent), coarse(now.since(times.consistent)))),
        (
            "taken",
            format!("{}, in {}, {}", entry.manifest.method.word(), human(times.ended.since(times.began)), bytes(entry.bytes())),
        ),
        ("by", format!("{} on {}{job}", made.operator, made.host)),
        ("tools", tools.join(", ")),
    ]
    .iter()
    .filter(|(_, value)| !value.is_empty())
    .flat_map(|(name, value)| pair(name, value, width))
    .collect()
}

fn proof(shared: &Shared, proof: &Proof, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign, word) = if proof.is_good() {
        (Role::Good, pen.look.pick("✔", "+"), "proved")
    } else {
        (Role::Critical, pen.look.pick("✖", "X"), "failed")
    };
    let age = coarse(shared.now.wall.since(proof.at));
    let words = format!(
        "{}, {age} ago: restored in {}, all in {}, on version {}, by {}",
        clock(proof.at),
        human(proof.restore),
        human(proof.took),
        proof.server,
        proof.made.operator
    );
    let mut lines = hanging((role, format!("   {sign} {word} ")), &words, Role::Text, width);
    lines.extend(proof.checks.iter().flat_map(|one| check(one, 5, width, pen)));
    lines
}

fn check(check: &Check, indent: usize, width: usize, pen: &Pen<'_>) -> Vec<Vec<Words>> {
    let (role, sign) =
        if check.passed { (Role::Good, pen.look.pick("✔", "+")) } else { (Role::Critical, pen.look.pick("✖", "X")) };
    let head = format!("{:indent$}{sign} {}  ", "", Clean::new(&check.name));
    hanging((role, head), &check.detail, if check.passed { Role::Dim } else { Role::Critical }, width)
}

fn file(file: &FileFacts, width: usize) -> Vec<Vec<Words>> {
    let sealed = if file.encrypted { ", encrypted" } else { "" };
    let size = format!("{} of {} plain{sealed}, {}", bytes(file.bytes), bytes(file.plain_bytes), file.role);
    let head = (Role::Text, format!("   {}  ", Clean::new(&file.name)));
    let mut lines = vec![vec![head, (Role::Dim, Clean::new(&size).into_string())]];
    lines.extend(hanging((Role::Dim, "     sha256 ".into()), &file.sha256, Role::Dim, width));
    lines
}

/// What was counted in the very state that was saved.
fn census(census: &Census) -> Vec<Vec<Words>> {
    let told = match census {
        Census::None => return vec![],
        Census::Postgres(of) => of
            .databases
            .iter()
            .map(|db| {
                let rows: u64 = db.tables.iter().map(|table| table.rows).sum();
                format!("{}: {}, {}, {rows} rows", db.name, bytes(db.bytes), counted(db.tables.len(), "table"))
            })
            .collect::<Vec<_>>(),
        Census::Redis(of) => of
            .databases
            .iter()
            .map(|db| format!("database {}: {} keys, {} of them expire", db.number, db.keys, db.expires))
            .collect(),
    };
    let lines = told.iter().map(|line| vec![(Role::Text, format!("   {}", Clean::new(line)))]);
    std::iter::once(title("Counted in what was saved")).chain(lines).collect()
}
