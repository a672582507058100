//! The one language of filters: words that must all match; `label=value`, `label!=value` and `label=~part` compare labels, any
//! other word is looked for in every text, whatever its case.

use crate::domain::labels::Labels;

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// How things stand: what the label `state` means, besides being a text.
    pub state: &'a str,
    /// Compared by name; their values are texts as well.
    pub labels: &'a Labels,
    /// Whatever else can be read on screen.
    pub texts: &'a [&'a str],
}

/// Whether something passes a filter.
pub fn passes(filter: &str, looked: Looked<'_>) -> bool {
    filter.split_whitespace().all(|word| word_passes(word, looked))
}

fn word_passes(word: &str, looked: Looked<'_>) -> bool {
    let label = |name: &str| match name {
        "state" => looked.state,
        _ => looked.labels.get(name).unwrap_or_default(),
    };
    if let Some((name, part)) = word.split_once("=~") {
        return label(name).contains(part);
    }
    if let Some((name, value)) = word.split_once("!=") {
        return label(name) != value;
    }
    if let Some((name, value)) = word.split_once('=') {
        return label(name) == value;
    }
    let word = word.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&word);
    holds(looked.state) || looked.texts.iter().any(|text| holds(text)) || looked.labels.iter().any(|(_, value)| holds(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_match_a_label_or_a_text() {
        let labels: Labels = [("job", "app"), ("instance", "app-1:8080")].into_iter().collect();
        let texts = ["Connection refused"];
        let looked = Looked { state: "down", labels: &labels, texts: &texts };
        for filter in ["", "job=app", "instance=~8080", "job!=db", "REFUSED app-1", "state=down", "dow", "absent="] {
            assert!(passes(filter, looked), "{filter}");
        }
        for filter in ["job=ap", "job!=app", "refused db", "state=up", "instance=~9100"] {
            assert!(!passes(filter, looked), "{filter}");
        }
    }
}
