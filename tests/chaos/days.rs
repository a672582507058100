//! `GameDay`s, and experiments of Chaos Toolkit's in both programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::bastion::{Bastion, SOON, text};
use crate::places::hosted;
use crate::stack::fits;
use crate::trials::{Field as _, Place, left};

/// One of each sort: database, Redis, app, network, memory, disk.
const SIX: [&str; 6] =
    ["postgres-paused", "redis-writes-paused", "app-instance-paused", "postgres-partition", "memory-pressure", "io-pressure"];

/// Six drills from a file, and their report.
pub fn gameday(bastion: &Bastion<'_>) {
    let before = bastion.state();
    let places: Vec<&Place> = hosted().filter(|place| SIX.contains(&place.scenario)).collect();
    let drill = |place: &&Place| {
        let scenario = place.scenario;
        let words: Vec<&str> = place.words.split(' ').collect();
        let with: Vec<String> = words.chunks(2).map(|pair| format!("{} = {:?}", &pair[0][2..], pair[1])).collect();
        format!("[[drill]]\nscenario = {scenario:?}\nfor = \"3s\"\nexpect = []\nwith = {{ {} }}\n", with.join(", "))
    };
    let drills: String = places.iter().map(drill).collect();
    let file = bastion.stack.dir().join("quiet/day.toml");
    fs::write(&file, format!("name = \"six\"\npause = \"1s\"\n{drills}")).unwrap();
    let call = format!("chaos gameday {}", file.display());
    let planned = bastion.json(&format!("{call} --dry-run --json"));
    fits("gameday-plan", &planned);
    let day = bastion.json(&format!("{call} --yes --json"));
    fits("gameday", &day);
    let verdicts: Vec<&str> = day["drills"].as_array().unwrap().iter().map(|drill| drill["verdict"].as_str().unwrap()).collect();
    assert!(day["good"] == true && verdicts.len() == places.len(), "{day}");
    assert_eq!(left(bastion, &before, SOON), Vec::<String>::new());
}

/// An experiment by hand and one of ours, here and there.
pub fn experiments(bastion: &Bastion<'_>) {
    let before = bastion.state();
    let folder = bastion.stack.dir().join("quiet");
    let (ours, by_hand) = (folder.join("ours.json"), folder.join("by-hand.json"));
    fs::write(&ours, bastion.succeed("chaos export redis-paused --target redis --for 3s --expect ,")).unwrap();
    fs::write(&by_hand, hangs(bastion).to_string()).unwrap();
    here(bastion, &ours, &by_hand);
    if let Some(chaos) = program() {
        for file in [&ours, &by_hand] {
            there(bastion, &chaos, &folder, file);
        }
    } else {
        eprintln!("skipped: chaostoolkit is not installed (scripts/install test)");
    }
    assert_eq!(left(bastion, &before, SOON), Vec::<String>::new());
}

/// One instance hangs for three seconds, and something that nobody can arm.
fn hangs(bastion: &Bastion<'_>) -> Value {
    let pid_file = bastion.stack.dir().join("run/app-3.pid");
    let signal = |name: &str, title: &str| {
        let provider = json!({ "type": "process", "path": "pkill", "arguments": [format!("-{name}"), "-F", pid_file] });
        json!({ "type": "action", "name": title, "provider": provider })
    };
    let mut hang = signal("STOP", "One instance hangs");
    hang["pauses"] = json!({ "after": 3 });
    let page = json!({ "type": "http", "url": "${shop}/healthz", "timeout": 10 });
    json!({
        "version": "1.0.0",
        "title": "One instance hangs",
        "description": "The shop goes on with the others.",
        "configuration": { "shop": bastion.stack.text("/shop/url") },
        "steady-state-hypothesis": {
            "title": "The shop answers",
            "probes": [{ "type": "probe", "name": "shop", "tolerance": 200, "provider": page }],
        },
        "method": [hang, { "type": "action", "name": "nothing", "provider": { "type": "process", "path": "true" } }],
        "rollbacks": [signal("CONT", "It goes on")],
    })
}

fn here(bastion: &Bastion<'_>, ours: &Path, by_hand: &Path) {
    let planned = bastion.json(&format!("chaos plan {} --json", by_hand.display()));
    fits("gameday-plan", &planned);
    assert_eq!(planned["left_out"][0]["name"], "nothing", "{planned}");
    let call = planned["drills"][0]["call"].to_string();
    assert!(call.contains("app-instance-paused") && call.contains("app answers"), "{call}");
    let page = bastion.succeed(&format!("chaos run {} --yes", by_hand.display()));
    for part in
        ["| 1 | app-instance-paused on app-3 | no findings |", "- nothing: nothing here does what true does", "| app answers |"]
    {
        assert!(page.contains(part), "{part}:\n{page}");
    }
    let day = bastion.json(&format!("chaos run {} --yes --json", ours.display()));
    fits("gameday", &day);
    assert_eq!((&day["good"], &day["drills"][0]["report"]["scenario"]), (&json!(true), &json!("redis-paused")), "{day}");
}

/// What `scripts/install test` installs, or what is on the path.
fn program() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let on_path =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|folder| folder.join("chaos")).collect();
    let all: Vec<PathBuf> = [vec![cache.join("midwatch/chaostoolkit/bin/chaos")], on_path].concat();
    all.into_iter().find(|path| path.is_file())
}

fn there(bastion: &Bastion<'_>, chaos: &Path, folder: &Path, file: &Path) {
    let journal = folder.join("journal.json");
    let midwatch = Path::new(env!("CARGO_BIN_EXE_midwatch")).parent().unwrap();
    let path = format!("{}:{}", midwatch.display(), std::env::var("PATH").unwrap_or_default());
    let mut run = Command::new(chaos);
    // It writes its log where it is, asks for newer versions, and keeps its settings in a home.
    run.args(["--no-version-check", "--no-log-file", "run", "--journal-path"]).arg(&journal).arg(file).current_dir(folder);
    run.env("PATH", path).env("HOME", folder).env("TMPDIR", bastion.place.path()).env("XDG_RUNTIME_DIR", bastion.place.path());
    let ran = run.output().unwrap();
    let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    let journal: Value = serde_json::from_slice(&fs::read(&journal).unwrap()).unwrap();
    assert_eq!((&journal["status"], &journal["deviated"]), (&json!("completed"), &json!(false)), "{said}");
    assert!(journal["run"][0]["output"]["status"] == 0, "{said}\n{}", journal["run"]);
}
