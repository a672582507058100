//! `midwatch recover` on the demo, broken in one way after the other: healed, or handed over in the right words.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tokio_postgres::{Config, NoTls};

use crate::SOON;
use crate::host::{Process, get, in_folder, until};
use crate::stack::{Place, Stack};

/// How a call ended.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    told: String,
}

struct Bastion<'a> {
    place: &'a Place,
    stack: &'a Stack<'a>,
    config: PathBuf,
}

impl<'a> Bastion<'a> {
    fn new(place: &'a Place, stack: &'a Stack<'a>) -> Self {
        Self { place, stack, config: stack.dir().join("midwatch.toml") }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let config = self.config.display().to_string();
        let output = self.place.midwatch(&[&["--config", &config], words].concat()).output().unwrap();
        let told = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        Ran { status: output.status.code(), told }
    }

    /// A recovery that must heal what was broken.
    fn heals(&self, what: &str, service: &str) {
        let ran = self.run(&["recover", service, "--yes", "--json"]);
        assert_eq!(ran.status, Some(0), "{what}: {}", ran.told);
        assert_eq!(self.health(), Some(200), "{what}");
    }

    /// A recovery that must end with somebody being called, in these words.
    fn hands_over(&self, what: &str, service: &str, words: &[&str]) {
        let ran = self.run(&["recover", service, "--yes"]);
        assert_ne!(ran.status, Some(0), "{what}: {}", ran.told);
        let jobs = self.run(&["jobs", "show", &self.newest().to_string()]);
        let told = format!("{}\n{}", ran.told, jobs.told);
        for word in words {
            assert!(told.contains(word), "{what}: {word:?} is not said: {told}");
        }
    }

    fn newest(&self) -> u64 {
        self.jobs().iter().filter_map(|job| job["id"].as_u64()).max().unwrap_or_default()
    }

    fn jobs(&self) -> Vec<Value> {
        self.run(&["jobs", "list", "--json"]).told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn health(&self) -> Option<u16> {
        get(&format!("{}/healthz", self.stack.text("/shop/url"))).map(|(status, _)| status)
    }

    fn signal(&self, server: &str, signal: &str) {
        let pid = self.stack.process(server)["pid"].as_u64().unwrap() as u32;
        Process::of(pid).unwrap().signal(signal);
        if signal == "KILL" {
            until("it has ended", SOON, || self.stack.process(server)["state"] == "ended");
        }
    }

    /// Every process of a PostgreSQL, the postmaster first: then it makes no new ones.
    fn signal_postgres(&self, server: &str, folder: &str, signal: &str) {
        self.signal(&format!("postgres-{server}"), signal);
        let all = || in_folder(&self.stack.dir().join(folder).join("data"));
        for process in all() {
            process.signal(signal);
        }
        if signal == "KILL" {
            until("all of it has ended", SOON, || all().is_empty());
        }
    }
}

#[test]
fn what_is_broken_is_healed_or_handed_over() {
    let place = Place::new();
    let stack = place.start(&[]);
    let bastion = Bastion::new(&place, &stack);

    let ran = bastion.run(&["recover", "app", "--dry-run"]);
    assert!(ran.told.contains("nothing is wrong"), "{}", ran.told);

    bastion.signal("app-1", "KILL");
    bastion.heals("an instance that was killed", "app");
    bastion.signal("app-2", "STOP");
    bastion.heals("an instance that was stopped in its tracks", "app");
    bastion.signal_postgres("primary", "primary", "STOP");
    bastion.heals("a paused database", "app");
    bastion.signal_postgres("primary", "primary", "KILL");
    bastion.heals("a database that was killed", "app");
    bastion.signal("redis", "KILL");
    bastion.heals("a Redis that was killed", "app");
    bastion.signal("redis", "STOP");
    bastion.heals("a paused Redis", "app");
    bastion.signal("proxy", "KILL");
    bastion.heals("a proxy that was killed", "app");
    bastion.signal_postgres("standby", "standby", "KILL");
    bastion.heals("a standby that was killed", "standby");
    bastion.signal("redis-replica", "KILL");
    bastion.heals("a replica that was killed", "redis-replica");

    assert!(stack.breaks("fill-redis", 20));
    bastion.hands_over("a full Redis", "redis", &["is full", "A restart would not help"]);
    assert_eq!(stack.fault("fill-redis")["ended"], Value::Null, "it was left as it is");

    until("it has ended by itself", SOON, || stack.fault("fill-redis")["ended"]["verified"] == true);

    crowded(&bastion);

    let control = stack.dir().join("primary/data/global/pg_control");
    bastion.signal_postgres("primary", "primary", "KILL");
    fs::rename(&control, control.with_extension("lost")).unwrap();
    bastion.hands_over(
        "a database whose files are damaged",
        "postgres",
        &[
            "could not find the database system",
            "midwatch promote standby",
            "no backup of postgres is proved",
            "traffic, the last hour: ",
        ],
    );
    fs::rename(control.with_extension("lost"), &control).unwrap();
    bastion.heals("the same, whose files are back", "app");
}

/// All connections are taken by somebody who does not go away.
fn crowded(bastion: &Bastion<'_>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (dir, address) = (bastion.stack.dir(), bastion.stack.text("/postgres/primary/address"));
    let password = fs::read_to_string(dir.join("secrets/shop")).unwrap();
    let mut config = Config::new();
    config.host("127.0.0.1").port(address.rsplit(':').next().unwrap().parse().unwrap());
    config.user("shop").dbname("shop").password(password.trim_end());
    let held = runtime.block_on(async {
        let mut held = Vec::new();
        loop {
            let Ok((client, connection)) = config.connect(NoTls).await else { return held };
            tokio::spawn(connection);
            held.push(client);
        }
    });
    assert!(held.len() > 10, "{}", held.len());
    bastion.hands_over("a crowded database", "postgres", &["no connection left", "midwatch terminate postgres"]);
}

#[test]
fn whatever_is_missing_is_told_at_once_and_nothing_is_touched() {
    let place = Place::new();
    let stack = place.start(&[]);
    let mut bastion = Bastion::new(&place, &stack);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("start.sh");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    let secret = folder.path().join("secret");
    let lacks = [
        ("variable", "the variable SHOP_TOKEN is not set", "export SHOP_TOKEN=…".to_owned()),
        ("mount", "nothing is mounted on", format!("mount {}", folder.path().display())),
        ("run bit", "may not be run", format!("chmod +x {}", script.display())),
        ("tool", "the program shop-migrate is not installed", "install it".to_owned()),
        ("credential", "file:", format!("write the password into {}", secret.display())),
        ("bucket", "the backups in offsite cannot be reached", String::new()),
    ];
    let original = fs::read_to_string(&bastion.config).unwrap();
    let with = |missing: &[&str]| broken(&original, missing, folder.path());
    bastion.config = stack.dir().join("broken.toml");
    let app = stack.process("app-1")["pid"].clone();
    bastion.signal("app-1", "KILL");
    let refused = |missing: &[&str]| {
        fs::write(&bastion.config, with(missing)).unwrap();
        let ran = bastion.run(&["recover", "app-1", "--yes"]);
        assert_ne!(ran.status, Some(0), "{missing:?}: {}", ran.told);
        for (name, what, mend) in &lacks {
            assert_eq!(
                ran.told.contains(what) && ran.told.contains(mend),
                missing.contains(name),
                "{name} of {missing:?}: {}",
                ran.told
            );
        }
        assert_eq!(bastion.jobs().len(), 0, "no job was made");
        assert_eq!(stack.process("app-1")["pid"], app, "nothing was started");
    };
    refused(&lacks.each_ref().map(|(name, ..)| *name));
    for (name, ..) in &lacks {
        refused(&[name]);
    }
    fs::write(&bastion.config, with(&[])).unwrap();
    bastion.heals("an instance, once nothing is missing", "app-1");
}

/// The demo's configuration with some things missing that an instance of the shop needs.
fn broken(original: &str, missing: &[&str], folder: &std::path::Path) -> String {
    let mut config: toml::Table = original.parse().unwrap();
    let environment = config["environments"]["demo"].as_table_mut().unwrap();
    let lacks = |name| missing.contains(&name);
    let text = |text: &str| toml::Value::String(text.to_owned());
    let list = |items: &[&str]| toml::Value::Array(items.iter().map(|item| text(item)).collect());
    if lacks("bucket") {
        let keys = "access_key = \"file:secrets/shop\"\nsecret_key = \"file:secrets/shop\"";
        let bucket = format!("[s3]\nbucket = \"backups\"\nendpoint = \"http://127.0.0.1:1\"\n{keys}");
        environment["repositories"].as_table_mut().unwrap().insert("offsite".into(), toml::Value::Table(bucket.parse().unwrap()));
        environment["services"]["postgres"]["backup"]["repository"] = text("offsite");
    }
    if lacks("credential") {
        environment["services"]["redis"]["password"] = text(&format!("file:{}", folder.join("secret").display()));
    }
    let app = environment["services"]["app-1"].as_table_mut().unwrap();
    let mount = if lacks("mount") { folder.display().to_string() } else { "/proc".to_owned() };
    let tool = if lacks("tool") { "shop-migrate" } else { "sh" };
    let requires: toml::Table =
        [("mounts".to_owned(), list(&[&mount])), ("programs".to_owned(), list(&[tool]))].into_iter().collect();
    app.insert("requires".to_owned(), toml::Value::Table(requires));
    if lacks("run bit") {
        app["control"]["start"] = list(&[&folder.join("start.sh").display().to_string()]);
    }
    let variable = if lacks("variable") { "SHOP_TOKEN" } else { "PATH" };
    app["control"].as_table_mut().unwrap().insert("env".to_owned(), list(&[variable]));
    toml::to_string(&config).unwrap()
}
