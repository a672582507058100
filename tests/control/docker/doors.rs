//! Ways to the Engine that are shut, hang, or lead through OpenSSH.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use midwatch::adapters::control::open;
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::control::{ControlSpec, LogAsk, Phase, Way};
use midwatch::domain::failure::FailureKind;
use midwatch::ports::control::Control;

use super::{GOOD, control_at, only, run};
use crate::docker::{Docker, client};
use crate::gates::Authority;
use crate::servers::free_port;
use crate::ssh::{HOST, Sshd};

/// Whoever has no rights.
const NOBODY: u32 = 65534;

/// A daemon's port that speaks TLS, and asks for a certificate.
pub struct Secured {
    authority: Authority,
    port: u16,
}

impl Secured {
    pub fn new() -> Self {
        let (authority, port) = (Authority::new(), free_port());
        authority.sign("server", "IP:127.0.0.1");
        // Docker's client finds its keys by these names in one folder.
        authority.sign("cert", "DNS:operator");
        fs::rename(authority.path("cert.key"), authority.path("key.pem")).unwrap();
        Self { authority, port }
    }

    /// What the daemon is told.
    pub fn options(&self) -> Vec<String> {
        let at = |option: &str, file: &str| format!("--{option}={}", self.authority.path(file).display());
        let keys = [at("tlscacert", "ca.pem"), at("tlscert", "server.pem"), at("tlskey", "server.key")];
        [format!("--host=tcp://127.0.0.1:{}", self.port), "--tlsverify".to_owned()].into_iter().chain(keys).collect()
    }

    /// As a user would see it.
    pub fn lets_in_only_whom_its_authority_knows(&self, docker: &Docker) {
        run(docker, "secured", &[], GOOD);
        let keys = |folder: &Path| [("DOCKER_TLS_VERIFY", "1".to_owned()), ("DOCKER_CERT_PATH", folder.display().to_string())];
        let ours = keys(&self.authority.path(""));
        let phase = || -> serde_json::Value {
            let told = self.midwatch("services app --json", &ours);
            let line: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
            line["instances"][0]["phase"].clone()
        };
        assert_eq!(phase(), "running");
        let log = self.midwatch("logs app --tail 1", &ours);
        assert!(String::from_utf8_lossy(&log.stdout).contains("ready"), "{log:?}");

        let (stranger, nobody) = (Authority::new(), tempfile::tempdir().unwrap());
        stranger.sign("cert", "DNS:operator");
        fs::rename(stranger.path("cert.key"), stranger.path("key.pem")).unwrap();
        fs::copy(self.authority.path("ca.pem"), nobody.path().join("ca.pem")).unwrap();
        let refused = |keys: &[(&str, String)]| {
            let refused = self.midwatch("stop app --yes", keys);
            let words = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(!refused.status.success() && words.contains(&format!("127.0.0.1:{}", self.port)), "{keys:?}: {words}");
            words
        };
        refused(&keys(&stranger.path("")));
        refused(&keys(nobody.path()));
        let words = refused(&[]);
        assert!(words.contains("Docker wants HTTPS there") && words.contains("DOCKER_TLS_VERIFY=1"), "{words}");
        assert_eq!(phase(), "running");
        let stopped = self.midwatch("stop app --yes", &ours);
        assert!(stopped.status.success() && phase() == "stopped", "{stopped:?}");
    }

    fn midwatch(&self, words: &str, variables: &[(&str, String)]) -> Output {
        let config = self.authority.path("midwatch.toml");
        let way = "reach = { tcp = \"127.0.0.1:1\" }\ncontrol = { docker = \"secured\" }";
        let text = format!(
            "state = \"state\"\n[environments.e]\nguard = \"open\"\n[environments.e.services.app]\nkind = \"http\"\n{way}\n"
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
        command.arg("--config").arg(config).args(words.split(' ')).stdin(Stdio::null());
        command.env("DOCKER_HOST", format!("tcp://127.0.0.1:{}", self.port));
        command.env_remove("DOCKER_TLS_VERIFY").env_remove("DOCKER_CERT_PATH").env("HOME", self.authority.path(""));
        command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap()
    }
}

pub async fn without_a_daemon_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.sock");
    let host = format!("unix://{}", path.display());
    let failure = control_at(&host, "app").condition().await.unwrap_err();
    assert!(failure.kind == FailureKind::Unavailable && failure.what.contains(path.to_str().unwrap()), "{failure}");
    assert!(failure.mend.unwrap().contains("systemctl start docker"));
    drop(UnixListener::bind(&path).unwrap());
    let failure = control_at(&host, "app").start(None).await.unwrap_err();
    assert!(failure.what.contains("daemon does not run"), "{failure}");
}

pub async fn one_that_says_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.sock");
    // It accepts, as the kernel does for it, and never answers.
    let _listener = UnixListener::bind(&path).unwrap();
    let control = control_at(&format!("unix://{}", path.display()), "app");
    let (condition, stop) = tokio::join!(control.condition(), control.stop(None, false));
    for failure in [condition.unwrap_err(), stop.unwrap_err()] {
        assert!(failure.kind == FailureKind::Stalled && failure.what.contains("does not answer within"), "{failure}");
    }
}

/// As a user would see it.
pub fn without_rights_the_group_is_named(docker: &Docker) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::copy(env!("CARGO_BIN_EXE_midwatch"), at("midwatch")).unwrap();
    let way = "reach = { tcp = \"127.0.0.1:1\" }\ncontrol = { docker = \"plain\" }";
    let text =
        format!("state = \"state\"\n[environments.e]\nguard = \"open\"\n[environments.e.services.app]\nkind = \"http\"\n{way}\n");
    fs::write(at("midwatch.toml"), text).unwrap();
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let socket = docker.host();
    let socket = Path::new(socket.strip_prefix("unix://").unwrap());
    fs::set_permissions(socket.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(at("midwatch"));
    command
        .args(["stop", "app", "--config"])
        .arg(at("midwatch.toml"))
        .env("HOME", folder.path())
        .env("DOCKER_HOST", docker.host());
    let output = command.stdin(Stdio::null()).current_dir("/").uid(NOBODY).gid(NOBODY).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("nobody has no rights on Docker's socket") && said.contains(socket.to_str().unwrap()), "{said}");
    assert!(said.contains("sudo usermod -aG docker nobody"), "{said}");
}

fn behind(sshd: &Sshd, container: &str) -> Arc<dyn Control> {
    let way = Way::Docker { container: container.to_owned() };
    let spec = ControlSpec { way, ssh: Some(HOST.to_owned()), grace: Duration::from_secs(100) };
    open(&spec, &Surroundings::inherited().with_path(sshd.path())).unwrap()
}

pub async fn it_is_controlled_through_openssh(docker: &Docker) {
    let client = client(&docker.host());
    let Some(sshd) = Sshd::start(Some(client.path())) else { return };
    run(docker, "afar", &[], GOOD);
    let control = behind(&sshd, "afar");
    assert_eq!(only(&*control).await.phase, Phase::Running);
    let before = sshd.log().matches("Accepted publickey").count();
    assert_eq!(only(&*control).await.phase, Phase::Running);
    assert_eq!(sshd.log().matches("Accepted publickey").count(), before, "one login for many questions");
    control.pause(None).await.unwrap();
    control.unpause(None).await.unwrap();
    control.stop(None, false).await.unwrap();
    assert_eq!(only(&*control).await.phase, Phase::Stopped);
    control.start(None).await.unwrap();
    let mut logs = control.logs(&LogAsk { tail: Some(1), ..LogAsk::default() }).await.unwrap();
    assert_eq!(logs.next().await.unwrap().unwrap().text, "ready");
    let failure = behind(&sshd, "afat").stop(None, false).await.unwrap_err();
    assert!(failure.what.contains("Docker on db-1 has no container afat; near to it: afar"), "{failure}");
    drop((logs, control));
    docker.eventually("the end of all sessions", || sshd.sessions().is_empty());
}

pub async fn ssh_may_stall_in_the_middle_of_a_stop(docker: &Docker) {
    let client = client(&docker.host());
    let Some(sshd) = Sshd::start(Some(client.path())) else { return };
    run(docker, "slow", &[], "trap 'echo heard' TERM; echo ready; while :; do sleep 0.1; done");
    let control = behind(&sshd, "slow");
    let stopping = tokio::spawn(async move { control.stop(None, false).await });
    docker.eventually("the signal", || docker.succeed(&["logs", "slow"]).contains("heard"));
    assert!(sshd.stall() > 0);
    let failure = stopping.await.unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stalled, "{failure}");
    for part in ["slow was sent SIGTERM", "what came of it could not be seen", "Docker on db-1", "does not answer"] {
        assert!(failure.what.contains(part), "{part}: {failure}");
    }
}

pub async fn what_is_wrong_over_there_is_said() {
    let client = client("unix:///nowhere/d.sock");
    let Some(sshd) = Sshd::start(Some(client.path())) else { return };
    let failure = behind(&sshd, "app").start(None).await.unwrap_err();
    assert!(failure.kind == FailureKind::Unavailable && failure.what.starts_with("Docker does not run on db-1"), "{failure}");
    assert_eq!(failure.mend.unwrap(), "ssh db-1 sudo systemctl start docker");
}
