#![allow(clippy::unwrap_used)]
use super::*;

fn access(reach: Reach, tools: ToolPlace) -> Access {
    Access { reach, ssh: None, tools, user: None, password: None, database: None, tls: Tls::Disable }
}

fn tcp() -> Reach {
    Reach::Tcp { host: "db".into(), port: 5432 }
}

fn container() -> Reach {
    Reach::Docker { container: "shop-db".into() }
}

fn image() -> ToolPlace {
    ToolPlace::Image("postgis/postgis:15".into())
}

/// The arguments up to the script, and those after it.
fn around_script(words: &[String]) -> (String, String) {
    let at = words.iter().position(|word| word.contains("unset PGHOST")).unwrap();
    (words[..at].join(" "), words[at + 1..].join(" "))
}

fn carried(access: &Access, run: &Run) -> (String, String) {
    around_script(&Route::to(access).unwrap().unwrap().run(run))
}

#[test]
fn each_reach_has_its_way() {
    let run = Run::new("pg_dump", ["-Fc"]);
    assert_eq!(Route::to(&access(tcp(), ToolPlace::Here)), Ok(None));
    assert_eq!(Route::to(&access(Reach::Unix("/run/pg".into()), ToolPlace::Folder("/opt/pg".into()))), Ok(None));
    let carried = |reach, tools| carried(&access(reach, tools), &run).0;
    assert_eq!(carried(container(), ToolPlace::Here), "docker exec -i shop-db sh -c");
    let fresh = "docker run --rm -i --pull never --entrypoint sh";
    assert_eq!(carried(container(), image()), format!("{fresh} --network container:shop-db postgis/postgis:15 -c"));
    assert_eq!(carried(tcp(), image()), format!("{fresh} --network host postgis/postgis:15 -c"));
    let unix = Reach::Unix("/run/pg/.s.PGSQL.5432".into());
    assert_eq!(carried(unix, image()), format!("{fresh} --network none -v /run/pg:/run/pg:ro postgis/postgis:15 -c"));
    let network = Reach::Network { network: "shop_default".into(), host: "db".into(), port: 5432 };
    assert_eq!(carried(network.clone(), image()), format!("{fresh} --network shop_default postgis/postgis:15 -c"));
    let failure = Route::to(&access(network, ToolPlace::Here)).unwrap_err();
    assert_eq!((failure.kind, failure.mend.as_deref()), (FailureKind::Config, Some("tools = { image = \"postgres:15\" }")));
}

#[test]
fn ssh_goes_in_front_of_any_and_every_word_is_quoted_once() {
    let access = Access { ssh: Some("bastion".into()), ..access(container(), ToolPlace::Here) };
    let run = Run { user: Some("postgres".into()), ..Run::new("psql", ["-c", "select 'x' || \"$HOME\""]) };
    let words = Route::to(&access).unwrap().unwrap().run(&run);
    let (command, options) = words.split_last().unwrap();
    assert!(options.join(" ").starts_with("ssh -o BatchMode=yes") && options.ends_with(&["--".into(), "bastion".into()]));
    assert!(command.starts_with("'docker' 'exec' '-i' '-u' 'postgres' 'shop-db' 'sh' '-c' '"));
    assert!(command.ends_with(r#"'--' 'psql' '-c' 'select '\''x'\'' || "$HOME"'"#), "{command}");
}

#[test]
fn rule_12_a_secret_is_named_and_never_told() {
    let run = Run {
        env: vec![("PGUSER".into(), "midwatch".into())],
        secrets: vec![("PGPASSWORD".into(), "canary".into())],
        major: Some(15),
        ..Run::new("pg_dump", ["-Fc"])
    };
    let (_, after) = carried(&access(container(), ToolPlace::Here), &run);
    assert_eq!(after, "midwatch line 15 - - PGUSER=midwatch PGPASSWORD -- pg_dump -Fc");
}
