//! A tolerant look at JSON: a wrong type is a note and nothing more. It must not know what a dashboard is.

use std::cell::RefCell;

use serde_json::Value;

/// How many notes are kept: a hostile file must not fill the screen or the memory.
const MOST: usize = 200;

/// What could not be understood, one line each, without repetition.
#[derive(Debug, Default)]
pub struct Notes {
    lines: RefCell<Vec<String>>,
    cut: RefCell<usize>,
}

impl Notes {
    /// Adds a line, once.
    pub fn add(&self, line: String) {
        let mut lines = self.lines.borrow_mut();
        if lines.contains(&line) {
            return;
        }
        if lines.len() < MOST { lines.push(line) } else { *self.cut.borrow_mut() += 1 }
    }

    /// All lines, with a last one that counts what was cut.
    pub fn into_lines(self) -> Vec<String> {
        let mut lines = self.lines.into_inner();
        match self.cut.into_inner() {
            0 => {}
            cut => lines.push(format!("and {cut} more notes")),
        }
        lines
    }
}

/// Where notes are taken: what is being read, and the notes.
#[derive(Debug)]
pub struct Site<'a> {
    /// `panel 3 "CPU"`.
    pub what: String,
    /// All notes of the dashboard.
    pub notes: &'a Notes,
}

impl Site<'_> {
    /// Notes `words` about what is being read.
    pub fn note(&self, words: &str) {
        self.notes.add(format!("{}: {words}", self.what));
    }
}

/// A JSON value under a name. A missing one is `null`; asking for the wrong type gives nothing and takes a note.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The value itself.
    pub value: &'a Value,
    key: &'a str,
    site: &'a Site<'a>,
}

impl<'a> Node<'a> {
    /// The whole of what is read at `site`.
    pub fn root(value: &'a Value, site: &'a Site<'a>) -> Self {
        Self { value, key: "it", site }
    }

    /// The same value, with notes taken elsewhere.
    pub fn on<'b>(self, site: &'b Site<'b>) -> Node<'b>
    where
        'a: 'b,
    {
        Node { value: self.value, key: self.key, site }
    }

    /// A member of an object; `null` when there is none.
    pub fn at(self, key: &'a str) -> Self {
        let value = match self.value {
            Value::Object(map) => map.get(key).unwrap_or(&Value::Null),
            Value::Null => &Value::Null,
            _ => {
                self.wrong::<()>("an object");
                &Value::Null
            }
        };
        Self { value, key, site: self.site }
    }

    /// Whether there is anything.
    pub fn exists(self) -> bool {
        !self.value.is_null()
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.value.is_object()
    }

    /// Text; numbers and truth values are written out.
    pub fn text(self) -> Option<String> {
        match self.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(self.value.to_string()),
            _ => self.wrong("text"),
        }
    }

    /// Text that is not empty.
    pub fn filled(self) -> Option<String> {
        self.text().filter(|text| !text.trim().is_empty())
    }

    /// Text, empty when there is none.
    pub fn string(self) -> String {
        self.text().unwrap_or_default()
    }

    /// A finite number; text that reads as one is taken, empty text and `"null"` and `"auto"` are nothing.
    pub fn number(self) -> Option<f64> {
        match self.value {
            Value::Null => None,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.trim() {
                "" | "null" | "auto" => None,
                text => text.parse().ok().filter(|n: &f64| n.is_finite()).or_else(|| self.wrong("a number")),
            },
            _ => self.wrong("a number"),
        }
    }

    /// A number from 0 up to `most`, without its fraction.
    pub fn count(self, most: u32) -> Option<u32> {
        self.number().map(|n| n.clamp(0.0, f64::from(most)) as u32)
    }

    /// A truth value, if there is one.
    pub fn flag(self) -> Option<bool> {
        match self.value {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => Some(number.as_f64() != Some(0.0)),
            Value::String(text) if text == "true" || text == "false" || text.is_empty() => Some(text == "true"),
            _ => self.wrong("true or false"),
        }
    }

    /// Whether it is true.
    pub fn is_true(self) -> bool {
        self.flag() == Some(true)
    }

    /// The elements of a list.
    pub fn items(self) -> Vec<Self> {
        match self.value {
            Value::Array(values) => values.iter().map(|value| Self { value, ..self }).collect(),
            Value::Null => Vec::new(),
            _ => self.wrong("a list").unwrap_or_default(),
        }
    }

    /// The texts of a list; a single text is a list of one.
    pub fn texts(self) -> Vec<String> {
        match self.value {
            Value::String(text) => vec![text.clone()],
            _ => self.items().into_iter().filter_map(Self::text).collect(),
        }
    }

    /// The members of an object.
    pub fn entries(self) -> Vec<(&'a str, Self)> {
        match self.value {
            Value::Object(map) => map.iter().map(|(key, value)| (key.as_str(), Self { value, key, ..self })).collect(),
            Value::Null => Vec::new(),
            _ => self.wrong("an object").unwrap_or_default(),
        }
    }

    /// Notes `words` about this value.
    pub fn note(self, words: &str) {
        self.site.note(words);
    }

    /// Notes that `said` is not known for this value.
    pub fn unknown(self, said: &str) {
        self.site.note(&format!("{} {said:?} is not known", self.key));
    }

    fn wrong<T>(self, wanted: &str) -> Option<T> {
        let is = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.site.note(&format!("{} is {is}, not {wanted}", self.key));
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_from_text_and_wrong_types_are_noted_once() {
        let value = json!({"a": "12.5", "b": null, "c": "", "d": [1], "e": "much", "f": {"g": "true"}});
        let notes = Notes::default();
        let site = Site { what: "panel 1".into(), notes: &notes };
        let node = Node::root(&value, &site);
        let numbers: Vec<_> = ["a", "b", "c", "d", "d", "e", "nowhere"].map(|key| node.at(key).number()).into();
        assert_eq!(numbers, [Some(12.5), None, None, None, None, None, None]);
        assert!(node.at("f").at("g").is_true());
        assert!(!node.at("a").at("deeper").exists());
        drop(site);
        assert_eq!(
            notes.into_lines(),
            ["panel 1: d is a list, not a number", "panel 1: e is text, not a number", "panel 1: a is text, not an object"]
        );
    }

    #[test]
    fn endless_notes_end() {
        let notes = Notes::default();
        (0..MOST + 5).for_each(|n| notes.add(n.to_string()));
        assert_eq!(notes.into_lines().last().unwrap(), "and 5 more notes");
    }
}
