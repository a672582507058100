//! The program with a ledger, a repository and a configuration of its own.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::servers::{PASSWORD, Postgres, Redis};

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// One bastion.
pub struct Desk {
    folder: TempDir,
    services: String,
    docker: Option<String>,
}

impl Desk {
    pub fn on_postgres(server: &Postgres) -> Self {
        Self::with(&database(server))
    }

    pub fn on_both(postgres: &Postgres, redis: &Redis) -> Self {
        let cache = format!(
            "[environments.e.services.cache]\nkind = \"redis\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\npassword = \"file:password\"\n\
             [environments.e.services.cache.backup]\nmethods = [\"rdb\"]\n",
            redis.port
        );
        Self::with(&format!("{}{cache}", database(postgres)))
    }

    /// With a Docker of its own, as in `DOCKER_HOST`.
    pub fn with_docker(services: &str, host: &str) -> Self {
        Self { docker: Some(host.to_owned()), ..Self::with(services) }
    }

    /// With these services, and whatever else is in the text.
    pub fn with(services: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), services: services.to_owned(), docker: None };
        // Scratch servers may run as another user.
        fs::set_permissions(desk.folder.path(), PermissionsExt::from_mode(0o711)).unwrap();
        fs::create_dir(desk.path("repository")).unwrap();
        desk.password(PASSWORD);
        desk.guard("open");
        desk
    }

    /// Another bastion with the same repository and a ledger of its own.
    pub fn elsewhere(&self) -> Self {
        let other = Self::with(&self.services);
        fs::remove_dir(other.path("repository")).unwrap();
        std::os::unix::fs::symlink(self.path("repository"), other.path("repository")).unwrap();
        other
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn guard(&self, guard: &str) {
        let text = format!(
            "state = \"state\"\nscratch = \"scratch\"\n[environments.e]\nguard = \"{guard}\"\n\
             [environments.e.repositories.main]\npath = \"repository\"\n{}",
            self.services
        );
        fs::write(self.path("midwatch.toml"), text).unwrap();
    }

    pub fn password(&self, password: &str) {
        fs::write(self.path("password"), password).unwrap();
        fs::set_permissions(self.path("password"), PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn password_file(&self) -> PathBuf {
        self.path("password")
    }

    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
        command.arg("--config").arg(self.path("midwatch.toml")).args(words.split(' ')).stdin(Stdio::null());
        command.env("TMPDIR", self.folder.path()).envs(self.docker.iter().map(|host| ("DOCKER_HOST", host)));
        command
    }

    /// Runs exactly these words.
    pub fn exactly(&self, words: &str) -> Ran {
        let output = self.command(words).output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ran { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs a routine unasked.
    pub fn run(&self, words: &str) -> Ran {
        let name = words.split(' ').next().unwrap_or_default();
        let is_routine = ["backup", "verify", "prune", "clean"].contains(&name);
        self.exactly(&if is_routine { format!("{words} --yes") } else { words.to_owned() })
    }

    /// Runs it; it must succeed.
    pub fn ok(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!(ran.status, 0, "{words}: {ran:?}");
        format!("{}{}", ran.out, ran.err)
    }

    /// Runs exactly these words; they must succeed.
    pub fn plain(&self, words: &str) -> String {
        let ran = self.exactly(words);
        assert_eq!(ran.status, 0, "{words}: {ran:?}");
        ran.out
    }

    /// Starts a routine unasked; what it says of errors is shown where the test fails.
    pub fn spawn(&self, words: &str) -> Child {
        self.command(&format!("{words} --yes")).stdout(Stdio::null()).spawn().unwrap()
    }

    /// The backups of the repository, the newest first, as `midwatch backups --json` tells them.
    pub fn backups(&self) -> Vec<Value> {
        self.lying("manifest")
    }

    /// The ids of the orphans of the repository.
    pub fn orphans(&self) -> Vec<String> {
        self.lying("orphan").iter().map(|one| one["orphan"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Leaves a file of a backup without a manifest, as old as this.
    pub fn leave(&self, id: &str, age: Duration) {
        let folder = self.path("repository/backups").join(id);
        fs::create_dir_all(&folder).unwrap();
        let mut file = File::create(folder.join("shop.dump")).unwrap();
        file.write_all(b"cut").unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    /// What lies in the repository and has this.
    fn lying(&self, key: &str) -> Vec<Value> {
        let told = self.plain("backups --json");
        told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|one| one.get(key).is_some()).collect()
    }

    /// The jobs of the ledger, the newest first.
    pub fn jobs(&self) -> Vec<Value> {
        self.plain("jobs list --json").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The newest backup's file that has a role.
    pub fn file(&self, role: &str) -> PathBuf {
        self.path_of(&self.backups()[0]["manifest"], role)
    }

    /// The same of the newest backup by a method.
    pub fn file_of(&self, method: &str, role: &str) -> PathBuf {
        let backups = self.backups();
        let newest = backups.iter().find(|backup| backup["manifest"]["method"] == method).unwrap();
        self.path_of(&newest["manifest"], role)
    }

    fn path_of(&self, newest: &Value, role: &str) -> PathBuf {
        let file = newest["files"].as_array().unwrap().iter().find(|file| file["role"] == role).unwrap();
        let (id, name) = (newest["id"].as_str().unwrap(), file["name"].as_str().unwrap());
        self.path("repository/backups").join(id).join(name)
    }

    /// Every file of this bastion that holds some text.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        search(self.folder.path(), text.as_bytes(), &mut found);
        found
    }
}

fn search(folder: &Path, text: &[u8], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, text, found);
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text)) {
            found.push(path);
        }
    }
}

/// A PostgreSQL as a service that is backed up.
pub fn database(server: &Postgres) -> String {
    format!(
        "[environments.e.services.db]\nkind = \"postgres\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\nuser = \"postgres\"\n\
         password = \"file:password\"\n[environments.e.services.db.backup]\nmethods = [\"logical\", \"physical\"]\n",
        server.port
    )
}
