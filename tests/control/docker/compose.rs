//! Containers with Compose's labels, made more and fewer.

use std::net::TcpListener;

use midwatch::demo::ports;
use midwatch::domain::control::{Phase, Way};
use midwatch::domain::failure::FailureKind;

use super::{DEAF, GOOD, compose_of, control_of, phases, run};
use crate::docker::{Docker, IMAGE, labels};

pub async fn are_scaled(docker: &Docker) {
    docker.succeed(&["network", "create", "shop_default"]);
    docker.succeed(&["network", "create", "shop_back"]);
    for number in [1, 2] {
        let name = format!("shop-worker-{number}");
        let networks =
            ["--network", "shop_default", "--network-alias", "worker", "--network-alias", &name, "--env", "COLOUR=blue"];
        composed(docker, "shop", "worker", number, &networks, GOOD);
        docker.succeed(&["network", "connect", "--alias", "back", "shop_back", &name]);
    }
    let once = [&labels("shop", "worker", 1)[..], &["--label".to_owned(), "com.docker.compose.oneoff=True".to_owned()]].concat();
    run(docker, "shop-worker-run", &once.iter().map(String::as_str).collect::<Vec<_>>(), GOOD);
    let control = compose_of(docker, "shop", "worker");
    let names = |all: &[u32]| -> Vec<(String, Phase)> {
        all.iter().map(|number| (format!("shop-worker-{number}"), Phase::Running)).collect()
    };
    assert_eq!(phases(&*control).await, names(&[1, 2]), "what ran once is no part of it");
    control.scale(4).await.unwrap();
    assert_eq!(phases(&*control).await, names(&[1, 2, 3, 4]));
    is_like_its_model(docker);
    control.scale(3).await.unwrap();
    assert_eq!(phases(&*control).await, names(&[1, 2, 3]));
    control.scale(1).await.unwrap();
    let stopped = ("shop-worker-2".to_owned(), Phase::Stopped);
    assert_eq!(phases(&*control).await, [&names(&[1])[..], std::slice::from_ref(&stopped)].concat(), "not ours: kept");
    control.scale(2).await.unwrap();
    assert_eq!(phases(&*control).await, names(&[1, 2]));
    somebody_has_the_name(docker).await;
    assert_eq!(phases(&*control).await, names(&[1, 2]));
}

/// The fourth is like the second, and is nobody's but midwatch's.
fn is_like_its_model(docker: &Docker) {
    let told = |what: &str| docker.succeed(&["inspect", "-f", what, "shop-worker-4"]);
    let label = |name: &str| told(&format!("{{{{index .Config.Labels \"{name}\"}}}}"));
    assert_eq!(label("com.docker.compose.project"), "shop");
    assert_eq!(label("com.docker.compose.container-number"), "4");
    assert_eq!(label("midwatch.made-from"), "shop-worker-2");
    assert!(told("{{.Config.Env}}").contains("COLOUR=blue"));
    assert_eq!(told("{{.Config.Image}}"), IMAGE);
    assert!(told("{{.Id}}").starts_with(&told("{{.Config.Hostname}}")), "not its model's host name");
    let aliases = told("{{.NetworkSettings.Networks.shop_default.Aliases}}");
    assert!(aliases.contains("worker ") && aliases.contains("shop-worker-4") && !aliases.contains("shop-worker-2"), "{aliases}");
    assert!(told("{{.NetworkSettings.Networks.shop_back.Aliases}}").contains("back"));
}

async fn somebody_has_the_name(docker: &Docker) {
    docker.succeed(&["create", "--name", "shop-worker-3", "--network", "none", IMAGE, "sh"]);
    let failure = compose_of(docker, "shop", "worker").scale(3).await.unwrap_err();
    assert!(failure.kind == FailureKind::Refused && failure.what.contains("shop-worker-3 is there already"), "{failure}");
    docker.succeed(&["rm", "shop-worker-3"]);
}

pub async fn what_cannot_be_two_is_refused_and_what_never_ran_is_removed(docker: &Docker) {
    let (web, proxy) = (ports::free().unwrap(), two_ports());
    composed(docker, "shop", "web", 1, &["--network", "shop_default", "-p", &format!("127.0.0.1:{web}:80")], GOOD);
    let control = compose_of(docker, "shop", "web");
    let failure = control.scale(2).await.unwrap_err();
    assert!(failure.kind == FailureKind::Refused && failure.what.contains(&format!("port {web}")), "{failure}");
    assert_eq!(phases(&*control).await.len(), 1);

    composed(docker, "shop", "proxy", 1, &["--network", "shop_default", "-p", &format!("127.0.0.1:{proxy}:80")], GOOD);
    let control = compose_of(docker, "shop", "proxy");
    let failure = control.scale(3).await.unwrap_err();
    assert!(failure.what.contains("shop-proxy-3 was not started") && failure.what.contains("ports are allocated"), "{failure}");
    let running = |number: u32| (format!("shop-proxy-{number}"), Phase::Running);
    assert_eq!(phases(&*control).await, [running(1), running(2)], "what never ran is not left behind");

    composed(docker, "shop", "deaf", 1, &["--network", "none"], DEAF);
    let way = Way::Compose { project: "shop".to_owned(), service: "deaf".to_owned() };
    let control = control_of(docker, way, 1);
    control.scale(2).await.unwrap();
    let failure = control.scale(1).await.unwrap_err();
    assert!(failure.kind == FailureKind::Stalled && failure.what.contains("shop-deaf-2"), "{failure}");
    assert_eq!(phases(&*control).await.len(), 2, "one that goes on is not removed");
}

/// A range of two ports that nobody listens on.
fn two_ports() -> String {
    let next_is_free = |port: &u16| TcpListener::bind(("127.0.0.1", port + 1)).is_ok();
    let first = std::iter::repeat_with(|| ports::free().unwrap()).find(next_is_free).unwrap();
    format!("{first}-{}", first + 1)
}

/// A container as Compose makes them.
pub fn composed(docker: &Docker, project: &str, service: &str, number: u32, options: &[&str], script: &str) {
    let labels = labels(project, service, number);
    let options: Vec<&str> = labels.iter().map(String::as_str).chain(options.iter().copied()).collect();
    run(docker, &format!("{project}-{service}-{number}"), &options, script);
}
