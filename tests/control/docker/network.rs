//! A container that is cut off: the rules stand in its own network, keep others away, and leave its loopback alone.

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use midwatch::adapters::firewall::Filter;
use midwatch::adapters::tools::surroundings::Surroundings;
use midwatch::domain::access::{Access, Reach, Tls, ToolPlace};
use midwatch::domain::control::{ControlSpec, Way};
use midwatch::domain::firewall::{Cut, Fate, Place, Toll, mark};
use midwatch::domain::job::JobId;
use midwatch::domain::recovery::Requires;
use midwatch::domain::service::ServiceKind;
use midwatch::domain::service::spec::ServiceSpec;
use midwatch::domain::time::Stamp;
use midwatch::ports::firewall::Firewall;

use crate::docker::{Docker, IMAGE};

const BRIEF: Duration = Duration::from_millis(500);
/// The two ends of a line into the container: of a network that documents may use, and nobody else does.
const OURS: &str = "192.0.2.77/31";
const THEIRS: &str = "192.0.2.76/31";

fn service() -> ServiceSpec {
    let (user, password, database) = (None, None, None);
    let reach = Reach::Tcp { host: "192.0.2.76".to_owned(), port: 6379 };
    let access = Access { reach, ssh: None, tools: ToolPlace::Here, user, password, database, tls: Tls::Disable };
    let control = ControlSpec { way: Way::Docker { container: "cut".to_owned() }, ssh: None, grace: Duration::from_secs(2) };
    let (health, backup, depends_on, requires) = (None, None, vec![], Requires::default());
    let (name, kind) = ("redis".into(), ServiceKind::Redis);
    let labels = std::collections::BTreeMap::new();
    ServiceSpec { name, kind, access, health, backup, control: Some(control), depends_on, requires, labels }
}

fn root(program: &str, words: &[&str]) -> bool {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    Command::new(program).args(words).env("PATH", path).stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn connects() -> bool {
    let at: SocketAddr = "192.0.2.76:6379".parse().unwrap();
    TcpStream::connect_timeout(&at, BRIEF).is_ok()
}

/// A line from this host into the container; gone with the container.
fn line(docker: &Docker) -> bool {
    let pid = docker.succeed(&["inspect", "-f", "{{.State.Pid}}", "cut"]);
    let name = format!("mw{pid}");
    root("ip", &["link", "add", &name, "type", "veth", "peer", "name", "eth0", "netns", &pid])
        && root("ip", &["addr", "add", OURS, "dev", &name])
        && root("ip", &["link", "set", &name, "up"])
        && root("nsenter", &["-t", &pid, "-n", "ip", "addr", "add", THEIRS, "dev", "eth0"])
        && root("nsenter", &["-t", &pid, "-n", "ip", "link", "set", "eth0", "up"])
}

pub async fn a_container_is_cut_off_and_let_through_again(docker: &Docker) {
    let server = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", "/tmp"];
    docker.succeed(&[&["run", "-d", "--network", "none", "--name", "cut", IMAGE][..], &server].concat());
    let well = || docker.run(&["exec", "cut", "redis-cli", "PING"]).stdout.starts_with(b"PONG");
    docker.eventually("a Redis in a container", well);
    let around = Surroundings::inherited().with_docker(docker.host());
    let (service, mark) = (service(), mark(JobId(1), Stamp(i64::from(std::process::id()))));
    let filter = Filter::new(&service, service.control.as_ref().unwrap(), vec![], &around).unwrap();
    let gates = filter.gates(None).await.unwrap();
    assert!(gates.len() == 1 && gates[0].port == 6379, "{gates:?}");
    assert!(matches!(&gates[0].place, Place::Container { name, .. } if name == "cut"), "{gates:?}");
    let until = Stamp(jiff::Timestamp::now().as_millisecond()).after(Duration::from_secs(120));
    let cut = Cut { gate: gates[0].clone(), toll: Toll { fate: Fate::Lost, one_in: 1 }, mark, until };
    if let Err(failure) = filter.judge(&cut).await {
        eprintln!("skipped: the packet filter of a container may not be changed here: {failure}");
        return;
    }
    if !line(docker) {
        eprintln!("skipped: no line into a container can be made here");
        return;
    }
    docker.eventually("the line is up", connects);
    filter.cut(&cut).await.unwrap();
    assert!(!connects() && well(), "others are kept away, and its own health check is not");
    assert_eq!((filter.clear(&cut).await, filter.clear(&cut).await), (Ok(1), Ok(0)));
    assert!(connects());
    filter.cut(&cut).await.unwrap();
    docker.succeed(&["restart", "-t", "1", "cut"]);
    docker.eventually("it runs again", well);
    assert_eq!(filter.clear(&cut).await, Ok(0), "its rules have ended with its network");
    let diverted = Cut { toll: Toll { fate: Fate::Diverted { to: 7000 }, one_in: 1 }, ..cut.clone() };
    let refused = filter.judge(&diverted).await.unwrap_err();
    assert!(refused.what.contains("a proxy stands on this host, not on the container cut"), "{refused}");
    docker.succeed(&["rm", "-f", "cut"]);
    assert_eq!(filter.clear(&cut).await, Ok(0), "nor is anything left of one that is gone");
}
