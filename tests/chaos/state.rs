//! What must be the same before and after a drill: rules, processes, files, settings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::bastion::{Bastion, text};
use crate::host::{Process, all};
use crate::trials::State;

/// What holds data that the shop changes all the time, or logs of it.
const BUSY: &[&str] = &["data", "prometheus", "log", "appendonlydir", "backups", "state", "scratch", "quiet", "dump.rdb"];
/// What PostgreSQL says of itself: its settings, whether a standby replays, and the sessions that midwatch has there.
const POSTGRES: &str = "SELECT name || '=' || setting FROM pg_settings WHERE source IN ('configuration file', 'database', 'user') \
    UNION ALL SELECT 'recovery=' || pg_is_in_recovery() \
    UNION ALL SELECT 'paused=' || pg_is_wal_replay_paused() WHERE pg_is_in_recovery() \
    UNION ALL SELECT 'session=' || application_name FROM pg_stat_activity \
        WHERE application_name LIKE 'midwatch%' AND pid <> pg_backend_pid() ORDER BY 1";

/// Each thing by its name, as it is.
pub fn of(bastion: &Bastion<'_>) -> State {
    let mut state = BTreeMap::new();
    servers(bastion, &mut state);
    processes(bastion, &mut state);
    settings(bastion, &mut state);
    files(&bastion.stack.dir(), &bastion.stack.dir(), &mut state);
    rules(bastion, &mut state);
    state
}

fn servers(bastion: &Bastion<'_>, state: &mut State) {
    let status = bastion.stack.status();
    for process in status["processes"].as_array().into_iter().flatten() {
        let word = |field: &str| process[field].as_str().unwrap_or_default().to_owned();
        state.insert(word("name"), word("state"));
    }
}

/// How many of each name, and how many of them are stopped. PostgreSQL's own come and go with its clients.
fn processes(bastion: &Bastion<'_>, state: &mut State) {
    let dir = bastion.stack.dir();
    let is_ours = |process: &Process| bastion.place.holds(process) || process.arguments().contains(&*dir.to_string_lossy());
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for process in all().into_iter().filter(is_ours) {
        let stopped = if process.stopped() { "stopped " } else { "" };
        if !process.name().starts_with("postgres") || process.stopped() {
            *counts.entry(format!("{stopped}processes called {}", process.name())).or_default() += 1;
        }
    }
    state.extend(counts.into_iter().map(|(name, count)| (name, count.to_string())));
}

fn settings(bastion: &Bastion<'_>, state: &mut State) {
    let secret = |server: &Value| fs::read_to_string(server["password_file"].as_str().unwrap()).unwrap();
    let port = |server: &Value| server["address"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    for (name, server) in bastion.stack.endpoints["postgres"].as_object().unwrap() {
        let mut psql = soon("psql");
        psql.args(["-XAtw", "-h", "127.0.0.1", "-p", &port(server), "-U", "midwatch", "-d", "shop", "-c", POSTGRES]);
        psql.env("PGPASSWORD", secret(server)).env("PGCONNECT_TIMEOUT", "2");
        state.insert(format!("settings of PostgreSQL {name}"), told(psql));
    }
    for (name, server) in bastion.stack.endpoints["redis"].as_object().unwrap() {
        for asked in [&["config", "get", "*"][..], &["keys", "*midwatch*"]] {
            let mut cli = soon("redis-cli");
            cli.args(["-p", &port(server)]).args(asked).env("REDISCLI_AUTH", secret(server));
            state.insert(format!("{} of Redis {name}", asked[0]), paired(&told(cli)));
        }
    }
}

/// Redis answers names and values by turns, in an order that is another after each start.
fn paired(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().collect();
    let mut pairs: Vec<String> = lines.chunks(2).map(|pair| pair.join("=")).collect();
    pairs.sort();
    pairs.join("\n")
}

/// The files of the demo, by their names.
fn files(root: &Path, folder: &Path, state: &mut State) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_busy = BUSY.contains(&name.as_str()) || name.starts_with("temp-") || name.starts_with("alertmanager-");
        let path = entry.path();
        if is_busy {
            continue;
        }
        let kind = entry.file_type().unwrap();
        state.insert(format!("file {}", path.strip_prefix(root).unwrap().display()), format!("{kind:?}"));
        if kind.is_dir() {
            files(root, &path, state);
        }
    }
}

/// The kernel's rules for packets to this demo, and what is mounted in it: other tests have their own.
fn rules(bastion: &Bastion<'_>, state: &mut State) {
    let ports = ports(&bastion.stack.endpoints);
    let is_ours = |rule: &str| rule.contains("midwatch") && rule.split([' ', ':']).any(|word| ports.contains(word));
    for program in ["iptables-save", "ip6tables-save"] {
        state.insert(program.to_owned(), chosen(&told(soon(program)), is_ours));
    }
    let place = bastion.place.path().to_string_lossy().into_owned();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    state.insert("mounts".to_owned(), chosen(&mounts, |mount| mount.contains(&place)));
}

/// Lines, without the counters.
fn chosen(text: &str, is_wanted: impl Fn(&str) -> bool) -> String {
    let lines = text.lines().filter(|line| is_wanted(line));
    lines.map(|line| line.split(" [").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Every port that the endpoints name.
fn ports(endpoints: &Value) -> BTreeSet<String> {
    let text = endpoints.to_string();
    let after = text.split(':').skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    after.filter(|port| !port.is_empty()).collect()
}

/// A server that hangs must not keep the test.
fn soon(program: &str) -> Command {
    let mut command = Command::new("timeout");
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    command.args(["--kill-after=1", "3", program]).env("PATH", path);
    command
}

fn told(mut command: Command) -> String {
    let output = command.output().unwrap();
    if output.status.success() { text(&output.stdout) } else { format!("no answer ({})", output.status) }
}
