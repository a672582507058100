//! Tampering with the trail, in every way there is: each is found where it begins.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use rusqlite::params;
use tempfile::TempDir;

use super::*;
use crate::adapters::ledger::tests::{fresh, open, submit};

/// How many entries the trail under test has.
const LENGTH: i64 = 12;

/// What somebody with the database in their hands may do; each to an entry, from 1.
#[derive(Clone, Debug)]
enum Tampering {
    Edit { seq: i64, column: &'static str },
    EditWithHash { seq: i64 },
    Delete { seq: i64 },
    Swap { seq: i64, other: i64 },
    Cut { from: i64 },
    Behead { to: i64 },
    Rebuild { from: i64 },
    Insert { after: i64 },
    ChangePlan { job: i64 },
}

fn any() -> impl Strategy<Value = Tampering> {
    let seq = || 1..=LENGTH;
    let column = prop::sample::select(vec!["at", "who", "what", "target", "plan", "job", "previous", "hash"]);
    prop_oneof![
        (seq(), column).prop_map(|(seq, column)| Tampering::Edit { seq, column }),
        seq().prop_map(|seq| Tampering::EditWithHash { seq }),
        seq().prop_map(|seq| Tampering::Delete { seq }),
        (seq(), seq()).prop_filter("two", |(a, b)| a != b).prop_map(|(seq, other)| Tampering::Swap { seq, other }),
        seq().prop_map(|from| Tampering::Cut { from }),
        seq().prop_map(|to| Tampering::Behead { to }),
        seq().prop_map(|from| Tampering::Rebuild { from }),
        // Behind the last, it would be no tampering with what was written, but an entry more.
        (0..LENGTH).prop_map(|after| Tampering::Insert { after }),
        (1..=LENGTH).prop_map(|job| Tampering::ChangePlan { job }),
    ]
}

impl Tampering {
    /// The first entry that is then not as it was written.
    fn first_bad(&self) -> i64 {
        match *self {
            Self::Edit { seq, .. } | Self::EditWithHash { seq } | Self::Delete { seq } => seq,
            Self::Swap { seq, other } => seq.min(other),
            Self::Cut { from } | Self::Rebuild { from } => from,
            Self::Behead { .. } => 1,
            Self::Insert { after } => after + 1,
            Self::ChangePlan { job } => job,
        }
    }

    fn happen(&self, db: &Connection) {
        db.execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept").unwrap();
        let run = |sql: &str, seq: i64| assert!(db.execute(sql, [seq]).unwrap() > 0);
        match *self {
            Self::Edit { seq, column: column @ ("at" | "job") } => {
                run(&format!("UPDATE audit SET {column} = {column} + 1 WHERE seq = ?"), seq);
            }
            Self::Edit { seq, column } => run(&format!("UPDATE audit SET {column} = {column} || 'x' WHERE seq = ?"), seq),
            Self::EditWithHash { seq } => {
                run("UPDATE audit SET who = 'eve' WHERE seq = ?", seq);
                rehash(db, seq);
            }
            Self::Delete { seq } => run("DELETE FROM audit WHERE seq = ?", seq),
            Self::Cut { from } => run("DELETE FROM audit WHERE seq >= ?", from),
            Self::Behead { to } => run("DELETE FROM audit WHERE seq <= ?", to),
            Self::Swap { seq, other } => {
                for (from, to) in [(seq, -1), (other, seq), (-1, other)] {
                    db.execute("UPDATE audit SET seq = ? WHERE seq = ?", [to, from]).unwrap();
                }
            }
            Self::Rebuild { from } => {
                run("UPDATE audit SET who = 'eve' WHERE seq = ?", from);
                (from..=LENGTH).for_each(|seq| rehash(db, seq));
            }
            Self::Insert { after } => {
                for seq in (after + 1..=LENGTH).rev() {
                    run("UPDATE audit SET seq = seq + 1 WHERE seq = ?", seq);
                }
                let sql = "INSERT INTO audit VALUES (?, 0, 'eve', 'nothing', '', NULL, '', '', '')";
                db.execute(sql, [after + 1]).unwrap();
                (after + 1..=LENGTH + 1).for_each(|seq| rehash(db, seq));
            }
            Self::ChangePlan { job } => run("UPDATE jobs SET plan = plan || ' ' WHERE id = ?", job),
        }
    }
}

/// Chains an entry anew to the one before, as somebody would who knows how.
fn rehash(db: &Connection, seq: i64) {
    let previous = db.query_row("SELECT hash FROM audit WHERE seq = ?", [seq - 1], |row| row.get::<_, String>(0));
    let previous = previous.unwrap_or(NOTHING.to_owned());
    db.execute("UPDATE audit SET previous = ? WHERE seq = ?", params![previous, seq]).unwrap();
    let entry = db.query_row("SELECT * FROM audit WHERE seq = ?", [seq], Entry::read).unwrap();
    db.execute("UPDATE audit SET hash = ? WHERE seq = ?", params![entry.digest(), seq]).unwrap();
}

/// A ledger with a trail: written once, then copied.
fn trail() -> (TempDir, Arc<Ledger>) {
    static WRITTEN: LazyLock<(TempDir, Arc<Ledger>)> = LazyLock::new(|| {
        let (folder, ledger) = fresh();
        for n in 1..=LENGTH {
            submit(&ledger, &format!("db-{n}")).unwrap();
        }
        (folder, ledger)
    });
    let folder = tempfile::tempdir().unwrap();
    for file in ["ledger.db", "ledger.db-wal", MIRROR] {
        std::fs::copy(WRITTEN.0.path().join(file), folder.path().join(file)).unwrap();
    }
    std::fs::hard_link(WRITTEN.0.path().join("reserve"), folder.path().join("reserve")).unwrap();
    let ledger = open(folder.path());
    (folder, ledger)
}

#[test]
fn rule_22_a_trail_as_it_was_written_is_whole() {
    let (_folder, ledger) = trail();
    let Verdict::Whole { entries, head } = ledger.verify_audit().unwrap() else { panic!("it is whole") };
    assert_eq!((entries, &head), (LENGTH, &ledger.audit(1).unwrap()[0].hash));
    assert!(matches!(fresh().1.verify_audit().unwrap(), Verdict::Whole { entries: 0, .. }));
}

#[test]
fn rule_22_the_database_itself_refuses_changes() {
    let (_folder, ledger) = trail();
    let refused = |sql: &str| ledger.connection().execute(sql, []).unwrap_err().to_string();
    assert_eq!(refused("UPDATE audit SET who = 'eve' WHERE seq = 3"), "the audit trail never changes");
    assert_eq!(refused("DELETE FROM audit WHERE seq = 12"), "the audit trail is never shortened");
}

#[test]
fn a_mirror_that_lags_or_was_cut_by_a_full_disk_accuses_nobody() {
    let (folder, ledger) = trail();
    let path = folder.path().join(MIRROR);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 100]).unwrap();
    assert!(matches!(ledger.verify_audit().unwrap(), Verdict::Whole { entries: LENGTH, .. }));
    submit(&ledger, "one-more").unwrap();
    assert!(matches!(ledger.verify_audit().unwrap(), Verdict::Whole { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rule_22_every_tampering_is_found_where_it_begins(tampering in any()) {
        let (_folder, ledger) = trail();
        tampering.happen(&ledger.connection());
        let Verdict::Broken { seq, why } = ledger.verify_audit().unwrap() else { panic!("{tampering:?} was not found") };
        prop_assert_eq!(seq, tampering.first_bad(), "{:?}: {}", tampering, why);
    }
}
