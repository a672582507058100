//! A real packet filter before a listener of the test's own. Where it may not be changed, the tests say that they were skipped.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::*;
use crate::domain::access::{Access, Tls, ToolPlace};
use crate::domain::control::{ProcessSpec, StopSignal};
use crate::domain::firewall::{Fate, Toll, mark};
use crate::domain::job::JobId;
use crate::domain::recovery::Requires;
use crate::domain::time::Stamp;

const BRIEF: Duration = Duration::from_millis(500);

struct Ground {
    filter: Filter,
    at: SocketAddr,
    mark: String,
    _listener: TcpListener,
}

fn service(port: u16) -> ServiceSpec {
    let (user, password, database) = (None, None, None);
    let reach = Reach::Tcp { host: "127.0.0.1".to_owned(), port };
    let access = Access { reach, ssh: None, tools: ToolPlace::Here, user, password, database, tls: Tls::Disable };
    let process = ProcessSpec {
        pid_file: "/run/own.pid".into(),
        start: vec![],
        env: vec![],
        signal: StopSignal::Term,
        log: None,
        seen: vec![],
    };
    let control = ControlSpec { way: Way::Process(process), ssh: None, grace: Duration::ZERO };
    let (health, backup, depends_on) = (None, None, vec![]);
    let (name, kind) = ("own".into(), ServiceKind::Http);
    ServiceSpec {
        name,
        kind,
        access,
        health,
        backup,
        control: Some(control),
        depends_on,
        requires: Requires::default(),
        labels: BTreeMap::default(),
    }
}

fn filter(service: &ServiceSpec, exempt: Vec<Exempt>) -> Filter {
    Filter::new(service, service.control.as_ref().unwrap(), exempt, &Surroundings::inherited()).unwrap()
}

impl Ground {
    /// None where the packet filter may not be changed here.
    async fn new() -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let mark = mark(JobId(0), Stamp(i64::from(std::process::id()) * 100_000 + i64::from(at.port())));
        let ground = Self { filter: filter(&service(at.port()), vec![]), at, mark, _listener: listener };
        let cut = ground.cut(Fate::Lost, 1).await;
        match ground.filter.judge(&cut).await {
            Ok(_) => Some(ground),
            Err(failure) => {
                println!("SKIPPED, nothing was tested: {failure}");
                std::io::stderr().write_all(b"SKIPPED: the packet filter may not be changed here\n").unwrap();
                None
            }
        }
    }

    async fn cut(&self, fate: Fate, one_in: u32) -> Cut {
        let [gate] = <[Gate; 1]>::try_from(self.filter.gates(None).await.unwrap()).unwrap();
        let until = Stamp(jiff::Timestamp::now().as_millisecond()).after(Duration::from_secs(120));
        Cut { gate, toll: Toll { fate, one_in }, mark: self.mark.clone(), until }
    }

    fn connect(&self) -> Result<(), ErrorKind> {
        TcpStream::connect_timeout(&self.at, BRIEF).map(drop).map_err(|error| error.kind())
    }

    /// The rules for its port, as the kernel keeps them.
    async fn saved(&self) -> Vec<String> {
        let said = self.filter.run(&Place::Host { ssh: None }, "iptables-save", vec![]).await.unwrap();
        let port = format!("--dport {} ", self.at.port());
        said.out.lines().filter(|line| line.contains(&port)).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn rule_19_packets_are_kept_away_and_every_rule_is_found_again_by_whoever_comes() {
    let Some(ground) = Ground::new().await else { return };
    assert_eq!((ground.connect(), ground.saved().await), (Ok(()), vec![]));
    for (fate, seen) in [(Fate::Lost, ErrorKind::TimedOut), (Fate::Reset, ErrorKind::ConnectionRefused)] {
        let cut = ground.cut(fate, 1).await;
        ground.filter.cut(&cut).await.unwrap();
        assert_eq!(ground.connect(), Err(seen), "{:?}", ground.saved().await);
        assert_eq!(ground.saved().await.len(), 1);
        // Another one than who made it: it was told what was cut, and nothing else.
        let another = filter(&service(ground.at.port()), vec![]);
        let other = Cut { mark: "midwatch:drill-0:1".to_owned(), ..cut.clone() };
        assert_eq!(another.clear(&other).await, Ok(0), "another's rules are left");
        assert_eq!((another.clear(&cut).await, another.clear(&cut).await), (Ok(1), Ok(0)));
        assert_eq!((ground.connect(), ground.saved().await), (Ok(()), vec![]));
    }
}

#[tokio::test]
async fn rule_19_rules_for_a_part_of_the_packets_are_removed_by_what_is_printed_of_them() {
    let Some(ground) = Ground::new().await else { return };
    for one_in in [2, 4, 8, 32] {
        let cut = ground.cut(Fate::Reset, one_in).await;
        ground.filter.cut(&cut).await.unwrap();
        assert_eq!(ground.saved().await.len(), 1);
        ground.filter.clear(&cut).await.unwrap();
        assert_eq!(ground.saved().await, Vec::<String>::new(), "one in {one_in}");
    }
}

#[tokio::test]
async fn rule_19_connections_of_others_are_diverted_and_the_proxys_own_are_not() {
    let Some(ground) = Ground::new().await else { return };
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let cut = ground.cut(Fate::Diverted { to: proxy.local_addr().unwrap().port() }, 1).await;
    let mut old = TcpStream::connect(ground.at).unwrap();
    ground.filter.cut(&cut).await.unwrap();
    assert_eq!(ground.saved().await.len(), 2);
    let new = TcpStream::connect(ground.at).unwrap();
    assert_eq!(proxy.accept().unwrap().1, new.local_addr().unwrap(), "it came to the proxy");
    old.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = old.write_all(b"?");
    assert_eq!(old.read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset), "what there was is reset");
    let own = tokio::net::TcpSocket::new_v4().unwrap();
    own.set_reuseaddr(true).unwrap();
    own.bind(SocketAddr::from(([127, 0, 0, 1], fastrand::u16(crate::domain::firewall::OWN_PORTS)))).unwrap();
    proxy.set_nonblocking(true).unwrap();
    drop(own.connect(ground.at).await.unwrap());
    assert!(proxy.accept().is_err(), "it came to the service");
    ground.filter.clear(&cut).await.unwrap();
    assert_eq!(ground.saved().await, Vec::<String>::new());
}

#[tokio::test]
async fn rule_19_the_kernel_lets_a_rule_lapse_that_nobody_removes() {
    let Some(ground) = Ground::new().await else { return };
    let cut = ground.cut(Fate::Lost, 1).await;
    if ground.filter.judge(&cut).await == Ok(true) {
        let past = Cut { until: Stamp(jiff::Timestamp::now().as_millisecond()).before(Duration::from_secs(5)), ..cut.clone() };
        ground.filter.cut(&past).await.unwrap();
        assert_eq!((ground.connect(), ground.saved().await.len()), (Ok(()), 1), "it stands, and does nothing");
    }
    ground.filter.clear(&cut).await.unwrap();
    assert_eq!(ground.saved().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_listen_and_what_midwatch_needs_is_never_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let refusal = async |port: u16, exempt: Vec<Exempt>| filter(&service(port), exempt).gates(None).await.unwrap_err().what;
    let prometheus = Exempt::at("prometheus of shop", &format!("http://localhost:{port}/prefix"));
    assert!(refusal(port, prometheus.into_iter().collect()).await.contains("is prometheus of shop"));
    assert!(refusal(22, vec![]).await.contains("port 22 is ssh"));
    drop(listener);
    assert!(refusal(port, vec![]).await.contains(&format!("nothing listens at port {port} of this host")));
    let far = Exempt::at("prometheus", "https://prometheus.example").unwrap();
    assert_eq!((far.host.as_str(), far.port), ("prometheus.example", 443));
}
