//! Which ways of backing up a service allows, and what is missing for them: its tools and their versions, its privileges, what a
//! proof needs. Asked by the tools themselves, where they run: what answers here works in a job.

use std::sync::Arc;

use crate::adapters::afar::told;
use crate::adapters::tools::surroundings::Surroundings;
use crate::adapters::tools::tools;
use crate::domain::access::{Access, Reach, ToolPlace};
use crate::domain::backup::Method;
use crate::domain::failure::Failure;
use crate::domain::service::spec::ServiceSpec;
use crate::domain::service::{Facts, Report};
use crate::domain::version;
use crate::ports::tools::{Run, Tools};
use crate::runtime::check::{Finding, Subject};

/// What is looked at.
struct Look<'a> {
    subject: Subject,
    service: &'a ServiceSpec,
    tools: Arc<dyn Tools>,
    /// The server's.
    version: &'a str,
}

/// What a service that answered allows.
pub async fn check(subject: &Subject, service: &ServiceSpec, report: &Report) -> Vec<Finding> {
    let look = |version| Look {
        subject: subject.part("backup"),
        service,
        tools: tools(&service.access, &Surroundings::inherited()),
        version,
    };
    match &report.facts {
        Facts::Postgres(facts) => look(&facts.version).postgres().await,
        Facts::Redis(facts) => look(&facts.version).redis().await,
        Facts::Http(_) => vec![],
    }
}

impl Look<'_> {
    async fn postgres(&self) -> Vec<Finding> {
        let (logical, physical, proof) = tokio::join!(self.dumps(), self.replicates(), self.proves("initdb"));
        let allowed = match (&logical, &physical) {
            (Ok(client), Ok(())) => Some(format!("allows logical and physical backups{}, tools {client}", self.compression())),
            (Ok(client), Err(_)) => Some(format!("allows logical backups, tools {client}")),
            (Err(_), _) => None,
        };
        let mut found: Vec<Finding> = allowed.map(|words| self.subject.good(words)).into_iter().collect();
        found.extend(logical.err().map(|lack| self.lack(lack, true)));
        found.extend(physical.err().map(|lack| self.lack(lack, self.wants(Method::Physical))));
        found.extend(proof.err().map(|lack| self.lack(lack, true)));
        found
    }

    async fn redis(&self) -> Vec<Finding> {
        let (copies, proof) = tokio::join!(self.syncs(), self.proves("redis-server"));
        let mut found = match copies {
            Ok(()) => vec![self.subject.good("allows a copy through replication")],
            Err(lack) => vec![self.lack(lack, true)],
        };
        found.extend(proof.err().map(|lack| self.lack(lack, true)));
        found
    }

    fn wants(&self, method: Method) -> bool {
        self.service.backup.as_ref().is_some_and(|policy| policy.methods.contains(&method))
    }

    /// What is missing is only that where a backup was asked for.
    fn lack(&self, lack: Lack, wanted: bool) -> Finding {
        let mend = lack.mend.unwrap_or_default();
        if wanted && self.service.backup.is_some() {
            self.subject.missing(lack.what, mend)
        } else {
            self.subject.note(lack.what, mend)
        }
    }

    fn compression(&self) -> &'static str {
        if version::major(self.version).is_some_and(|major| major >= 15) { " compressed by the server" } else { "" }
    }

    /// Whether `pg_dump` is there and new enough; its version.
    async fn dumps(&self) -> Result<String, Lack> {
        self.suits("pg_restore").await?;
        self.suits("pg_dump").await
    }

    /// Whether one of PostgreSQL's programs is there and new enough; its version.
    async fn suits(&self, program: &str) -> Result<String, Lack> {
        let client = self.version_of(program, None).await?;
        version::client_suits(program, &client, self.version)?;
        Ok(client)
    }

    /// Whether the server lets itself be copied: asked the way `pg_basebackup` asks.
    async fn replicates(&self) -> Result<(), Lack> {
        self.suits("pg_basebackup").await?;
        let ask = Run::new("psql", ["-XAtq", "-d", "replication=true", "-c", "IDENTIFY_SYSTEM"]);
        let words = match self.answer(self.tools.postgres(ask).await?).await {
            Ok(_) => return self.senders().await,
            Err(lack) => lack.what,
        };
        Err(Lack::new(format!("allows logical backups only: {words}"), mend_replication(&words, &self.service.access)))
    }

    async fn senders(&self) -> Result<(), Lack> {
        let sql = "SELECT current_setting('wal_level') || ' ' || current_setting('max_wal_senders')";
        let told = self.answer(self.tools.postgres(Run::new("psql", ["-XAtqc", sql])).await?).await?;
        match told.trim().split_once(' ') {
            Some(("minimal", _)) => {
                let what = "allows logical backups only: wal_level is minimal";
                Err(Lack::new(what, "ALTER SYSTEM SET wal_level = replica; then restart the server"))
            }
            Some((_, senders)) if senders.parse::<u32>().unwrap_or_default() < 2 => {
                let what = format!("allows logical backups only: max_wal_senders is {senders}, a base backup takes 2");
                Err(Lack::new(what, "ALTER SYSTEM SET max_wal_senders = 10; then restart the server"))
            }
            _ => Ok(()),
        }
    }

    /// Whether this user may pose as a replica. A server that does not let itself be asked is not accused.
    async fn syncs(&self) -> Result<(), Lack> {
        self.version_of("redis-cli", None).await?;
        let user = self.service.access.user.as_deref().unwrap_or("default");
        let ask = Run::new("redis-cli", ["--no-auth-warning", "ACL", "DRYRUN", user, "SYNC"]);
        let told = self.answer(self.tools.redis(ask).await?).await?;
        if told.contains("has no permissions to run") {
            let what = format!("user {user} may not copy it: {}", told.trim());
            return Err(Lack::new(what, format!("ACL SETUSER {user} +sync +psync +replconf")));
        }
        Ok(())
    }

    /// Whether a scratch server can run where the tools are.
    async fn proves(&self, program: &str) -> Result<(), Lack> {
        let major = version::major(self.version).filter(|_| program == "initdb");
        let has = self.version_of(program, major).await.map_err(|lack| lack.because("its backups cannot be proved"))?;
        if major.is_none() || version::major(&has) == major {
            return Ok(());
        }
        let wanted = major.unwrap_or_default();
        let what = format!("its backups cannot be proved: {program} is of PostgreSQL {has}, the server of {}", self.version);
        Err(Lack::new(what, format!("sudo apt-get install --no-install-recommends postgresql-{wanted}")))
    }

    async fn version_of(&self, program: &str, major: Option<u16>) -> Result<String, Lack> {
        let said = self.answer(Run { major, ..Run::new(program, ["--version"]) }).await?;
        let unknown = || Lack::new(format!("{program} does not tell its version: {}", said.trim()), "");
        version::told(&said).map(str::to_owned).ok_or_else(unknown)
    }

    /// What a program says that ends well.
    async fn answer(&self, run: Run) -> Result<String, Lack> {
        let (said, ended) = told(&*self.tools, &run).await?;
        if ended.status.success() {
            return Ok(said);
        }
        let words = ended.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it ended without a word").trim();
        Err(Lack::new(format!("{}: {words}", run.program), mend_place(words, &self.service.access)))
    }
}

/// Something that is missing.
struct Lack {
    what: String,
    mend: Option<String>,
}

impl Lack {
    fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: Some(mend.into()).filter(|mend| !mend.is_empty()) }
    }

    fn because(self, what: &str) -> Self {
        Self { what: format!("{what}: {}", self.what), ..self }
    }
}

impl From<Failure> for Lack {
    fn from(failure: Failure) -> Self {
        Self { what: failure.what, mend: failure.mend }
    }
}

fn mend_replication(words: &str, access: &Access) -> String {
    let role = access.user.as_deref().unwrap_or_default().replace('"', "\"\"");
    match words {
        words if words.contains("pg_hba.conf") => format!("a line in pg_hba.conf: host replication {role} ADDRESS scram-sha-256"),
        words if words.contains("replication") || words.contains("superuser") => {
            format!("ALTER ROLE \"{role}\" REPLICATION; a managed database may not offer that: then methods = [\"logical\"]")
        }
        _ => String::new(),
    }
}

/// What mends the way to the tools; empty where that is not known.
pub(super) fn mend_place(words: &str, access: &Access) -> String {
    let host = access.ssh.as_ref().map(|host| format!("ssh {host} ")).unwrap_or_default();
    let container = match &access.reach {
        Reach::Docker { container } => container.as_str(),
        _ => "CONTAINER",
    };
    match words {
        words if words.contains("No such image") => match &access.tools {
            ToolPlace::Image(image) => format!("{host}docker pull {image}"),
            _ => String::new(),
        },
        words if words.contains("No such container") => format!("{host}docker ps --all; reach = {{ docker = \"…\" }}"),
        words if words.contains("is not running") => format!("{host}docker start {container}"),
        words if words.contains("Cannot connect to the Docker daemon") => format!("{host}docker info"),
        words if words.contains("is not installed there") => "tools = { image = \"…\" } names an image that has it".to_owned(),
        words if words.contains("ermission denied") && words.contains("docker") => format!("{host}sudo usermod -aG docker $USER"),
        _ if access.ssh.is_some() => format!("{host}true"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Tls;

    fn access(tools: ToolPlace) -> Access {
        let reach = Reach::Docker { container: "db".into() };
        Access { reach, ssh: Some("b".into()), tools, user: Some("u".into()), password: None, database: None, tls: Tls::Disable }
    }

    #[test]
    fn every_obstacle_on_the_way_has_its_remedy() {
        let image = access(ToolPlace::Image("postgres:15".into()));
        assert_eq!(mend_place("Error response from daemon: No such image: postgres:15", &image), "ssh b docker pull postgres:15");
        let inside = access(ToolPlace::Here);
        assert_eq!(mend_place("Error response from daemon: Container 46 is not running", &inside), "ssh b docker start db");
        assert_eq!(mend_place("ssh: connect to host b port 22: Connection refused", &inside), "ssh b true");
    }

    #[test]
    fn a_role_that_may_not_replicate_is_told_what_it_needs() {
        let words = "FATAL:  must be superuser or replication role to start walsender";
        assert!(mend_replication(words, &access(ToolPlace::Here)).starts_with("ALTER ROLE \"u\" REPLICATION;"));
    }
}
