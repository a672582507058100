use super::*;
use crate::domain::access::{Access, ToolPlace};

/// The access of a PostgreSQL with this beside its user, or all that is wrong with it.
fn read(body: &str) -> Result<Access, Vec<String>> {
    match load_text(&format!("[environments.e.services]\ns = {{ kind = 'postgres', user = 'u', {body} }}")) {
        Ok(mut config) => Ok(config.environments.remove(0).services.remove(0).access),
        Err(ConfigError::Wrong(problems)) => {
            Err(problems.iter().map(|p| format!("{} | {}", p.message, p.hint.as_deref().unwrap_or("-"))).collect())
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_service_is_reached_from_inside_its_container() {
    let access = read("reach = { docker = 'shop-db-1' }").unwrap();
    assert_eq!(access.reach, Reach::Docker { container: "shop-db-1".into() });
    assert_eq!((access.ssh, access.tools), (None, ToolPlace::Here));
}

#[test]
fn a_service_is_reached_from_beside_it_on_its_network() {
    let access =
        read("reach = { network = 'shop_default', tcp = 'db:5432' }, tools = { image = 'postgis/postgis:15-3.3' }").unwrap();
    assert_eq!(access.reach, Reach::Network { network: "shop_default".into(), host: "db".into(), port: 5432 });
    assert_eq!(access.tools, ToolPlace::Image("postgis/postgis:15-3.3".into()));
}

#[test]
fn another_host_may_stand_in_front_of_any_reach() {
    for reach in ["tcp = 'db:5432'", "unix = '/run/postgresql'", "docker = 'db'"] {
        assert_eq!(
            read(&format!("reach = {{ {reach}, ssh = 'ops@bastion' }}")).unwrap().ssh.as_deref(),
            Some("ops@bastion"),
            "{reach}"
        );
    }
}

#[test]
fn tools_are_here_in_a_folder_or_in_an_image() {
    let place = |tools: &str| read(&format!("reach = {{ tcp = 'a:1' }}, tools = {tools}")).unwrap().tools;
    assert_eq!(place("'here'"), ToolPlace::Here);
    assert_eq!(place("{ folder = '/usr/lib/postgresql/15/bin' }"), ToolPlace::Folder("/usr/lib/postgresql/15/bin".into()));
    assert_eq!(place("{ image = 'postgres:15' }"), ToolPlace::Image("postgres:15".into()));
}

const IMAGE: &str = "like tools = { image = \"postgres:15\" }";
const MISTAKES: [(&str, &str, &str); 14] = [
    ("reach = { docker = 'a', tcp = 'a:1' }", "a service has one reach", "remove tcp or docker"),
    ("reach = { docker = 'a', unix = '/s' }", "a service has one reach", "remove unix or docker"),
    (
        "reach = { docker = '--privileged' }",
        "reach.docker must be a name of Docker's",
        "docker ps and docker network ls list them",
    ),
    ("reach = { docker = 'a', network = 'n' }", "on a network a service is reached by tcp", "remove network"),
    (
        "reach = { network = 'n' }",
        "reach names a network, but not the service on it",
        "with tcp = \"db:5432\", as it is called there",
    ),
    ("reach = { network = 'n', tcp = 'db:1' }", "is on a network of Docker's, and needs an image for its tools to run in", IMAGE),
    ("reach = { network = 'n', tcp = 'db:1' }, tools = 'here'", "on a network of Docker's tools run in an image", IMAGE),
    (
        "reach = { tcp = 'a:1', ssh = '-oProxyCommand=x' }",
        "reach.ssh must be a host as ssh knows it",
        "like \"bastion\" or \"ops@db-1\"",
    ),
    ("reach = { tcp = 'a:1', shs = 'b' }", "unknown key \"shs\"", "did you mean \"ssh\"?"),
    ("reach = { tcp = 'a:1' }, tools = 'her'", "tools cannot be \"her\"", "did you mean \"here\"?"),
    (
        "reach = { tcp = 'a:1' }, tools = {}",
        "tools says not where",
        "with folder = \"/usr/lib/postgresql/15/bin\" or image = \"postgres:15\"",
    ),
    ("reach = { tcp = 'a:1' }, tools = { imgae = 'p:15' }", "unknown key \"imgae\"", "did you mean \"image\"?"),
    ("reach = { tcp = 'a:1' }, tools = { folder = '/f', image = 'p:15' }", "tools are in one place", "remove folder or image"),
    (
        "reach = { tcp = 'a:1' }, tools = { image = '--rm' }",
        "tools.image must be an image",
        "like \"postgres:15\": docker image ls lists them",
    ),
];

#[test]
fn mistakes_are_explained() {
    for (body, message, hint) in MISTAKES {
        let found = read(body).unwrap_err();
        let [only] = &found[..] else { panic!("{body}: {found:?}") };
        assert!(only.ends_with(&format!("{message} | {hint}")), "{body}: {only}");
    }
}
