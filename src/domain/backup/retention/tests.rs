#![allow(clippy::unwrap_used)]

use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::*;
use crate::domain::backup::{BackupId, Census, Check, FORMAT, Made, Manifest, Origin, Proof, Times};

const DAY: i64 = 86_400_000;
/// Sunday, 2026-11-22 03:15 UTC.
const NOW: i64 = 1_795_317_300_000;

pub(crate) fn entry(sequence: u64, at: i64) -> Entry {
    let source = Origin {
        environment: "production".into(),
        service: "shop-db".into(),
        flavour: "postgresql".into(),
        version: "15.14".into(),
        system: "7312".into(),
        address: "db-1:5432".into(),
    };
    let manifest = Manifest {
        format: FORMAT,
        id: BackupId(format!("b{sequence:04}")),
        sequence,
        source,
        method: Method::Logical,
        times: Times { began: Stamp(at), consistent: Stamp(at), ended: Stamp(at) },
        files: vec![],
        census: Census::None,
        made: Made::default(),
    };
    Entry { manifest, manifest_sha256: String::new(), attestation: Attestation::Attested, proofs: vec![] }
}

fn proof(of: &Entry, good: bool) -> Proof {
    Proof {
        format: FORMAT,
        backup: of.manifest.id.clone(),
        manifest_sha256: of.manifest_sha256.clone(),
        at: of.manifest.times.ended,
        restore: Duration::from_secs(1),
        took: Duration::from_secs(2),
        checks: vec![Check { name: "rows".into(), passed: good, detail: String::new() }],
        server: "15.14".into(),
        made: Made::default(),
    }
}

pub(crate) fn proved(entry: Entry, good: bool) -> Entry {
    let proofs = vec![proof(&entry, good)];
    Entry { proofs, ..entry }
}

pub(crate) fn catalogue(mut entries: Vec<Entry>) -> Catalogue {
    entries.reverse();
    Catalogue { entries, orphans: vec![] }
}

fn keep(last: u32, daily: u32, weekly: u32, monthly: u32, proved: u32) -> Keep {
    Keep { last, daily, weekly, monthly, proved }
}

fn judged(catalogue: &Catalogue, keep: Keep) -> Vec<(u64, Vec<Reason>)> {
    let (environment, service) = ("production".into(), "shop-db".into());
    let judged = plan(catalogue, keep, &environment, &service);
    judged.into_iter().map(|one| (one.entry.manifest.sequence, one.stays)).collect()
}

fn staying(catalogue: &Catalogue, keep: Keep) -> Vec<u64> {
    judged(catalogue, keep).into_iter().filter(|(_, stays)| !stays.is_empty()).map(|(sequence, _)| sequence).collect()
}

#[test]
fn the_newest_of_days_weeks_and_months_stay() {
    use Reason::{Daily, Last, Monthly, Newest, Weekly};

    // Two a day for ninety days.
    let half_days = (0..180).map(|n| entry(n as u64, NOW - (179 - n) * DAY / 2)).collect();
    let stays = judged(&catalogue(half_days), keep(2, 3, 2, 3, 1));
    let stays: Vec<_> = stays.into_iter().filter(|(_, stays)| !stays.is_empty()).collect();
    // 22 November is the Sunday of its week; 15 November that of the one before.
    let expected = [
        (179, vec![Newest, Last, Daily, Weekly, Monthly]),
        (178, vec![Last, Daily]),
        (176, vec![Daily]),
        (166, vec![Weekly]),
        (136, vec![Monthly]),
        (74, vec![Monthly]),
    ];
    assert_eq!(stays, expected);
}

#[test]
fn the_order_is_the_catalogues_and_not_a_clocks() {
    // The second was taken while the clock stood in the year 2100, the third when it had been set back to 1970.
    let entries = vec![entry(1, NOW), entry(2, NOW + 27_000 * DAY), entry(3, 5)];
    assert_eq!(staying(&catalogue(entries), keep(1, 0, 0, 0, 1)), [3]);
}

#[test]
fn rule_18_proved_ones_stay_however_old_they_are() {
    let mut entries: Vec<_> = (0..50).map(|n| entry(n, NOW + n as i64 * DAY)).collect();
    entries[3] = proved(entries[3].clone(), true);
    entries[5] = proved(entries[5].clone(), true);
    entries[7] = proved(entries[7].clone(), true);
    assert_eq!(staying(&catalogue(entries), keep(2, 0, 0, 0, 2)), [49, 48, 7, 5]);
}

#[test]
fn rule_18_bad_ones_take_nobodys_place() {
    use Reason::{Daily, Evidence, Last, Newest, Proved};

    let mut entries: Vec<_> = (0..6).map(|n| entry(n, NOW)).collect();
    entries[0] = proved(entries[0].clone(), true);
    for n in [2, 4, 5] {
        entries[n] = proved(entries[n].clone(), false);
    }
    entries[4].attestation = Attestation::Forged;
    let stays = judged(&catalogue(entries), keep(1, 1, 0, 0, 1));
    let expected =
        [(5, vec![Newest, Evidence]), (4, vec![Evidence]), (3, vec![Last, Daily]), (2, vec![]), (1, vec![]), (0, vec![Proved])];
    assert_eq!(stays, expected);
}

#[test]
fn rule_18_another_hosts_backups_are_left_until_they_are_proved_here() {
    let foreign = |entry: Entry| Entry { attestation: Attestation::Unattested("another".into()), ..entry };
    let entries = vec![
        foreign(entry(1, NOW)),
        foreign(proved(entry(2, NOW), false)),
        foreign(proved(entry(3, NOW), true)),
        entry(4, NOW),
        proved(entry(5, NOW), true),
    ];
    assert_eq!(staying(&catalogue(entries), keep(1, 0, 0, 0, 1)), [5, 2, 1]);
}

#[test]
fn rule_18_a_dump_never_takes_the_place_of_a_base_backup() {
    let physical = |mut entry: Entry| {
        entry.manifest.method = Method::Physical;
        entry
    };
    let entries = vec![proved(physical(entry(1, NOW)), true), entry(2, NOW), proved(entry(3, NOW), true)];
    assert_eq!(staying(&catalogue(entries), keep(1, 0, 0, 0, 1)), [3, 1]);
}

/// One of whatever may lie in a repository: of any method, version, standing and host, taken whatever the clock said.
fn any(random: &mut Rng, sequence: u64) -> Entry {
    let at = match random.u8(..10) {
        0 => random.i64(..),
        1 => NOW - random.i64(0..400 * DAY),
        _ => NOW + sequence as i64 * random.i64(0..DAY),
    };
    let mut one = entry(sequence, at);
    one.manifest.source.version = ["9.6.24", "15.14", "16.3"][random.usize(..3)].into();
    one.manifest.method = [Method::Logical, Method::Physical][random.usize(..2)];
    one.manifest.source.service = if random.u8(..5) == 0 { "cache".into() } else { "shop-db".into() };
    one.attestation = match random.u8(..12) {
        0 => Attestation::Forged,
        1 => Attestation::Unattested("another".into()),
        _ => Attestation::Attested,
    };
    one.proofs = (0..random.usize(..3)).map(|_| proof(&one, random.bool())).collect();
    one
}

fn any_keep(random: &mut Rng) -> Keep {
    keep(random.u32(..4), random.u32(..4), random.u32(..3), random.u32(..3), random.u32(..5))
}

fn proved_of(entries: &[&Entry]) -> usize {
    entries.iter().filter(|entry| entry.standing() == Standing::Proved).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn rule_18_retention_never_leaves_fewer_proved_ones_than_its_floor(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let size = random.u64(1..24);
        let catalogue = catalogue((1..=size).map(|sequence| any(&mut random, sequence)).collect());
        let keep = any_keep(&mut random);
        let (environment, service) = ("production".into(), "shop-db".into());
        let judged = plan(&catalogue, keep, &environment, &service);

        let all: Vec<_> = catalogue.of(&environment, &service).collect();
        let left: Vec<_> = judged.iter().filter(|one| !one.goes()).map(|one| one.entry).collect();
        prop_assert_eq!(judged.len(), all.len(), "every backup of the service is judged, and no other");
        prop_assert!(proved_of(&left) >= proved_of(&all).min(keep.proved.max(1) as usize));
        prop_assert!(all.first().is_none_or(|newest| left.contains(newest)), "the newest stays");
        for gone in judged.iter().filter(|one| one.goes()).map(|one| one.entry) {
            let sound = left.iter().filter(|other| {
                let better = matches!(other.standing(), Standing::Proved | Standing::ChecksumOnly);
                better && other.manifest.method == gone.manifest.method && other.manifest.sequence > gone.manifest.sequence
            });
            prop_assert!(sound.count() >= keep.last.max(1) as usize, "what goes has as many newer ones as are kept");
        }
        let again = Catalogue { entries: left.into_iter().cloned().collect(), orphans: vec![] };
        let left_again = plan(&again, keep, &environment, &service).iter().filter(|one| !one.goes()).count();
        prop_assert_eq!(left_again, again.entries.len(), "a second run finds nothing to do");
    }
}
