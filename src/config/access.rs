//! How a service is reached, where its tools run and whether its connection is encrypted: `reach`, `tools`, `tls` and `ca` of
//! `[environments.NAME.services.NAME]`.

use crate::config::reader::{Complaint, Field, Table};
use crate::config::upstream::path;
use crate::config::value;
use crate::domain::access::{Reach, Tls, ToolPlace};
use crate::domain::service::ServiceKind;

/// The ways to a service, of which it has one.
const WAYS: [&str; 3] = ["tcp", "unix", "docker"];

/// Reads `reach`: the way, and the host that is gone through first.
pub fn reach(field: &Field<'_>, kind: Option<ServiceKind>) -> Option<(Reach, Option<String>)> {
    let table = field.table()?;
    let ways = WAYS.map(|way| table.take(way));
    let [network, ssh] = ["network", "ssh"].map(|key| table.take(key));
    judge(&table, &ways, network.as_ref());
    if kind == Some(ServiceKind::Http) {
        let [_, unix, docker] = &ways;
        for other in [unix, docker, &network, &ssh].into_iter().flatten() {
            other.misplaced("a service of kind \"http\" is reached by tcp", "like { tcp = \"app-1:8080\" }");
        }
    }
    let [tcp, unix, docker] = ways;
    let tcp = tcp.and_then(|field| field.parse_hidden(value::tcp));
    let ssh = ssh.and_then(|field| field.parse(host)).map(str::to_owned);
    let way = match network {
        Some(network) => network.parse(docker_name).zip(tcp).map(|(network, tcp)| beside(network, tcp)),
        None => tcp.or_else(|| unix.and_then(|field| path(&field)).map(Reach::Unix)).or_else(|| {
            docker.and_then(|field| field.parse(docker_name)).map(|name| Reach::Docker { container: name.to_owned() })
        }),
    };
    way.map(|way| (way, ssh))
}

/// One way, and a network only with the address on it.
fn judge(table: &Table<'_>, ways: &[Option<Field<'_>>; 3], network: Option<&Field<'_>>) {
    let told: Vec<usize> = (0..WAYS.len()).filter(|way| ways[*way].is_some()).collect();
    match (&told[..], network) {
        ([], Some(_)) => {
            table.complain("names a network, but not the service on it", "with tcp = \"db:5432\", as it is called there");
        }
        ([], None) if table.is_empty() => table.complain(
            "says not how the service is reached",
            "with tcp = \"db-1:5432\", unix = \"/run/…/socket\" or docker = \"container\"",
        ),
        ([first, others @ ..], _) => {
            for other in others {
                let hint = format!("remove {} or {}", WAYS[*first], WAYS[*other]);
                if let Some(field) = &ways[*other] {
                    field.misplaced("a service has one reach", hint);
                }
            }
            if let Some(field) = network.filter(|_| *first != 0) {
                field.misplaced("on a network a service is reached by tcp", "remove network");
            }
        }
        _ => {}
    }
}

fn beside(network: &str, tcp: Reach) -> Reach {
    match tcp {
        Reach::Tcp { host, port } => Reach::Network { network: network.to_owned(), host, port },
        other => other,
    }
}

/// Reads `tools`; a service on a network of Docker's needs an image.
pub fn tools(service: &Table<'_>, field: Option<&Field<'_>>, reach: Option<&Reach>) -> ToolPlace {
    let Some(field) = field else {
        if matches!(reach, Some(Reach::Network { .. })) {
            service.complain(
                "is on a network of Docker's, and needs an image for its tools to run in",
                "like tools = { image = \"postgres:15\" }",
            );
        }
        return ToolPlace::Here;
    };
    let place = place(field);
    if matches!(reach, Some(Reach::Network { .. })) && !matches!(place, None | Some(ToolPlace::Image(_))) {
        field.misplaced("on a network of Docker's tools run in an image", "like tools = { image = \"postgres:15\" }");
    }
    place.unwrap_or_default()
}

fn place(field: &Field<'_>) -> Option<ToolPlace> {
    if !field.is_table() {
        return field.word(&["here"], |word| (word == "here").then_some(ToolPlace::Here));
    }
    let table = field.table()?;
    let (folder, image) = (table.take("folder"), table.take("image"));
    match (&folder, &image) {
        (Some(_), Some(image)) => image.misplaced("tools are in one place", "remove folder or image"),
        (None, None) if table.is_empty() => {
            table.complain("says not where", "with folder = \"/usr/lib/postgresql/15/bin\" or image = \"postgres:15\"");
        }
        _ => {}
    }
    let folder = folder.and_then(|field| path(&field)).map(ToolPlace::Folder);
    folder.or_else(|| image.and_then(|field| field.parse(image_name)).map(|name| ToolPlace::Image(name.to_owned())))
}

/// A host as `ssh` knows it: nothing that would be read as an option.
pub fn host(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_alphanumeric() || "@.-_:[]%".contains(c);
    let good = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be a host as ssh knows it", "like \"bastion\" or \"ops@db-1\""))
}

/// The name or id of a container or a network.
fn docker_name(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be a name of Docker's", "docker ps and docker network ls list them"))
}

fn image_name(text: &str) -> Result<&str, Complaint> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/:@".contains(c);
    let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain);
    good.then_some(text).ok_or_else(|| Complaint::new("must be an image", "like \"postgres:15\": docker image ls lists them"))
}

/// A health check knows no encryption that is not verified.
pub fn tls(table: &Table<'_>, kind: Option<ServiceKind>) -> Tls {
    let modes: &[&str] = match kind {
        Some(ServiceKind::Http) => &["disable", "verify-full"],
        _ => &["disable", "require", "verify-full"],
    };
    let mode = table.take("tls").and_then(|field| field.word(modes, |word| mode_of(word).filter(|_| modes.contains(&word))));
    let ca = table.take("ca");
    match (mode.unwrap_or_default(), ca) {
        (Tls::VerifyFull { .. }, ca) => Tls::VerifyFull { ca: ca.and_then(|field| path(&field)) },
        (mode, ca) => {
            ca.inspect(|ca| ca.misplaced("ca is of no use here", "it is trusted with tls = \"verify-full\" alone"));
            mode
        }
    }
}

fn mode_of(word: &str) -> Option<Tls> {
    match word {
        "disable" => Some(Tls::Disable),
        "require" => Some(Tls::Require),
        "verify-full" => Some(Tls::VerifyFull { ca: None }),
        _ => None,
    }
}
