//! Guard: how much an environment resists changes.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_has_a_word_of_its_own() {
        for guard in Guard::ALL {
            assert_eq!(Guard::of(guard.word()), Some(guard));
        }
        assert_eq!(Guard::of("Strict"), None);
    }
}
