//! The Jobs screen: what is listed and selected, what can be asked of which job, and what happened while one was away.

use crate::app::command::Call;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::model::{Model, needs};
use crate::app::need::{Data, Source};
use crate::app::popup::Popup;
use crate::app::screens::jobs::steps::{Standing, steps};
use crate::app::screens::jobs::{Part, progress};
use crate::app::tests::fixtures::chaos::missed;
use crate::app::tests::fixtures::jobs::{ended, job, ledger, moving, wrote};
use crate::app::tests::fixtures::{START, answer, model, press, wait};
use crate::app::update::update;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::job::{Control, Job, JobId, Log, Outcome, State};

/// On the Jobs screen, with these jobs.
fn jobs(jobs: &[Job]) -> Model {
    let mut model = model(&["production", "staging"]);
    press(&mut model, "5");
    ledger(&mut model, jobs);
    model
}

fn listed(model: &Model) -> Vec<i64> {
    model.screens.jobs.listed(&model.shared).iter().map(|job| job.id.0).collect()
}

fn meant(model: &Model) -> Option<i64> {
    model.screens.jobs.meant(&model.shared).map(|id| id.0)
}

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}

fn every_state() -> Vec<Job> {
    vec![
        ended(5, "backup a", Outcome::Done, 60),
        ended(4, "backup b", Outcome::Stuck, 90),
        job(3, "backup c", State::Lost, 300),
        ended(2, "backup d", Outcome::Failed, 600),
        moving(1, "backup e", 900),
    ]
}

#[test]
fn what_has_not_ended_comes_first_and_then_the_newest() {
    let mut model = jobs(&every_state());
    assert_eq!(listed(&model), [3, 1, 5, 4, 2]);
    press(&mut model, "/ l o s t enter");
    assert_eq!(listed(&model), [3]);
}

#[test]
fn a_job_stays_selected_when_the_list_reorders_under_the_cursor() {
    let mut model = jobs(&[moving(2, "backup a", 60), moving(1, "backup b", 90)]);
    press(&mut model, "j");
    assert_eq!(meant(&model), Some(1));
    ledger(&mut model, &[moving(3, "backup c", 1), moving(2, "backup a", 60), ended(1, "backup b", Outcome::Done, 0)]);
    assert_eq!((listed(&model), meant(&model)), (vec![3, 2, 1], Some(1)));
}

#[test]
fn an_open_job_does_not_vanish_when_the_ledger_no_longer_lists_it() {
    let mut model = jobs(&[ended(1, "backup a", Outcome::Done, 60)]);
    press(&mut model, "enter");
    ledger(&mut model, &[]);
    assert!(model.screens.jobs.detail.as_ref().unwrap().job.is_some());
}

#[test]
fn nothing_is_asked_of_a_job_before_the_answer_to_are_you_sure() {
    for (key, job, control) in [
        ("c", moving(1, "backup a", 60), Control::Cancel),
        ("R", job(1, "backup a", State::Lost, 60), Control::Resume),
        ("u", ended(1, "backup a", Outcome::Stuck, 60), Control::Undo),
    ] {
        let mut model = jobs(&[job]);
        assert_eq!(press(&mut model, key), []);
        assert_eq!((press(&mut model, "esc"), model.popup.is_none()), (vec![], true));
        press(&mut model, key);
        let effects = match control {
            // An undo destroys: it wants the target's name where the plan did.
            Control::Undo => press(&mut model, "enter a enter"),
            _ => press(&mut model, "enter"),
        };
        assert_eq!(effects, [Effect::Control(JobId(1), control)], "{key}");
    }
}

#[test]
fn what_a_job_cannot_do_is_said_at_once() {
    let done = ended(1, "backup a", Outcome::Done, 60);
    for (key, job, why) in [
        ("c", done.clone(), "not ended"),
        ("R", done.clone(), "worker died"),
        ("R", moving(1, "backup a", 60), "worker died"),
        ("u", moving(1, "backup a", 60), "cancel it first"),
    ] {
        let mut model = jobs(&[job]);
        assert_eq!(press(&mut model, key), []);
        assert!(model.popup.is_none() && said(&model).contains(why), "{key}: {}", said(&model));
    }
    let mut model = jobs(&[done]);
    update(&mut model, Message::Call(Call::with("cancel", "#99")));
    assert!(said(&model).contains("#99"));
}

#[test]
fn what_was_asked_is_told_and_looked_at_again() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    assert_eq!(update(&mut model, Message::Controlled(JobId(1), Control::Cancel, Ok(()))), [Effect::Refresh]);
    assert_eq!(said(&model), "asked #1 to cancel");
    let failure = Failure::new(FailureKind::Denied, "only its own operator may");
    update(&mut model, Message::Controlled(JobId(1), Control::Cancel, Err(failure)));
    assert!(model.notice.unwrap().bad);
}

#[test]
fn a_log_is_followed_until_one_reads_back_in_it() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    press(&mut model, "enter");
    wrote(&mut model, 1, 50);
    let line = |model: &Model| model.screens.jobs.detail.as_ref().unwrap().line;
    assert_eq!((line(&model), copied(&mut model)), (None, "50".to_owned()));
    press(&mut model, "k k");
    wrote(&mut model, 1, 60);
    assert_eq!((line(&model), copied(&mut model)), (Some(47), "48".to_owned()));
    press(&mut model, "G");
    wrote(&mut model, 1, 70);
    assert_eq!((line(&model), copied(&mut model)), (None, "70".to_owned()));
}

/// The number of the log's line that is copied.
fn copied(model: &mut Model) -> String {
    match press(model, "y").as_slice() {
        [Effect::Copy(text)] => text.get(17..19).unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_that_has_lost_its_beginning_keeps_the_line_under_the_cursor() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    press(&mut model, "enter");
    wrote(&mut model, 1, 50);
    press(&mut model, "k k");
    let lines = (46..=60).map(|n| format!("2026-11-22 03:00:{n} UTC  …")).collect();
    answer(&mut model, Source::JobLog(JobId(1)), Data::Log(Log { skipped: 45, lines }));
    assert_eq!(copied(&mut model), "48");
}

#[test]
fn a_log_is_asked_for_while_its_job_is_open_and_less_often_once_it_has_ended() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    let asked =
        |model: &Model| needs(model).into_iter().find(|n| n.source == Source::JobLog(JobId(1))).map(|n| n.every.as_secs());
    assert_eq!(asked(&model), None);
    press(&mut model, "enter");
    assert_eq!(asked(&model), Some(1));
    ledger(&mut model, &[ended(1, "backup a", Outcome::Done, 1)]);
    assert!(asked(&model).unwrap() > 10);
    press(&mut model, "esc");
    assert_eq!(asked(&model), None);
}

#[test]
fn tab_goes_through_the_parts_and_back() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    press(&mut model, "enter");
    let mut part = |keys: &str| {
        press(&mut model, keys);
        model.screens.jobs.detail.as_ref().unwrap().part
    };
    assert_eq!([part("tab"), part("tab"), part("tab"), part("backtab")], [Part::Steps, Part::Plan, Part::Log, Part::Plan]);
}

#[test]
fn rule_07_a_step_that_was_running_when_its_worker_died_is_not_called_running() {
    let standing = |job: &Job| steps(job).iter().map(|step| step.standing).collect::<Vec<_>>();
    let [running, lost] = [moving(1, "backup a", 60), job(1, "backup a", State::Lost, 60)];
    assert_eq!(standing(&running), [Standing::Running, Standing::Waiting, Standing::Waiting]);
    assert_eq!(standing(&lost), [Standing::Interrupted, Standing::Waiting, Standing::Waiting]);
    let ends = |outcome| standing(&ended(1, "backup a", outcome, 60));
    assert_eq!(ends(Outcome::Done), [Standing::Done; 3]);
    assert_eq!(ends(Outcome::Failed), [Standing::Failed, Standing::Skipped, Standing::Skipped]);
    assert_eq!(ends(Outcome::Cancelled), [Standing::Undone, Standing::Skipped, Standing::Skipped]);
    assert_eq!(ends(Outcome::Stuck), [Standing::Unknown, Standing::Skipped, Standing::Skipped]);
}

#[test]
fn rule_01_progress_that_was_told_long_ago_has_an_age() {
    let running = moving(1, "backup a", 60);
    assert_eq!(progress::of(&running, START).unwrap().1, None);
    assert_eq!(progress::of(&running, START.after(std::time::Duration::from_secs(40))).unwrap().1.unwrap().as_secs(), 40);
    assert!(progress::of(&Job { state: State::Lost, ..running }, START).is_none());
}

#[test]
fn a_job_that_ends_has_everything_asked_anew() {
    let mut model = jobs(&[moving(1, "backup a", 60)]);
    let hear = |model: &mut Model, jobs: Vec<Job>| {
        let need = needs(model).into_iter().find(|need| need.source == Source::Jobs).unwrap();
        let reply = Ok(std::sync::Arc::new(Data::Jobs(jobs)));
        update(model, Message::Fed(crate::app::message::Fed { need, reply, at: model.shared.now, skew: None }))
    };
    assert_eq!(hear(&mut model, vec![moving(1, "backup a", 60)]), []);
    assert_eq!(hear(&mut model, vec![ended(1, "backup a", Outcome::Done, 0)]), [Effect::Refresh]);
    assert_eq!(hear(&mut model, vec![ended(1, "backup a", Outcome::Done, 0)]), []);
}

#[test]
fn what_happened_meanwhile_is_told_once_and_again_when_asked() {
    let mut model = model(&["production"]);
    update(&mut model, Message::Away(vec![]));
    assert_eq!(model.popup, None);
    press(&mut model, ":");
    update(&mut model, Message::Away(vec![missed(ended(1, "backup a", Outcome::Done, 60))]));
    assert!(matches!(model.popup, Some(Popup::Picker(_))) && said(&model).contains(":away"));
    press(&mut model, "esc");
    update(&mut model, Message::Call(Call { command: "away", args: crate::app::command::Args::default() }));
    assert_eq!(model.popup, Some(Popup::Away(0)));
    press(&mut model, "esc");
    wait(&mut model, 1);
    assert_eq!(model.popup, None);
    update(&mut model, Message::Away(vec![missed(ended(1, "backup a", Outcome::Done, 60))]));
    assert_eq!(model.popup, Some(Popup::Away(0)));
}
