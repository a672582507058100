//! Alertmanagers that do not know of each other: what one of them knows counts, and who knows what is told.

use std::process::Command;
use std::time::Duration;

use midwatch::adapters::alertmanager::Alertmanagers;
use midwatch::adapters::http::{Budget, Endpoint};
use midwatch::domain::alert::{Alert, AlertSet, AlertState, Member};
use midwatch::domain::fault::FaultKind;

use crate::servers::Alertmanager;
use crate::until;

fn amtool(member: &Alertmanager, arguments: &[&str]) {
    let output = Command::new("amtool").arg(format!("--alertmanager.url={}", member.url)).args(arguments).output().unwrap();
    assert!(output.status.success(), "amtool {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn all(members: &[Alertmanager]) -> Alertmanagers {
    let endpoint = |m: &Alertmanager| Endpoint { timeout: Duration::from_secs(20), ..Endpoint::new(&m.url) };
    Alertmanagers::new(&members.iter().map(endpoint).collect::<Vec<_>>(), &Budget::default()).unwrap()
}

fn named<'a>(set: &'a AlertSet, name: &str) -> &'a Alert {
    set.alerts.iter().find(|alert| alert.labels.get("alertname") == Some(name)).unwrap_or_else(|| panic!("no {name}: {set:?}"))
}

/// The numbers of the members that could not be asked.
fn silent(members: &[Member]) -> Vec<usize> {
    (0..members.len()).filter(|n| members[*n].state.is_err()).collect()
}

#[tokio::test]
async fn rule_03_members_with_different_versions_of_the_truth_are_told_apart() {
    let mut members = Alertmanager::strangers(3);
    for member in &members {
        amtool(member, &["alert", "add", "alertname=Everywhere", "severity=critical", "--annotation=summary=down"]);
    }
    amtool(&members[0], &["alert", "add", "alertname=Here", "severity=warning"]);
    amtool(&members[1], &["silence", "add", "--author=anna", "--comment=known", "--duration=1h", "alertname=Everywhere"]);
    let managers = all(&members);
    let hidden_on_one = |set: &Result<AlertSet, _>| {
        set.as_ref()
            .is_ok_and(|set| set.alerts.iter().any(|a| a.members.len() == 3 && a.dissent == [1] && a.state == AlertState::Active))
    };
    let set = until("a silence on one of three", || managers.alerts(), hidden_on_one).await.unwrap();
    let (everywhere, here) = (named(&set, "Everywhere"), named(&set, "Here"));
    assert_eq!((set.answered(), set.alerts.len(), &here.members[..]), (3, 2, &[0][..]));
    assert_eq!((everywhere.silenced_by.len(), everywhere.annotations.get("summary")), (1, Some("down")));
    assert!(set.members.iter().all(|m| m.state.as_ref().unwrap().cluster == "disabled"), "{:?}", set.members);
    let silences = managers.silences().await.unwrap();
    assert_eq!((silences.known.len(), &silences.known[0].members[..]), (1, &[1][..]));
    assert_eq!(silent(&silences.members), [0; 0]);

    members[2].process.kill();
    let set = managers.alerts().await.unwrap();
    assert_eq!((set.answered(), silent(&set.members), &named(&set, "Everywhere").members[..]), (2, vec![2], &[0, 1][..]));
    let (silences, groups) = (managers.silences().await.unwrap(), managers.groups().await.unwrap());
    assert_eq!((silent(&silences.members), silent(&groups.members)), (vec![2], vec![2]));
    assert_eq!(groups.members[2].state.as_ref().unwrap_err().kind, FaultKind::Unreachable);

    // It comes back at once and knows nothing: its silence is gone, and what it hid is heard of elsewhere alone.
    let third = members.remove(2);
    let second = members.remove(1).restarted_empty();
    let set = managers.alerts().await.unwrap();
    assert_eq!((set.answered(), &named(&set, "Everywhere").members[..]), (2, &[0][..]));
    let silences = managers.silences().await.unwrap();
    assert_eq!((silences.known.len(), silent(&silences.members)), (0, vec![2]));
    drop((second, third));
    members[0].process.kill();
    let fault = managers.silences().await.unwrap_err();
    assert!(fault.kind == FaultKind::Unreachable && fault.detail.contains("none of 3"), "{fault}");
}
