//! What stands between midwatch and a Prometheus elsewhere: certificates by openssl, an nginx that lets nobody in unasked; and what
//! speaks Prometheus's language without being one: `VictoriaMetrics` with vmalert. Like those of `servers`, each ends when dropped.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::getuid;
use tempfile::TempDir;

use crate::servers::{Process, free_port};

/// An authority with what it signed: `ca.pem`, and a `NAME.pem` with its `NAME.key` each.
pub struct Authority(TempDir);

impl Authority {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Self(folder);
        authority.openssl(&["req", "-x509", "-subj", "/CN=midwatch test authority", "-keyout", "ca.key", "-out", "ca.pem"]);
        authority
    }

    /// A certificate for 127.0.0.1, or for nothing that is here.
    pub fn sign(&self, name: &str, alternative: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let alternative = format!("subjectAltName={alternative}");
        let signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
        let made = ["req", "-x509", "-subj", &subject, "-addext", &alternative, "-keyout", &key, "-out", &certificate];
        self.openssl(&[&made[..], &signed[..]].concat());
    }

    /// A certificate for 127.0.0.1 that nobody but itself vouches for, as `openssl req -x509` makes it, valid from and for so many days.
    pub fn self_signed(&self, name: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req",
            "-x509",
            "-subj",
            &subject,
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).args(["-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        let output = openssl.current_dir(self.0.path()).stdin(Stdio::null()).output().expect("openssl: is it installed?");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// An nginx on a port of its own.
pub struct Nginx {
    _process: Process,
    pub port: u16,
    folder: TempDir,
}

impl Nginx {
    /// With these directives in its one server; `PORT` is its port there, `FOLDER` its folder, into which `files` are written first.
    pub fn start(server: &str, files: &[(&str, &str)]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let own = folder.path().to_str().unwrap();
        let temporary: String =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {own};\n")).concat();
        let server = server.replace("PORT", &port.to_string()).replace("FOLDER", own);
        let config = format!(
            "daemon off;\nmaster_process off;\npid {own}/pid;\nevents {{}}\nhttp {{\nlog_format asked $http_accept_encoding;\naccess_log off;\n{temporary}server {{\n{server}\n}}\n}}\n"
        );
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut nginx = Command::new(if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" });
        nginx.arg("-e").arg("stderr").arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
        drop_privileges(&mut nginx, folder.path());
        let mut process = Process::spawn(nginx, folder.path());
        process.listening(port);
        Self { _process: process, port, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Where we are root, it runs as nobody and owns its folder.
fn drop_privileges(command: &mut Command, folder: &Path) {
    if !getuid().is_root() {
        return;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let mut ids =
        users.lines().find(|line| line.starts_with("nobody:")).unwrap().split(':').skip(2).map(|id| id.parse().unwrap());
    let (uid, gid) = (ids.next().unwrap(), ids.next().unwrap());
    for entry in fs::read_dir(folder).unwrap() {
        chown(entry.unwrap().path(), Some(uid), Some(gid)).unwrap();
    }
    chown(folder, Some(uid), Some(gid)).unwrap();
    command.uid(uid).gid(gid);
}

/// A `VictoriaMetrics` that scrapes itself every second, and nobody.
pub struct Victoria {
    _process: Process,
    pub url: String,
    pub folder: TempDir,
}

impl Victoria {
    /// Below `prefix`; rules are asked for at `rules`, where somebody evaluates them.
    pub fn start(prefix: &str, rules: Option<u16>) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let scrape = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- job_name: victoria\n  metrics_path: {prefix}/metrics\n  \
             static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n- job_name: nobody\n  static_configs: [{{ targets: ['127.0.0.1:1'] }}]\n"
        );
        fs::write(folder.path().join("scrape.yml"), scrape).unwrap();
        let mut server = Command::new("victoria-metrics");
        server.arg(format!("-httpListenAddr=127.0.0.1:{port}")).arg(format!("-http.pathPrefix={prefix}"));
        server.arg(format!("-storageDataPath={}", folder.path().join("data").display()));
        server.arg(format!("-promscrape.config={}", folder.path().join("scrape.yml").display()));
        server.args(rules.map(|port| format!("-vmalert.proxyURL=http://127.0.0.1:{port}")));
        let mut process = Process::spawn(server, folder.path());
        process.listening(port);
        Self { _process: process, url: format!("http://127.0.0.1:{port}{prefix}"), folder }
    }

    /// A vmalert at `port` that evaluates one alert which always fires, and tells nobody.
    pub fn vmalert(&self, port: u16) -> Process {
        let rules = self.folder.path().join("rules.yml");
        fs::write(
            &rules,
            "groups:\n- name: test\n  interval: 1s\n  rules:\n  - alert: Watchdog\n    expr: vector(1)\n    labels: { severity: none }\n  \
             - alert: Never\n    expr: up > 1\n    for: 1m\n",
        )
        .unwrap();
        let folder = self.folder.path().join("vmalert");
        fs::create_dir(&folder).unwrap();
        let mut vmalert = Command::new("vmalert");
        vmalert.arg(format!("-rule={}", rules.display())).arg(format!("-datasource.url={}", self.url));
        vmalert.arg(format!("-httpListenAddr=127.0.0.1:{port}")).arg("-notifier.url=http://127.0.0.1:1");
        let mut process = Process::spawn(vmalert, &folder);
        process.listening(port);
        process
    }
}
