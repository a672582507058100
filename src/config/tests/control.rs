use std::path::Path;
use std::time::Duration;

use super::*;
use crate::domain::control::{ControlSpec, StopSignal, Way};

/// The services of an environment, or all that is wrong with them.
fn services(body: &str) -> Result<Vec<crate::domain::service::spec::ServiceSpec>, Vec<String>> {
    match load_text(&format!("[environments.e.services]\n{body}")) {
        Ok(mut config) => Ok(config.environments.remove(0).services),
        Err(ConfigError::Wrong(problems)) => {
            Err(problems.iter().map(|p| format!("{} | {}", p.message, p.hint.as_deref().unwrap_or("-"))).collect())
        }
        Err(other) => panic!("{other}"),
    }
}

/// The control of a PostgreSQL that is reached like that.
fn control(reach: &str, control: &str) -> Result<ControlSpec, Vec<String>> {
    let one = format!("s = {{ kind = 'postgres', user = 'u', reach = {{ {reach} }}, control = {{ {control} }} }}");
    services(&one).map(|mut services| services.remove(0).control.unwrap())
}

#[test]
fn a_control_goes_through_the_host_that_the_reach_goes_through() {
    let spec = control("unix = '/run/db', ssh = 'db-1'", "systemd = 'postgresql@15-main'").unwrap();
    assert_eq!((spec.ssh.as_deref(), spec.to_string().as_str()), (Some("db-1"), "systemd postgresql@15-main on db-1"));
    let other = control("unix = '/run/db', ssh = 'db-1'", "docker = 'db', ssh = 'ops@db-2', grace = '2m'").unwrap();
    assert_eq!((other.ssh.as_deref(), other.grace), (Some("ops@db-2"), Duration::from_secs(120)));
}

#[test]
fn a_postgresql_is_asked_to_end_in_a_way_that_does_not_wait_for_its_clients() {
    let spec = control("tcp = 'db:5432'", "process = '/run/db.pid', start = ['/usr/bin/pg_ctl', 'start']").unwrap();
    let Way::Process(process) = spec.way else { panic!("{spec}") };
    assert_eq!((process.signal, process.pid_file.as_path()), (StopSignal::Int, Path::new("/run/db.pid")));
    assert_eq!(process.start, ["/usr/bin/pg_ctl", "start"]);
}

#[test]
fn compose_names_a_project_and_a_service() {
    let spec = control("docker = 'db'", "compose = 'shop/db'").unwrap();
    assert_eq!(spec.way, Way::Compose { project: "shop".into(), service: "db".into() });
    let wrong = control("docker = 'db'", "compose = 'db'").unwrap_err();
    assert!(wrong[0].contains("must be a project and a service | like \"shop/worker\""), "{wrong:?}");
}

#[test]
fn a_control_is_one_thing_and_no_option_of_a_program() {
    for (body, told) in [
        ("docker = 'a', compose = 'b/c'", "a service has one control | remove it, or docker"),
        ("grace = '5s'", "says not what holds the service up"),
        ("systemd = '--force'", "must be a unit of systemd"),
        ("docker = '-v'", "must be a container's name"),
        ("docker = 'a', ssh = '-oProxyCommand=x'", "must be a host as ssh knows it"),
        ("docker = 'a', signal = 'INT'", "this is of no use here | only a control by process has it"),
    ] {
        let wrong = control("docker = 'db'", body).unwrap_err();
        assert!(wrong.iter().any(|problem| problem.contains(told)), "{body}: {wrong:?}");
    }
}

#[test]
fn services_depend_on_others_that_are_there_and_never_on_themselves() {
    let app =
        |name: &str, on: &str| format!("{name} = {{ kind = 'http', reach = {{ tcp = '{name}:80' }}, depends_on = [{on}] }}\n");
    let good = services(&[app("web", "'api'"), app("api", "'cache'"), app("cache", "")].concat()).unwrap();
    assert_eq!(good[0].depends_on, ["api".into()]);
    for (body, told) in [
        (app("web", "'apl'"), "web depends on apl, which is no service here"),
        (app("web", "'web'"), "cannot be itself"),
        ([app("a", "'b'"), app("b", "'c'"), app("c", "'a'")].concat(), "a depends on itself: a → b → c → a"),
    ] {
        let wrong = services(&body).unwrap_err();
        assert!(wrong.iter().any(|problem| problem.contains(told)), "{body}: {wrong:?}");
    }
}
