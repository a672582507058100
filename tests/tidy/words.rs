//! What may not be written: empty names, unfinished work, sleeps in tests, places of one machine; and what must be: a test for
//! every rule of safety that has landed.

use std::collections::BTreeSet;

use crate::source::{Source, words};

/// The rules of safety that the code keeps already, by their numbers.
const LANDED: &[&str] = &[
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "18", "19", "20", "21", "22",
];
/// Names that say nothing of what a module is for.
const EMPTY: &[&str] = &["util", "utils", "misc", "common", "helper", "helpers"];
/// Endings that say nothing of what a type does.
const VAGUE: &[&str] = &["Manager", "Helper", "Util", "Utils"];
/// Calls that stand for work not done.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "#[ignore", "allow(dead_code"];
/// Where tests may rest: while they wait for a condition with a deadline, or play a slow server.
const RESTING: &[(&str, &str)] = &[
    ("tests/servers.rs", "until"),
    ("tests/support/servers.rs", "eventually"),
    ("tests/support/docker.rs", "eventually"),
    ("tests/support/docker.rs", "answers"),
    ("tests/support/ssh.rs", "until"),
    ("tests/support/trials.rs", "until"),
    ("tests/control/stand.rs", "eventually"),
    ("tests/demo/host.rs", "until"),
    ("tests/repository/bucket.rs", "until"),
    ("tests/support/s3.rs", "drip"),
    ("tests/hostile/server.rs", "drip"),
    ("src/jobs/driver/tests/book.rs", "sleep"),
    ("src/jobs/routines/control/tests/stage.rs", "sleep"),
    ("src/jobs/drill/tests/town.rs", "sleep"),
    ("tests/foreign/bench.rs", "sleep"),
    ("tests/redis/bad_days.rs", "killed_after"),
    ("tests/failover/customers.rs", "order"),
];

/// Modules and types with names that say nothing.
pub fn names(source: &Source) -> Vec<String> {
    let file = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let file = EMPTY.contains(&file).then(|| source.at(0, &format!("{file} says nothing: name it after what it does")));
    let module = source.items("mod").filter(|m| EMPTY.contains(&m.name));
    let types = ["struct", "enum", "trait", "type"].into_iter().flat_map(|keyword| source.items(keyword));
    let types = types.filter(|item| VAGUE.iter().any(|end| item.name.ends_with(end)));
    let items =
        module.chain(types).map(|item| source.at(item.line, &format!("{} says nothing: name it after what it does", item.name)));
    file.into_iter().chain(items).collect()
}

/// Work that was put off, tests that are skipped, lints that were silenced for good.
pub fn unfinished(source: &Source) -> Vec<String> {
    let left = |line: &str| UNFINISHED.iter().copied().find(|mark| line.contains(mark) && !line.contains("reason"));
    let calls = source.lines().filter_map(|(n, line)| left(line).map(|mark| source.at(n, &format!("{mark} is left"))));
    let mark = concat!("FIX", "ME");
    let notes = source.text.lines().enumerate().filter(|(_, line)| line.contains(mark));
    calls.chain(notes.map(|(n, _)| source.at(n, &format!("{mark} is left")))).collect()
}

/// Tests that hope for time to be enough.
pub fn sleeps(source: &Source) -> Vec<String> {
    let rests = |f: &str| RESTING.contains(&(source.path.as_str(), f));
    let inside = |line: usize| source.items("fn").filter(|f| f.lines.contains(&line)).last();
    let sleeping = |line: &str| {
        words(line).any(|(at, word)| ["sleep", "sleep_until"].contains(&word) && line[at + word.len()..].starts_with('('))
    };
    let found = source.lines().filter(|(n, line)| source.tests(*n) && sleeping(line));
    let found = found.filter(|(n, _)| !inside(*n).is_some_and(|f| rests(f.name)));
    found.map(|(n, _)| source.at(n, "a test sleeps: wait for a condition, with a deadline")).collect()
}

/// Paths of somebody's home, and of this very checkout.
pub fn places(source: &Source) -> Vec<String> {
    let homes = ["home", "Users", "root"].map(|folder| format!("/{folder}/"));
    let here = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let names = |line: &str| homes.iter().chain([&here]).any(|place| line.contains(place));
    let lines = source.text.lines().enumerate().filter(|(_, line)| names(line));
    lines.map(|(n, line)| source.at(n, &format!("this names a place of one machine: {}", line.trim()))).collect()
}

/// Rules that have landed without a test, and tests of rules that were not said to have landed.
pub fn rules(sources: &[Source]) -> Vec<String> {
    let tests = sources.iter().flat_map(|source| source.items("fn").map(|f| f.name));
    let tested: BTreeSet<&str> = tests.filter_map(|name| name.strip_prefix("rule_")?.split('_').next()).collect();
    let landed: BTreeSet<&str> = LANDED.iter().copied().collect();
    let missing = landed.difference(&tested).map(|rule| format!("no test is named rule_{rule}_…, but the rule has landed"));
    let unsaid =
        tested.difference(&landed).map(|rule| format!("rule_{rule}_… is tested: add it to LANDED in tests/tidy/words.rs"));
    missing.chain(unsaid).collect()
}

#[test]
fn names_that_say_nothing_are_found() {
    let check = |path, text| names(&Source::new(path, text)).len();
    assert_eq!(check("src/app/utils.rs", ""), 1);
    assert_eq!(check("src/app.rs", "mod common;"), 1);
    assert_eq!(check("src/app.rs", "pub struct JobManager;"), 1);
    assert_eq!(check("src/app.rs", "struct ManagerReport; fn common() {}"), 0);
}

#[test]
fn unfinished_work_is_found() {
    let check = |text: &str| unfinished(&Source::new("src/a.rs", text)).len();
    for text in
        ["fn f() { todo!() }", "unimplemented!()", "#[ignore]\nfn f() {}", "#[allow(dead_code)]", concat!("// FIX", "ME: soon")]
    {
        assert_eq!(check(text), 1, "{text}");
    }
    assert_eq!(check("let s = \"todo!\"; // todo!"), 0);
}

#[test]
fn a_sleeping_test_is_found() {
    let check = |path, text| sleeps(&Source::new(path, text)).len();
    assert_eq!(check("tests/a.rs", "fn f() {\n    thread::sleep(A);\n}"), 1);
    assert_eq!(
        check(
            "src/a.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    async fn f() {\n        tokio::time::sleep(A).await;\n    }\n}"
        ),
        1
    );
    assert_eq!(check("src/a.rs", "async fn f() {\n    sleep(A).await;\n}"), 0);
    assert_eq!(check("tests/servers.rs", "fn until() {\n    sleep(A);\n}\nfn f() {\n    sleep(A);\n}"), 1);
}

#[test]
fn a_place_of_one_machine_is_found() {
    let check = |text: &str| places(&Source::new("src/a.rs", text)).len();
    assert_eq!(check(concat!("//! See /ho", "me/me/notes.")), 1);
    assert_eq!(check(&format!("let path = \"{}/x\";", env!("CARGO_MANIFEST_DIR"))), 1);
    assert_eq!(check("//! See /etc/midwatch and ~/notes."), 0);
}

#[test]
fn a_rule_without_a_test_is_found() {
    let test = |rule: &str| Source::new("src/a.rs", &format!("fn rule_{rule}_holds() {{}}"));
    let mut all: Vec<Source> = LANDED.iter().map(|rule| test(rule)).collect();
    assert_eq!(rules(&all), Vec::<String>::new());
    all.push(test("99"));
    assert_eq!(rules(&all).len(), 1);
    all.pop();
    all.pop();
    assert!(rules(&all)[0].contains(&format!("rule_{}", LANDED[LANDED.len() - 1])));
}
