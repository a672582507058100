//! What is wrong in a file somebody wrote, told so that it can be mended: where, what, and the nearest right word.
//!
//! The configuration, the keymaps and the themes all speak of their mistakes through these. Nothing here reads a file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::clean::Clean;

/// A text that was read, under the name its problems are told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Arc<Text>);

#[derive(Debug, PartialEq, Eq)]
struct Text {
    name: String,
    body: String,
    discreet: bool,
}

impl Source {
    /// A text whose lines may be shown.
    pub fn new(name: impl Into<String>, body: impl Into<String>) -> Self {
        Self(Arc::new(Text { name: name.into(), body: body.into(), discreet: false }))
    }

    /// A text that may hold a secret where none belongs: of a line, only what a problem points at is shown.
    pub fn discreet(name: impl Into<String>, body: impl Into<String>) -> Self {
        Self(Arc::new(Text { name: name.into(), body: body.into(), discreet: true }))
    }

    /// The name it was read under, mostly a path.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The text.
    pub fn body(&self) -> &str {
        &self.0.body
    }

    /// The place of a span of bytes, with its line.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let line = self.line(span);
        let shown = if self.0.discreet { line.discreet() } else { line.whole() };
        Place { excerpt: Some(shown), ..self.unseen(span) }
    }

    /// The place of a span of bytes that must not be seen itself.
    pub fn hidden(&self, span: &Range<usize>) -> Place {
        let line = Line { marked: HIDDEN, after: "", ..self.line(span) };
        Place { excerpt: Some(line.discreet()), ..self.unseen(span) }
    }

    /// The place of a span of bytes, without anything of its line.
    pub fn unseen(&self, span: &Range<usize>) -> Place {
        let before = self.body().get(..span.start).unwrap_or(self.body());
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: self.name().to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            excerpt: None,
        }
    }

    fn line(&self, span: &Range<usize>) -> Line<'_> {
        let body = self.body();
        let (before, rest) = body.split_at_checked(span.start).unwrap_or((body, ""));
        let from = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = rest.lines().next().unwrap_or_default();
        let (marked, after) = rest.split_at_checked(span.len()).unwrap_or((rest, ""));
        Line { before: &before[from..], marked, after }
    }
}

/// Stands for what must not be seen.
const HIDDEN: &str = "…";

/// One line, cut at what a problem points at.
#[derive(Clone, Copy)]
struct Line<'a> {
    before: &'a str,
    marked: &'a str,
    after: &'a str,
}

impl Line<'_> {
    fn whole(self) -> Excerpt {
        self.shown(self.before, self.after)
    }

    /// Key names and brackets in front of the mark stay; values before it and everything behind it do not.
    fn discreet(self) -> Excerpt {
        let (keys, rest) = self.before.split_at(self.before.find('=').map_or(0, |at| at + 1));
        let keyish = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_-. \t[{=".contains(c));
        let opening = rest.chars().all(|c| " \t[{".contains(c)) || keys.is_empty() && keyish(rest);
        let after = if self.after.trim().is_empty() { "" } else { " …" };
        match (keyish(keys), opening) {
            (true, true) => self.shown(self.before, after),
            (true, false) if self.marked == HIDDEN => self.shown(&format!("{keys} "), after),
            (true, false) => self.shown(&format!("{keys} … "), after),
            (false, _) => self.shown("… ", after),
        }
    }

    fn shown(self, before: &str, after: &str) -> Excerpt {
        let [before, marked, after] = [before.trim_start(), self.marked, after].map(Clean::new);
        let line = format!("{before}{marked}{after}");
        Excerpt { line: line.trim_end().to_owned(), indent: before.width(), width: marked.width().max(1) }
    }
}

/// Where in a file something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What of the line may be shown.
    pub excerpt: Option<Excerpt>,
}

/// A line as it may be shown, and which columns of it are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, without its indentation, safe to draw.
    pub line: String,
    /// Columns before the mark.
    pub indent: usize,
    /// Columns of the mark, at least one.
    pub width: usize,
}

/// One thing that is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands; none when it came from a flag or the surroundings.
    pub at: Option<Place>,
    /// What is wrong, one line.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a place or a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { at: None, message: message.into(), hint: None }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { at: Some(place), ..self }
    }

    /// The same problem with a way to mend it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same problem with the nearest of the known words, or all of them when none is near.
    #[must_use]
    pub fn instead_of<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let hint = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known here: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.hint(hint)
    }
}

/// `midwatch.toml:12:1: unknown key "guardd"`, then the line, the caret and the hint.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.at {
            write!(f, "{}:{}:{}: ", Clean::new(&place.file), place.line, place.column)?;
        }
        write!(f, "{}", Clean::new(&self.message))?;
        let hint = self.hint.as_deref().map(Clean::new).unwrap_or_default();
        match self.at.as_ref().and_then(|place| place.excerpt.as_ref()) {
            Some(Excerpt { line, indent, width }) => {
                let caret = format!("{:indent$}{} {hint}", "", "^".repeat(*width));
                write!(f, "\n  {line}\n  {}", caret.trim_end())
            }
            None if hint.as_str().is_empty() => Ok(()),
            None => write!(f, "\n  {hint}"),
        }
    }
}

impl std::error::Error for Problem {}

/// The known word that `word` was probably meant to be: at most a third of it mistyped, or its beginning.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let distance = |candidate: &str| match candidate.to_lowercase() {
        longer if word.len() > 1 && longer.starts_with(&word) => 1,
        other => strsim::damerau_levenshtein(&word, &other),
    };
    let near = known.into_iter().map(|candidate| (distance(candidate), candidate)).min_by_key(|(far, _)| *far);
    near.filter(|(far, _)| *far <= (word.chars().count() / 3).max(1)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
