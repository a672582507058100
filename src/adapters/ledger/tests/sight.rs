//! What every console sees, and many that open a new ledger at once.

use super::*;

#[tokio::test]
async fn rule_07_a_job_that_has_not_ended_stays_in_sight() {
    let (_folder, ledger) = fresh();
    let open = submit(&ledger, "shop-db").unwrap();
    for name in ["a", "b", "c"] {
        let ended = submit(&ledger, name).unwrap();
        let journal = JobJournal::take(Arc::clone(&ledger), ended).unwrap();
        journal.append(&Event::Finished { outcome: Outcome::Done }).await.unwrap();
    }
    let shown: Vec<JobId> = ledger.jobs(2).unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(shown.len(), 3);
    assert_eq!(shown.last(), Some(&open));
}

/// The first shells on a host: all of them find no ledger, and only one may turn what it makes into a log that is written ahead.
#[test]
fn many_make_a_new_ledger_at_once() {
    for _ in 0..8 {
        let home = tempfile::tempdir().unwrap();
        let (folder, ready) = (home.path(), std::sync::Barrier::new(4));
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let ready = &ready;
                scope.spawn(move || {
                    ready.wait();
                    submit(&open(folder), name).unwrap();
                });
            }
        });
        assert_eq!(open(folder).jobs(10).unwrap().len(), 4);
    }
}
