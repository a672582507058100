//! Label sets: what names a series, an alert, a target.

use std::fmt;
use std::sync::Arc;

/// Labels sorted by name, without duplicates; bytes as the server sent them. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// The value of a label; an absent label is `None` (PromQL treats it as empty).
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(n, _)| (**n).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// `(name, value)` in the order of names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|(n, v)| (&**n, &**v))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Prometheus's and Alertmanager's own hash of a label set, as they print it: 64-bit FNV-1a over names and values, each
    /// followed by a byte 255 (`model.LabelSet.Fingerprint` in prometheus/common).
    pub fn fingerprint(&self) -> Arc<str> {
        let bytes = self.iter().flat_map(|(n, v)| n.bytes().chain([255]).chain(v.bytes()).chain([255]));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        format!("{hash:016x}").into()
    }

    /// Whether every label of `part` is among these.
    pub fn contains(&self, part: &Self) -> bool {
        part.iter().all(|(name, value)| self.get(name) == Some(value))
    }

    /// The same set without one label.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        self.iter().filter(|(n, _)| *n != name).collect()
    }

    /// The labels that are not the same in every one of `sets`, for legends and tables.
    pub fn distinguishing<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Vec<Arc<str>> {
        let sets: Vec<_> = sets.into_iter().collect();
        let mut names: Vec<Arc<str>> = sets.iter().flat_map(|s| s.0.iter().map(|(n, _)| n.clone())).collect();
        names.sort();
        names.dedup();
        names.retain(|n| sets.windows(2).any(|pair| pair[0].get(n) != pair[1].get(n)));
        names
    }
}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Arc<str>, Arc<str>)> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Self(pairs.into())
    }
}

/// Prometheus's notation, `name{a="b"}`; raw bytes, so never drawn without `Clean`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get("__name__").unwrap_or_default())?;
        let rest: Vec<_> = self.iter().filter(|(n, _)| *n != "__name__").map(|(n, v)| format!("{n}={v:?}")).collect();
        if rest.is_empty() { Ok(()) } else { write!(f, "{{{}}}", rest.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_whatever_order_they_came_in() {
        let labels: Labels = [("b", "2"), ("a", "1"), ("__name__", "up")].into_iter().collect();
        assert_eq!((labels.get("a"), labels.get("b"), labels.get("c")), (Some("1"), Some("2"), None));
        assert_eq!(labels.to_string(), r#"up{a="1", b="2"}"#);
    }

    #[test]
    fn the_fingerprint_is_the_one_alertmanager_prints() {
        // Of an Alertmanager 0.25: `amtool alert add alertname=x foo=bar`, then `/api/v2/alerts`.
        assert_eq!(Labels::default().fingerprint().as_ref(), "cbf29ce484222325");
    }

    #[test]
    fn only_labels_that_differ_tell_series_apart() {
        let one: Labels = [("job", "app"), ("instance", "a")].into_iter().collect();
        let two: Labels = [("job", "app"), ("instance", "b")].into_iter().collect();
        assert_eq!(Labels::distinguishing([&one, &two]), vec![Arc::from("instance")]);
        assert!(Labels::distinguishing([&one]).is_empty());
    }
}
