//! A worker in this very process.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::adapters::ledger::Submission;
use crate::domain::guard::Guard;
use crate::domain::plan::{Confirmation, Identity, Plan, Revert, StepId, StepSpec};
use crate::jobs::driver::Gate as _;

/// One step, which fails: it is given no arguments.
fn plan() -> Plan {
    let second = Duration::from_secs(1);
    let step = StepSpec {
        id: StepId(1),
        kind: "sweep".into(),
        title: "Sweep".into(),
        args: Value::Null,
        deadline: second,
        stall: second,
        revert: Revert::Never,
    };
    Plan {
        version: 1,
        call: vec!["clean".into()],
        environment: "e".into(),
        guard: Guard::Open,
        target: Identity { name: "main".into(), keys: vec!["k".into()], words: String::new() },
        notes: vec![],
        steps: vec![step],
    }
}

/// A configuration whose repository is asked for the metrics, and answers when the test does.
fn configuration(folder: &Path, port: u16) -> PathBuf {
    let (key, path) = (folder.join("s3.key"), folder.join("midwatch.toml"));
    std::fs::write(&key, "secret").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "textfile = \"m.prom\"\n[environments.e]\nguard = \"open\"\n[environments.e.repositories.main.s3]\nbucket = \"shop-backups\"\n\
         region = \"r\"\nendpoint = \"http://127.0.0.1:{port}\"\naccess_key = \"file:{0}\"\nsecret_key = \"file:{0}\"\n",
        key.display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_only_writes_metrics_still_holds_no_job() {
    let folder = tempfile::tempdir().unwrap();
    let repository = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let files = vec![configuration(folder.path(), repository.local_addr().unwrap().port())];
    let home = Home::find(Some(&folder.path().join("state"))).unwrap();
    let ledger = Ledger::open(home.clone()).unwrap();
    let (plan, confirmation) = (plan(), Confirmation::default());
    let job = Submission { plan: &plan, operator: "anna", host: "here", confirmation: &confirmation, files: &files };
    let id = ledger.submit(job).unwrap();
    let mut worker = tokio::spawn(run(home, id));
    let (mut asking, _) = tokio::select! {
        asking = repository.accept() => asking.unwrap(),
        ended = &mut worker => panic!("it has asked for nothing: {ended:?}; {}", ledger.log(id, 0).unwrap().0),
    };
    let record = ledger.job(id).unwrap();
    assert!(record.has_ended() && !record.alive, "what is asked of it now must find a worker that hears it: {record:?}");
    let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let refusing = tokio::spawn(async move {
        loop {
            asking.write_all(refusal).await.unwrap();
            (asking, _) = repository.accept().await.unwrap();
        }
    });
    assert_eq!(worker.await.unwrap().unwrap(), Some(Outcome::Failed));
    refusing.abort();
    assert!(ledger.log(id, 0).unwrap().0.contains("m.prom was not written"));
}

/// The guard of a job whose configuration cannot be read.
fn edited(folder: &Path) -> (Arc<Ledger>, Gate, PathBuf) {
    let (path, plan, confirmation) = (folder.join("midwatch.toml"), plan(), Confirmation::default());
    let ledger = Arc::new(Ledger::open(Home::find(Some(&folder.join("state"))).unwrap()).unwrap());
    let files = [path.clone()];
    let job = Submission { plan: &plan, operator: "anna", host: "here", confirmation: &confirmation, files: &files };
    let record = ledger.job(ledger.submit(job).unwrap()).unwrap();
    std::fs::write(&path, "[environments.e").unwrap();
    (Arc::clone(&ledger), Gate::new(ledger, record), path)
}

#[tokio::test]
async fn a_configuration_that_is_being_edited_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, gate, path) = edited(folder.path());
    let waits = || ledger.log(JobId(1), 0).unwrap().0.matches("waiting up to 30 s for a configuration").count();
    let is_waiting = async {
        while waits() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let plan = plan();
    let mut allowed = std::pin::pin!(gate.allows(&plan.steps[0]));
    tokio::select! {
        answer = &mut allowed => panic!("it did not wait: {answer:?}"),
        () = is_waiting => {}
    }
    std::fs::write(&path, "[environments.e]\nguard = \"open\"\n").unwrap();
    assert_eq!((allowed.await, waits()), (Ok(()), 1));
}

#[tokio::test]
async fn rule_13_a_configuration_that_stays_broken_lets_nothing_happen() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut gate, _) = edited(folder.path());
    gate.patience = Duration::ZERO;
    let failure = gate.allows(&plan().steps[0]).await.unwrap_err();
    assert_eq!((failure.kind, failure.mend.as_deref()), (FailureKind::Config, Some("midwatch check")));
}
