//! Rust source as the checks see it: its code without comments and the contents of strings, and which lines are tests.

use std::fs;
use std::ops::Range;
use std::path::Path;

/// One file.
pub struct Source {
    /// From the package's root.
    pub path: String,
    /// As it is.
    pub text: String,
    /// The same lines, with blanks for comments and for what stands in quotes.
    pub code: String,
    /// The lines of unit tests, counted from 0.
    tests: Vec<Range<usize>>,
}

/// A function, or anything else with a name and a body.
pub struct Item<'a> {
    pub name: &'a str,
    /// The line of its name, counted from 0.
    pub line: usize,
    /// What stands between its braces; empty without any.
    pub body: &'a str,
    /// The lines from its name to its closing brace.
    pub lines: Range<usize>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let code = mask(text);
        let mut source = Self { path: path.to_owned(), text: text.to_owned(), code, tests: vec![] };
        source.tests = source.inline_tests();
        source
    }

    /// A finding, with its place.
    pub fn at(&self, line: usize, words: &str) -> String {
        format!("{}:{}: {words}", self.path, line + 1)
    }

    /// Whether the whole file is tests.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Whether a line is part of a test.
    pub fn tests(&self, line: usize) -> bool {
        self.is_test() || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The lines of code, each with its number.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate()
    }

    /// Everything that a keyword introduces: `fn`, `struct`.
    pub fn items<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = Item<'a>> {
        words(&self.code).filter(move |(_, word)| *word == keyword).filter_map(|(at, word)| self.item(at + word.len()))
    }

    fn item(&self, after: usize) -> Option<Item<'_>> {
        let rest = self.code.get(after..)?;
        let name = rest.strip_prefix(' ').and_then(|r| words(r).next()).filter(|(at, _)| *at == 0)?.1;
        let line = self.line_of(after);
        let body = body(rest).map_or(after..after, |inside| after + inside.start..after + inside.end);
        Some(Item { name, line, lines: line..self.line_of(body.end) + 1, body: &self.code[body] })
    }

    fn line_of(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count()
    }

    fn inline_tests(&self) -> Vec<Range<usize>> {
        let marks = self.code.match_indices("#[cfg(test)]").map(|(at, _)| at);
        let modules = marks.filter_map(|at| {
            let body = body(&self.code[at..])?;
            Some(self.line_of(at)..self.line_of(at + body.end) + 1)
        });
        modules.collect()
    }
}

/// What stands between the next braces; nothing where the item ends without any.
fn body(rest: &str) -> Option<Range<usize>> {
    let (mut open, mut depth, mut round) = (None, 0, 0);
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if open.is_none() && round == 0 => return None,
            '{' => {
                open.get_or_insert(at + 1);
                depth += 1;
            }
            '}' if depth <= 1 => return open.map(|open| open..at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Every word of some code, with its place.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = at + code[at..].find(is_word)?;
        let len = code[start..].find(|c| !is_word(c)).unwrap_or(code.len() - start);
        at = start + len;
        Some((start, &code[start..at]))
    })
}

/// The code alone: every character of a comment, a string or a character literal becomes a blank, line breaks stay.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = quoted(rest, out.chars().next_back()).unwrap_or(0);
        if skipped == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    out
}

/// How many bytes from here are a comment, a string or a character.
fn quoted(rest: &str, before: Option<char>) -> Option<usize> {
    let after = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(after(2, "*/"));
    }
    if rest.starts_with('"') {
        return Some(escaped(rest, '"'));
    }
    let is_start = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with('r') && is_start || rest.starts_with("br") {
        let hashes = rest.trim_start_matches(['b', 'r']).chars().take_while(|c| *c == '#').count();
        let open = rest.find('r')? + 1 + hashes;
        let is_raw = rest[open..].starts_with('"');
        return is_raw.then(|| after(open + 1, &format!("\"{}", "#".repeat(hashes))));
    }
    let mut chars = rest.strip_prefix('\'')?.chars();
    match (chars.next()?, chars.next()?) {
        ('\\', _) => Some(escaped(rest, '\'')),
        (c, '\'') => Some(c.len_utf8() + 2),
        _ => None,
    }
}

/// The length of a literal that begins and ends with `quote` and may hold escapes.
fn escaped(rest: &str, quote: char) -> usize {
    let mut escape = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escape => escape = false,
            '\\' => escape = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Every file of the package with this ending, in the order of paths.
pub fn read(ending: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![];
    walk(root, &mut |path| {
        if path.extension().is_some_and(|e| e == ending) {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push(Source::new(&relative, &fs::read_to_string(path).unwrap()));
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let kind = entry.file_type().unwrap();
        if kind.is_file() {
            visit(&entry.path());
        } else if kind.is_dir() && name != "target" && name != ".git" {
            walk(&entry.path(), visit);
        }
    }
}

#[test]
fn comments_and_quotes_are_no_code() {
    let text = "a // fn b\n\"fn \\\" c\" 'f' r#\"fn \" d\"# &'x /* fn\ne */ '\\''g";
    let code = mask(text);
    assert_eq!(words(&code).map(|(_, word)| word).collect::<Vec<_>>(), ["a", "x", "g"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn items_are_found_with_their_bodies() {
    let source = Source::new(
        "src/a.rs",
        "fn one(a: [u8; 2]) -> u8 {\n    a\n}\nfn two();\n#[cfg(test)]\nmod tests {\n    fn three() {}\n}\n",
    );
    let found: Vec<_> = source.items("fn").map(|f| (f.name, f.line, f.lines.end, f.body.trim())).collect();
    assert_eq!(found, [("one", 0, 3, "a"), ("two", 3, 4, ""), ("three", 6, 7, "")]);
    assert_eq!([0, 4, 6, 7].map(|line| source.tests(line)), [false, true, true, true]);
}
