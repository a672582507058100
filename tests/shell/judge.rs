//! Whether a subcommand does what its case says: its words, its JSON, its exit statuses.

use serde_json::Value;

use crate::cases::{Case, Json};
use crate::live::Live;
use crate::schema::wrong;

/// What is not as the case says.
pub fn judge(live: &Live, case: &Case) -> Vec<String> {
    let mut found = says(live, case);
    if let Json::Lines(lines) = case.json {
        found.extend(lines.iter().flat_map(|(words, schema)| prints(live, words, schema)));
    }
    for (words, status) in case.exits {
        let ran = live.run(words);
        let silent = ran.status >= 64 && ran.err.trim().is_empty() && !words.ends_with("check");
        if ran.status != *status || silent {
            found.push(format!("{words:?} should exit with {status} and say why: {ran:?}"));
        }
        live.stage.settle();
    }
    found
}

fn says(live: &Live, case: &Case) -> Vec<String> {
    let (words, said) = case.says;
    let ran = live.run(words);
    let (stream, said) = said.strip_prefix('!').map_or((&ran.out, said), |said| (&ran.err, said));
    let codes = ran.out.contains('\x1b') || ran.err.contains('\x1b');
    let bad = codes || !stream.contains(said);
    bad.then(|| format!("{words:?} should say {said:?} without control codes: {ran:?}")).into_iter().collect()
}

fn prints(live: &Live, words: &str, schema: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(&live.run(&format!("schema {schema}")).out).unwrap();
    let ran = live.run(words);
    live.stage.settle();
    let mut found = Vec::new();
    if ran.out.is_empty() {
        found.push(format!("{words:?} should print something: {ran:?}"));
    }
    for line in ran.out.lines() {
        match serde_json::from_str(line) {
            Ok(value) => found.extend(wrong(&schema, &value).into_iter().map(|what| format!("{words:?}: {what}"))),
            Err(error) => found.push(format!("{words:?}: {error}: {line}")),
        }
    }
    found
}

/// What was looked at is damaged: 1.
pub fn broken_trail(live: &Live) -> Vec<String> {
    let ledger = rusqlite::Connection::open(live.stage.desk.path("state/ledger.db")).unwrap();
    ledger.execute_batch("DROP TRIGGER audit_stays").unwrap();
    ledger.execute("UPDATE audit SET who = 'nobody' WHERE seq = 2", []).unwrap();
    let verdict = live.run("audit verify");
    let bad = verdict.status != 1 || !verdict.out.contains("entry 2 is not as it was written");
    let found = bad.then(|| format!("a broken trail: {verdict:?}"));
    found.into_iter().chain(prints(live, "audit verify --json", "audit-verdict")).collect()
}
