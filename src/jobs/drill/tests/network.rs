//! Drills that cut a service off, in a [`town`](super::town) whose packet filter is a list.

use std::sync::{Arc, Mutex};

use super::town::{Town, town};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::firewall::{Cut, Gate, Place};
use crate::domain::job::Outcome;
use crate::jobs::driver::tests::book::{Book, Fuse};
use crate::ports::Promise;
use crate::ports::firewall::Firewall;

/// A packet filter of words.
#[derive(Clone, Default)]
pub struct Wall(Arc<Mutex<Words>>);

#[derive(Default)]
struct Words {
    rules: Vec<String>,
    /// What was ever made.
    made: Vec<Cut>,
    /// Nobody but root may.
    forbidden: bool,
    /// It fails once its rules are made.
    breaks: bool,
}

impl Wall {
    /// The marks of the rules that stand.
    pub fn rules(&self) -> Vec<String> {
        self.0.lock().unwrap().rules.clone()
    }
}

impl Firewall for Wall {
    fn gates<'a>(&'a self, instance: Option<&'a str>) -> Promise<'a, Vec<Gate>> {
        let name = instance.unwrap_or("app-1").to_owned();
        let place = Place::Container { ssh: None, id: name.clone(), name };
        let at = vec!["0.0.0.0".parse().unwrap()];
        Box::pin(async move { Ok(vec![Gate { place, port: 8080, at }]) })
    }

    fn judge<'a>(&'a self, _: &'a Cut) -> Promise<'a, bool> {
        let forbidden = self.0.lock().unwrap().forbidden;
        Box::pin(async move { if forbidden { Err(Failure::new(FailureKind::Denied, "only root may")) } else { Ok(true) } })
    }

    fn cut<'a>(&'a self, cut: &'a Cut) -> Promise<'a, ()> {
        let mut words = self.0.lock().unwrap();
        words.rules.push(cut.mark.clone());
        words.made.push(cut.clone());
        let breaks = words.breaks;
        Box::pin(async move { if breaks { Err(Failure::new(FailureKind::Tool, "no such chain")) } else { Ok(()) } })
    }

    fn clear<'a>(&'a self, cut: &'a Cut) -> Promise<'a, usize> {
        let mut words = self.0.lock().unwrap();
        let before = words.rules.len();
        words.rules.retain(|rule| *rule != cut.mark);
        let removed = before - words.rules.len();
        Box::pin(async move { Ok(removed) })
    }
}

const CUT: &str = "drill app-instance-partition --target app --instance app-2 --for 20s";

impl Town {
    fn wall_with(self, change: impl FnOnce(&mut Words)) -> Self {
        change(&mut self.wall.0.lock().unwrap());
        self
    }
}

#[tokio::test]
async fn a_service_that_is_cut_off_is_let_through_again_by_the_mark_of_its_drill() {
    let (town, book) = (town().wall_with(|words| words.rules.push("another's".to_owned())), Book::new());
    // What is there before is another's, so the town counts as broken: alerts fire at once.
    let town = town.with(|words| words.manner = super::Manner::Deaf);
    let plan = town.plan(&format!("{CUT} --expect ,")).await.unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("for port 8080 only")), "{:?}", plan.notes);
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Done), "{:?}", book.log.lock().unwrap());
    let made = town.wall.0.lock().unwrap().made.clone();
    assert_eq!(made.len(), 1);
    assert!(made[0].mark.starts_with("midwatch:drill-") && made[0].until.0 > 30_000, "{:?}", made[0]);
    assert_eq!(town.wall.rules(), ["another's"], "only its own are removed");
}

#[tokio::test]
async fn rule_19_whenever_the_worker_of_a_cut_dies_no_rule_is_left() {
    for at in 0..18 {
        for fuse in [Fuse::Before(at), Fuse::After(at)] {
            let (town, book) = (town(), Book::new());
            let plan = town.plan(CUT).await.unwrap();
            town.work(&book, &plan, fuse).await;
            town.run(&book, &plan).await;
            assert_eq!(town.wall.rules(), Vec::<String>::new(), "{fuse:?}");
            assert!(town.wall.0.lock().unwrap().made.len() <= 1, "{fuse:?}: nothing is cut a second time");
        }
    }
}

#[tokio::test]
async fn rule_19_a_cut_that_is_made_by_halves_is_removed() {
    let (town, book) = (town().wall_with(|words| words.breaks = true), Book::new());
    let plan = town.plan(CUT).await.unwrap();
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert_eq!(town.wall.rules(), Vec::<String>::new());
}

#[tokio::test]
async fn rule_19_without_the_right_nothing_is_armed() {
    let town = town().wall_with(|words| words.forbidden = true);
    let refused = town.plan(CUT).await.unwrap_err();
    assert_eq!((refused.kind, refused.what.as_str()), (FailureKind::Denied, "only root may"));
    // The right may be gone by the time the worker begins.
    let (town, book) = (super::town(), Book::new());
    let plan = town.plan(CUT).await.unwrap();
    let town = town.wall_with(|words| words.forbidden = true);
    assert_eq!(town.run(&book, &plan).await, Some(Outcome::Failed));
    assert!(town.words.lock().unwrap().armed.is_none() && town.wall.0.lock().unwrap().made.is_empty());
}
