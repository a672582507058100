#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::domain::alert::{MatchOp, Matcher};
use crate::domain::fault::Fault;
use crate::domain::time::Stamp;

/// As Alertmanager 0.25 writes it.
fn alert(member: usize, fingerprint: &str, state: &str, updated_s: u32) -> (usize, wire::Alert) {
    let json = format!(
        r#"{{"annotations":{{"summary":"seen by {member}"}},"endsAt":"2026-11-22T03:00:00.000Z","fingerprint":"{fingerprint}",
        "receivers":[{{"name":"team-{member}"}}],"startsAt":"2026-11-22T02:00:00.000Z","status":{{"inhibitedBy":[],"silencedBy":
        ["s{member}"],"state":"{state}"}},"updatedAt":"2026-11-22T02:00:{updated_s:02}.000Z",
        "generatorURL":"http://p/graph?g0.expr=up","labels":{{"alertname":"Down"}}}}"#
    );
    (member, serde_json::from_str(&json).unwrap())
}

#[test]
fn an_alert_that_one_member_notifies_of_is_active_and_the_others_dissent() {
    let merged = alerts(vec![alert(0, "a", "suppressed", 1), alert(1, "a", "active", 9), alert(2, "a", "suppressed", 3)]);
    let [one] = &merged[..] else { panic!("{merged:?}") };
    assert_eq!((one.state, &one.members[..], &one.dissent[..]), (AlertState::Active, &[0, 1, 2][..], &[0, 2][..]));
    assert_eq!(one.annotations.get("summary"), Some("seen by 1"), "the newest wins");
    assert_eq!(
        (&one.receivers[..], &one.silenced_by[..]),
        (&["team-0", "team-1", "team-2"].map(String::from)[..], &["s0", "s1", "s2"].map(String::from)[..])
    );
}

#[test]
fn rule_03_nobody_answering_is_a_fault_and_one_answering_is_not() {
    let fault = || Fault::new(crate::domain::fault::FaultKind::Unreachable, "refused");
    assert_eq!(super::super::any::<()>(vec![Err(fault())]), Err(fault()));
    let all = super::super::any::<()>(vec![Err(fault()), Err(fault())]).unwrap_err();
    assert!(all.detail.contains("none of 2"), "{all}");
    assert!(super::super::any(vec![Err(fault()), Ok(())]).is_ok());
    assert!(super::super::any::<()>(vec![]).is_err());
}

#[test]
fn the_newest_version_of_a_silence_counts() {
    let silence = |state: &str, second: u32| {
        let json = format!(
            r#"{{"id":"x","status":{{"state":"{state}"}},"updatedAt":"2026-11-22T02:00:{second:02}.000Z","comment":"","createdBy":"anna",
            "endsAt":"2026-11-22T03:00:00.000Z","startsAt":"2026-11-22T02:00:00.000Z",
            "matchers":[{{"isEqual":false,"isRegex":true,"name":"job","value":"a.*"}},{{"isRegex":false,"name":"b","value":""}}]}}"#
        );
        serde_json::from_str::<wire::Silence>(&json).unwrap()
    };
    let merged = silences(vec![(0, silence("active", 5)), (1, silence("expired", 30)), (2, silence("expired", 30))]);
    let [one] = &merged[..] else { panic!("{merged:?}") };
    assert_eq!((&*one.state, &one.members[..], &one.dissent[..]), ("expired", &[0, 1, 2][..], &[0][..]));
    assert_eq!(one.matchers[0], Matcher { name: "job".into(), op: MatchOp::NotRegex, value: "a.*".into() });
    assert_eq!(one.matchers[1].op, MatchOp::Equal);
}

#[test]
fn a_group_that_two_members_know_is_one() {
    let group = |fingerprint: &str| {
        let json = format!(
            r#"{{"labels":{{"job":"app"}},"receiver":{{"name":"ops"}},"alerts":[{{"fingerprint":"{fingerprint}"}},{{"fingerprint":"z"}}]}}"#
        );
        serde_json::from_str::<wire::Group>(&json).unwrap()
    };
    let merged = groups(vec![(0, group("a")), (1, group("b"))]);
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0].alerts.iter().map(|f| &**f).collect::<Vec<_>>(), ["a", "b", "z"]);
}

proptest! {
    /// Whatever order members answer in, nothing is lost and nothing is doubled.
    #[test]
    fn the_union_holds_every_fingerprint_once(views in prop::collection::vec((0usize..3, "[a-e]", prop::bool::ANY, 0u32..60), 0..20)) {
        let said = || views.iter().map(|(m, f, on, at)| alert(*m, f, if *on { "active" } else { "suppressed" }, *at));
        let all: Vec<_> = said().map(|(member, alert)| alert.into_domain(member)).collect();
        let mut known: Vec<_> = all.iter().map(|a| a.fingerprint.clone()).collect();
        known.sort();
        known.dedup();
        let merged = alerts(said().collect());
        prop_assert_eq!(merged.iter().map(|a| a.fingerprint.clone()).collect::<Vec<_>>(), known);
        for one in &merged {
            let active = all.iter().any(|a| a.fingerprint == one.fingerprint && a.state == AlertState::Active);
            prop_assert_eq!(one.state == AlertState::Active, active);
            prop_assert_eq!(one.updated_at, all.iter().filter(|a| a.fingerprint == one.fingerprint).map(|a| a.updated_at).max().unwrap_or(Stamp(0)));
        }
    }
}
