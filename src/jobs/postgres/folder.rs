//! The data directory of a PostgreSQL on the host where its tools run: what it is of, what it weighs, set aside and put back.
//! Nothing is ever removed but a copy that we made: what is in the way gets another name.

use crate::domain::access::{Reach, ToolPlace};
use crate::domain::control::{ControlSpec, Way};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::postgres::client;
use crate::ports::tools::{Run, Tools};

/// Says how large a folder is, what is free beside it, and whose it is: `SIZE FREE UID:GID MODE`. Of one that is not there,
/// whose it should be.
const SURVEY: &str = r#"
free=$(df -B1 --output=avail "$(dirname "$1")" | tail -n 1) || exit
[ -d "$1" ] || { echo "gone $free $(stat -c %u:%g "$(dirname "$1")") 700"; exit; }
echo "$(du -sb "$1" | cut -f 1) $free $(stat -c '%u:%g %a' "$1")"
"#;
/// Puts a copy where a folder was, which gets another name: nothing is ever written over. Asked again, it goes on.
const SWAP: &str = r#"
[ -e "$3" ] || { echo "$3 is not there" >&2; exit 66; }
if [ -e "$1" ]; then
  [ ! -e "$2" ] || { echo "$2 is there already" >&2; exit 73; }
  mv -T "$1" "$2"
fi
mv -T "$3" "$1"
"#;
/// Puts both back; nothing to do where nothing was set aside.
const PUT_BACK: &str = r#"
[ -e "$2" ] || exit 0
[ ! -e "$1" ] || mv -T "$1" "$3" || exit
mv -T "$2" "$1"
"#;
/// Removes a copy that we made, by the name that only our copies have. What a worker that died left copying is ended first: it
/// would write on into what is removed.
const DISCARD: &str = r#"
case $1 in *.copy-2*Z) ;; *) exit 64 ;; esac
writers() {
  for process in /proc/[0-9]*; do
    { read -r name < "$process/comm"; } 2> /dev/null || continue
    [ "$name" = pg_basebackup ] || continue
    { tr '\0' '\n' < "$process/cmdline"; } 2> /dev/null | grep -qxF -e "$1" && echo "${process#/proc/}"
  done
}
tries=0
while left=$(writers "$1"); [ -n "$left" ]; do
  [ "$tries" -lt 100 ] || { echo "process $left still copies into $1" >&2; exit 75; }
  kill -KILL $left; tries=$((tries + 1)); sleep 0.1
done
rm -rf -- "$1"
"#;
/// Makes a fresh copy a standby that belongs to whom the old one did; its settings come by standard input.
const DRESS: &str = r#"
set -e; umask 077
cat >> "$1/postgresql.auto.conf"; : > "$1/standby.signal"
chmod "$3" "$1"
[ "$(id -u)" != 0 ] || chown -R "$2" "$1"
"#;

/// Whether a server started on it follows another: `yes`, `no`.
const FOLLOWS: &str = r#"
[ -e "$1/PG_VERSION" ] || exit 66
for file in standby.signal recovery.conf; do [ ! -e "$1/$file" ] || { echo yes; exit; }; done
echo no
"#;

/// A data directory as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its bytes; none where it is not there.
    pub bytes: Option<u64>,
    /// What is free beside it.
    pub free: u64,
    /// `UID:GID`.
    pub owner: String,
    /// `700`.
    pub mode: String,
}

/// What `pg_controldata` says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The system identifier.
    pub system: String,
    /// `shut down`, `in production`…
    pub state: String,
    /// The last checkpoint's place.
    pub checkpoint: String,
    /// Its timeline.
    pub timeline: String,
}

/// Whether the data directory of a service is moved and copied by programs of this host.
pub fn is_here(service: &ServiceSpec) -> bool {
    let plain = |control: &ControlSpec| matches!(control.way, Way::Process(_) | Way::Systemd { .. }) && control.ssh.is_none();
    let access = &service.access;
    let are_tools_here = access.ssh.is_none() && !matches!(access.tools, ToolPlace::Image(_));
    let is_container = matches!(access.reach, Reach::Docker { .. } | Reach::Network { .. });
    service.control.as_ref().is_some_and(plain) && are_tools_here && !is_container
}

/// The data directory of a service, where its PID file lies in it: known while it is down, too.
pub fn of(service: &ServiceSpec) -> Option<String> {
    let Way::Process(process) = &service.control.as_ref()?.way else { return None };
    let is_its_own = process.pid_file.file_name().is_some_and(|name| name == "postmaster.pid");
    let folder = process.pid_file.parent().filter(|folder| is_its_own && folder.is_absolute())?;
    Some(folder.display().to_string())
}

/// Whether a server that is started on it follows another.
pub async fn follows(tools: &dyn Tools, path: &str) -> Result<bool, Failure> {
    script(tools, FOLLOWS, &[path]).await.map(|told| told == "yes")
}

/// Looks at a data directory.
pub async fn survey(tools: &dyn Tools, path: &str) -> Result<Folder, Failure> {
    let told = script(tools, SURVEY, &[path]).await?;
    let mut words = told.split_whitespace();
    let mut next = || words.next().unwrap_or_default().to_owned();
    let (bytes, free, owner, mode) = (next(), next(), next(), next());
    let free =
        free.parse().map_err(|_| Failure::new(FailureKind::Tool, format!("what is free beside {path} is not told: {told:?}")))?;
    Ok(Folder { bytes: bytes.parse().ok(), free, owner, mode })
}

/// Whose data it is, by the program of its major version.
pub async fn control(tools: &dyn Tools, path: &str, major: u16) -> Result<Control, Failure> {
    let run = Run { major: Some(major), ..Run::new("pg_controldata", ["-D", path]) };
    let told = client::output(tools.start(&run).await?, "pg_controldata").await?;
    let value = |key: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    Ok(Control {
        system: value("Database system identifier"),
        state: value("Database cluster state"),
        checkpoint: value("Latest checkpoint location"),
        timeline: value("Latest checkpoint's TimeLineID"),
    })
}

/// Puts a copy in its place; the old one is called `aside` from then on.
pub async fn swap(tools: &dyn Tools, path: &str, aside: &str, copy: &str) -> Result<(), Failure> {
    script(tools, SWAP, &[path, aside, copy]).await.map(drop)
}

/// Puts the old one back in its place, and the copy where it was.
pub async fn put_back(tools: &dyn Tools, path: &str, aside: &str, copy: &str) -> Result<(), Failure> {
    script(tools, PUT_BACK, &[path, aside, copy]).await.map(drop)
}

/// Removes a copy.
pub async fn discard(tools: &dyn Tools, copy: &str) -> Result<(), Failure> {
    script(tools, DISCARD, &[copy]).await.map(drop)
}

/// Makes a fresh copy a standby with these settings, of that owner and mode. The settings may hold a password: they go by no
/// argument.
pub async fn dress(tools: &dyn Tools, path: &str, like: &Folder, settings: &str) -> Result<(), Failure> {
    use tokio::io::AsyncWriteExt as _;
    let run = Run { input: true, ..sh(DRESS, &[path, &like.owner, &like.mode]) };
    let mut running = tools.start(&run).await?;
    if let Some(mut input) = running.stdin() {
        input.write_all(settings.as_bytes()).await?;
        input.shutdown().await?;
    }
    client::output(running, "sh").await.map(drop)
}

/// A file of the folder; empty where it is not there.
pub async fn read(tools: &dyn Tools, file: &str) -> Result<String, Failure> {
    script(tools, "[ ! -e \"$1\" ] || cat \"$1\"", &[file]).await
}

async fn script(tools: &dyn Tools, text: &str, args: &[&str]) -> Result<String, Failure> {
    client::output(tools.start(&sh(text, args)).await?, "sh").await.map(|told| told.trim().to_owned())
}

fn sh(text: &str, args: &[&str]) -> Run {
    Run::new("sh", ["-c", text, "sh"].into_iter().chain(args.iter().copied()))
}

/// A setting of `postgresql.auto.conf`: the last one counts.
pub fn setting(text: &str, name: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| line.split_once('='));
    let value = pairs.rfind(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(value).filter(|value| !value.is_empty())
}

/// The settings of a standby: connected as another standby of the same system was, but to this primary.
pub fn settings(conninfo: &str, host: &str, port: u16, name: &str, slot: &str) -> String {
    let ours = ["host", "hostaddr", "port", "application_name", "dbname", "replication"];
    let kept = conninfo.split_whitespace().filter(|pair| pair.split_once('=').is_some_and(|(key, _)| !ours.contains(&key)));
    let rest: Vec<&str> = kept.collect();
    let conninfo = format!("{} host={host} port={port} application_name={name}", rest.join(" ")).replace('\'', "''");
    format!("primary_conninfo = '{conninfo}'\nprimary_slot_name = '{slot}'\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_connects_as_another_did_but_to_its_own_primary() {
        let old =
            "# x\nprimary_conninfo = 'user=replicator passfile=''/a/pgpass'' host=10.0.0.1 port=5432 application_name=s1'\n";
        let conninfo = setting(old, "primary_conninfo").unwrap_or_default();
        assert_eq!(conninfo, "user=replicator passfile='/a/pgpass' host=10.0.0.1 port=5432 application_name=s1");
        let made = settings(&conninfo, "127.0.0.1", 6000, "db", "midwatch_db");
        assert_eq!(
            made,
            "primary_conninfo = 'user=replicator passfile=''/a/pgpass'' host=127.0.0.1 port=6000 application_name=db'\n\
             primary_slot_name = 'midwatch_db'\n"
        );
        assert_eq!(setting(&format!("{old}{made}"), "primary_slot_name").as_deref(), Some("midwatch_db"));
        assert_eq!(setting("primary_conninfo = ''", "primary_conninfo"), None);
    }
}
