//! Guard: how much an environment resists changes.

use std::fmt;
use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::name::Name;
use crate::domain::plan::Confirmation;
use crate::domain::time::Stamp;

/// How long a strict environment stays unlocked.
pub const UNLOCK: Duration = Duration::from_secs(15 * 60);

/// How much an environment resists changes, from least to most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// A plan runs when it is confirmed by one key.
    Open,
    /// A plan runs when its target's name is typed.
    #[default]
    Confirm,
    /// Nothing changes until the environment's name is typed, which unlocks it for 15 minutes; then as `confirm`.
    Strict,
    /// Nothing changes from here.
    ReadOnly,
}

impl Guard {
    /// Every guard, from least to most.
    pub const ALL: [Self; 4] = [Self::Open, Self::Confirm, Self::Strict, Self::ReadOnly];

    /// The word of the configuration and of the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirm => "confirm",
            Self::Strict => "strict",
            Self::ReadOnly => "read-only",
        }
    }

    /// The guard of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guard| guard.word() == word)
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A change that somebody asks for, with all that its guard wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The environment's guard: the stricter one of the plan's and the configuration's.
    pub guard: Guard,
    /// The environment.
    pub environment: &'a Name,
    /// The name of what would be changed.
    pub target: &'a Name,
    /// The routine with what it was given, as on a command line.
    pub call: &'a [String],
    /// What was said when it was confirmed.
    pub confirmation: &'a Confirmation,
    /// Until when the environment is unlocked, where somebody unlocked it.
    pub unlocked_until: Option<Stamp>,
    /// The present moment.
    pub now: Stamp,
    /// What the configuration lets run unattended in a strict environment: `backup`, `verify shop-db`.
    pub unattended: &'a [String],
}

/// Why a guard says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing changes from here.
    ReadOnly {
        /// Where.
        environment: Name,
    },
    /// The target's name was not typed, or another one was.
    Untyped {
        /// Its name.
        target: Name,
    },
    /// The environment is not unlocked.
    Locked {
        /// Which.
        environment: Name,
    },
    /// The configuration does not list it for unattended runs.
    Unlisted {
        /// Where.
        environment: Name,
        /// The routine.
        routine: String,
    },
}

/// Whether a guard lets a change happen. A stricter guard never allows what a milder one refuses.
pub fn judge(request: &Request<'_>) -> Result<(), Refusal> {
    match request.guard {
        Guard::Open => Ok(()),
        Guard::Confirm => request.typed(),
        Guard::Strict => request.let_in().and_then(|()| request.typed()),
        Guard::ReadOnly => Err(Refusal::ReadOnly { environment: request.environment.clone() }),
    }
}

impl Request<'_> {
    fn typed(&self) -> Result<(), Refusal> {
        let is_typed = self.confirmation.typed.as_deref() == Some(self.target.as_str());
        is_typed.then_some(()).ok_or_else(|| Refusal::Untyped { target: self.target.clone() })
    }

    /// A person must have unlocked the environment; a run that nobody watches must be listed.
    fn let_in(&self) -> Result<(), Refusal> {
        let environment = || self.environment.clone();
        if self.confirmation.unattended {
            let routine = || self.call.first().cloned().unwrap_or_default();
            self.is_listed().then_some(()).ok_or_else(|| Refusal::Unlisted { environment: environment(), routine: routine() })
        } else {
            self.is_unlocked().then_some(()).ok_or_else(|| Refusal::Locked { environment: environment() })
        }
    }

    /// An unlocking that would last longer than one can was made under another clock, and does not count.
    fn is_unlocked(&self) -> bool {
        self.unlocked_until.is_some_and(|until| self.now < until && until <= self.now.after(UNLOCK))
    }

    /// An entry lists every call that begins with its words.
    fn is_listed(&self) -> bool {
        self.unattended.iter().any(|entry| {
            let words: Vec<&str> = entry.split_whitespace().collect();
            !words.is_empty() && words.len() <= self.call.len() && words.iter().zip(self.call).all(|(word, given)| word == given)
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly { environment } => write!(f, "{environment} is read-only from here"),
            Self::Untyped { target } => write!(f, "the name of what is changed, {target}, was not typed"),
            Self::Locked { environment } => write!(f, "{environment} is strict, and not unlocked"),
            Self::Unlisted { environment, routine } => {
                write!(f, "{environment} is strict, and its configuration does not let {routine} run unattended")
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let failure = Self::new(FailureKind::Refused, refusal.to_string());
        match refusal {
            Refusal::ReadOnly { .. } => failure,
            Refusal::Untyped { target } => failure.mend(format!("type it, or give --yes --confirm={target}")),
            Refusal::Locked { environment } => failure.mend(format!("unlock it for 15 minutes by typing {environment}")),
            Refusal::Unlisted { environment, routine } => {
                failure.mend(format!("add \"{routine}\" to `unattended` in [environments.{environment}]"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of guard, what was typed, whether anybody watches, unlocking and listing.
    fn every(mut check: impl FnMut(&Request<'_>)) {
        let (environment, target, now) = ("production".into(), "shop-db".into(), Stamp(1_000_000));
        let minutes = |n: i64| Stamp(now.0 + n * 60_000);
        let call = ["backup".to_owned(), "shop-db".to_owned()];
        let lists = [vec![], vec!["backup".to_owned()], vec![" ".to_owned(), "restore".to_owned()]];
        for guard in Guard::ALL {
            for typed in [None, Some("shop-db"), Some("production"), Some("Shop-db"), Some("")] {
                for unattended in [false, true] {
                    for unlocked_until in [None, Some(minutes(-1)), Some(now), Some(minutes(15)), Some(minutes(16))] {
                        for list in &lists {
                            let confirmation = Confirmation { typed: typed.map(Into::into), unattended };
                            let (environment, target, confirmation, call) = (&environment, &target, &confirmation, &call);
                            let unattended = list;
                            check(&Request { guard, environment, target, call, confirmation, unlocked_until, now, unattended });
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn rule_13_a_guard_lets_through_what_it_says_and_nothing_else() {
        let mut allowed = [0; 4];
        every(|request| {
            let typed = request.confirmation.typed.as_deref() == Some("shop-db");
            let unlocked = request.unlocked_until == Some(Stamp(1_000_000 + 900_000));
            let listed = request.unattended == ["backup"];
            let let_in = if request.confirmation.unattended { listed } else { unlocked };
            let expected = match request.guard {
                Guard::Open => true,
                Guard::Confirm => typed,
                Guard::Strict => typed && let_in,
                Guard::ReadOnly => false,
            };
            assert_eq!(judge(request).is_ok(), expected, "{request:?}");
            allowed[request.guard as usize] += usize::from(expected);
        });
        assert_eq!(allowed, [150, 30, 8, 0]);
    }

    #[test]
    fn rule_13_a_stricter_guard_never_allows_what_a_milder_one_refuses() {
        every(|request| {
            for guard in Guard::ALL.into_iter().filter(|guard| *guard > request.guard) {
                assert!(judge(request).is_ok() || judge(&Request { guard, ..*request }).is_err(), "{request:?}");
            }
        });
    }

    #[test]
    fn rule_13_a_refusal_says_what_mends_it() {
        let unlisted = Refusal::Unlisted { environment: "production".into(), routine: "restore".into() };
        let said = Failure::from(unlisted).to_string();
        assert_eq!(
            said,
            "production is strict, and its configuration does not let restore run unattended \
             (add \"restore\" to `unattended` in [environments.production])"
        );
        assert_eq!(Failure::from(Refusal::ReadOnly { environment: "old".into() }).kind, FailureKind::Refused);
    }

    #[test]
    fn an_entry_lists_the_calls_that_begin_with_its_words() {
        let listed = |entry: &str, call: &[&str]| {
            let call: Vec<String> = call.iter().map(|&word| word.to_owned()).collect();
            let unattended = [entry.to_owned()];
            let (environment, target, now) = (&"production".into(), &"shop-db".into(), Stamp(0));
            let confirmation = &Confirmation::default();
            let (guard, unlocked_until) = (Guard::Strict, None);
            let (call, unattended) = (&call[..], &unattended[..]);
            Request { guard, environment, target, call, confirmation, unlocked_until, now, unattended }.is_listed()
        };
        assert!(listed("verify", &["verify", "shop-db"]));
        assert!(listed("verify shop-db", &["verify", "shop-db", "--all"]));
        assert!(!listed("verify shop-db", &["verify"]));
        assert!(!listed("ver", &["verify"]));
        assert!(!listed("", &["verify"]));
    }

    #[test]
    fn every_guard_has_a_word_of_its_own() {
        for guard in Guard::ALL {
            assert_eq!(Guard::of(guard.word()), Some(guard));
        }
        assert_eq!(Guard::of("Strict"), None);
    }
}
