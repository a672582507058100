//! Which file wins.

use std::os::unix::fs::PermissionsExt;

use super::*;

const FAR: &str = r#"
environment = "production"
theme = "far"
ascii = true
[environments.production]
color = "red"
guard = "strict"
[environments.production.prometheus]
url = "http://far:9090"
bearer = "env:FAR_TOKEN"
[environments.production.services]
db = { kind = "postgres", user = "far", password = "env:FAR", reach = { tcp = "far:5432" } }
cache = { kind = "redis", reach = { tcp = "far:6379" } }
"#;

const NEAR: &str = r#"
theme = "near"
[environments.staging]
[environments.production]
color = "blue"
prometheus = { url = "http://near:9090" }
services.db = { kind = "postgres", user = "near", reach = { tcp = "near:5432" } }
"#;

fn layered(near: Option<&str>, user: Option<&str>, system: Option<&str>, overrides: &Overrides) -> Result<Config, ConfigError> {
    let root = tempfile::tempdir().unwrap();
    for (folder, body) in [("", near), ("user/midwatch", user), ("etc/midwatch", system)] {
        let folder = root.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        if let Some(body) = body {
            std::fs::write(folder.join("midwatch.toml"), body).unwrap();
        }
    }
    load(overrides, &places(root.path()))
}

#[test]
fn files_lie_over_each_other_key_by_key_and_environments_by_name() {
    let config = layered(Some(NEAR), None, Some(FAR), &Overrides::default()).unwrap();
    assert_eq!((config.theme, config.ascii, config.files.len()), (Choice::Named("near".into()), true, 2));
    assert_eq!(names(&config.environments), ["staging", "production"]);
    let production = &config.environments[1];
    assert_eq!((production.color, production.guard), (Colour::Ansi(4), Guard::Strict));
}

#[test]
fn rule_12_a_credential_never_goes_to_an_address_from_another_file() {
    let config = layered(Some(NEAR), None, Some(FAR), &Overrides::default()).unwrap();
    let production = &config.environments[1];
    let prometheus = production.prometheus.as_ref().unwrap();
    assert_eq!((prometheus.url.as_str(), &prometheus.auth), ("http://near:9090", &None));
    let [db, cache] = &production.services[..] else { panic!("{:?}", production.services) };
    assert_eq!((db.access.user.as_deref(), &db.access.password, cache.name.as_str()), (Some("near"), &None, "cache"));
}

#[test]
fn every_place_is_read_and_the_nearest_wins() {
    let theme = |name: &str| format!("theme = '{name}'\n[environments.{name}]");
    let [near, user, system] = ["near", "user", "system"].map(theme);
    let config = layered(None, Some(&user), Some(&system), &Overrides::default()).unwrap();
    assert_eq!(config.theme, Choice::Named("user".into()));
    let config = layered(Some(&near), Some(&user), Some(&system), &Overrides::default()).unwrap();
    assert_eq!(names(&config.environments), ["near", "user", "system"]);
}

#[test]
fn a_chosen_file_is_the_only_one() {
    let overrides = Overrides { config: Some("etc/midwatch/midwatch.toml".into()), ..Overrides::default() };
    let config = layered(Some(NEAR), None, Some(FAR), &overrides).unwrap();
    assert_eq!((config.theme, config.files.len()), (Choice::Named("far".into()), 1));
}

#[test]
fn flags_are_above_every_file() {
    let overrides =
        Overrides { environment: Some("staging".into()), theme: Some("./t.toml".into()), ascii: true, ..Overrides::default() };
    let config = layered(Some(NEAR), None, None, &overrides).unwrap();
    assert_eq!((config.environment.as_str(), config.ascii), ("staging", true));
    assert!(matches!(config.theme, Choice::File(path) if path.is_absolute()));
}

#[test]
fn a_flag_that_names_no_environment_is_a_problem() {
    let overrides = Overrides { environment: Some("stagin".into()), ..Overrides::default() };
    let told = layered(Some(NEAR), None, Some(FAR), &overrides).unwrap_err().to_string();
    assert!(told.contains("MIDWATCH_ENVIRONMENT: there is no environment \"stagin\"\n  did you mean \"staging\"?"), "{told}");
}

#[test]
fn a_problem_names_the_file_it_is_in() {
    let told =
        layered(Some("gaurd = 1"), None, Some("[environments.p]\ncolr = 2"), &Overrides::default()).unwrap_err().to_string();
    assert!(told.contains("midwatch.toml:1:1: unknown key \"gaurd\""), "{told}");
    assert!(told.contains("etc/midwatch/midwatch.toml:2:1: unknown key \"colr\""), "{told}");
}

#[test]
fn broken_syntax_in_one_file_does_not_judge_the_others_without_it() {
    let told = layered(Some("environment = 'p'"), None, Some("[environments.p"), &Overrides::default()).unwrap_err().to_string();
    assert!(told.ends_with("One problem in the configuration.") && told.contains("etc/midwatch/midwatch.toml:1:"), "{told}");
}

#[test]
fn without_any_file_it_is_said_where_they_go_and_what_to_put_there() {
    let error = layered(None, None, None, &Overrides::default()).unwrap_err();
    let ConfigError::Missing { looked } = &error else { panic!("{error}") };
    let told = error.to_string();
    assert!(looked.len() == 3 && looked.iter().all(|path| told.contains(&*path.to_string_lossy())));
    assert!(told.contains(STARTER.trim_end()));
}

#[test]
fn a_chosen_file_that_is_not_there_is_a_problem() {
    let overrides = Overrides { config: Some("elsewhere.toml".into()), ..Overrides::default() };
    let told = layered(Some(NEAR), None, None, &overrides).unwrap_err().to_string();
    assert!(told.starts_with("elsewhere.toml cannot be read: No such file"), "{told}");
}

#[test]
fn a_file_that_anybody_may_write_to_is_followed_only_when_it_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("midwatch.toml");
    std::fs::write(&file, STARTER).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let told = load(&Overrides::default(), &places(root.path())).unwrap_err().to_string();
    assert!(told.contains("is not followed: anybody may write to it"), "{told}");
    let named = Overrides { config: Some(file), ..Overrides::default() };
    assert!(load(&named, &places(root.path())).is_ok());
}
