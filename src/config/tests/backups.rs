//! Repositories, and how services are backed up into them.

use super::errors::{problems, told};
use super::*;
use crate::domain::backup::policy::{Assertion, Policy};
use crate::domain::backup::{Compression, Method};
use crate::domain::repository::{Keep, RepositoryPlace};

#[test]
fn a_repository_is_a_folder_or_a_bucket() {
    let read = environment(
        r#"unattended = ["backup", "verify shop-db"]
        [environments.e.repositories]
        main = { path = "backups", encrypt = ["age1qyqszqgp"], identity = "file:/k", keep = { last = 3, proved = 4 } }
        far = { s3 = { bucket = "shop-backups", prefix = "/prod/", endpoint = "https://s3.example", access_key = "env:A", secret_key = "env:B" } }"#,
    );
    let [main, far] = &read.repositories[..] else { panic!("{:?}", read.repositories) };
    let RepositoryPlace::Folder(path) = &main.place else { panic!("{main:?}") };
    assert!(path.is_absolute() && path.ends_with("backups"));
    assert_eq!((main.encrypt.len(), &main.identity), (1, &Some(SecretRef::File("/k".into()))));
    assert_eq!(main.keep, Keep { last: 3, proved: 4, ..Keep::default() });
    let RepositoryPlace::S3 { prefix, region, .. } = &far.place else { panic!("{far:?}") };
    assert_eq!((prefix.as_str(), region.as_str(), far.place.to_string()), ("prod", "us-east-1", "s3://shop-backups/prod".into()));
    assert_eq!(read.unattended, ["backup", "verify shop-db"]);
    let secrets: Vec<_> = read.secrets().into_iter().map(|(name, _)| name).collect();
    assert_eq!(secrets, ["repositories.main.identity", "repositories.far.s3.access_key", "repositories.far.s3.secret_key"]);
}

#[test]
fn a_service_says_how_it_is_backed_up() {
    let read = environment(
        r#"repositories.main.path = "/b"
        [environments.e.services.db]
        kind = "postgres"
        reach.tcp = "db:5432"
        user = "u"
        [environments.e.services.db.backup]
        methods = ["physical", "logical"]
        databases = ["shop"]
        compression = "gzip"
        rpo = "6h"
        rto = "30m"
        assertions = [{ name = "orders", database = "shop", test = "SELECT true" }]
        [environments.e.services.cache]
        kind = "redis"
        reach.tcp = "cache:6379"
        backup = { assertions = [{ name = "cart", test = "cart:1" }] }"#,
    );
    let assertion =
        |name: &str, database: &str, test: &str| Assertion { name: name.into(), database: database.into(), test: test.into() };
    let db = Policy {
        repository: "main".into(),
        methods: vec![Method::Physical, Method::Logical],
        databases: vec!["shop".into()],
        compression: Compression::Gzip,
        rpo: Some(Duration::from_secs(6 * 3600)),
        rto: Some(Duration::from_secs(1800)),
        assertions: vec![assertion("orders", "shop", "SELECT true")],
    };
    assert_eq!(read.services[0].backup, Some(db));
    let cache = read.services[1].backup.as_ref().unwrap();
    assert_eq!((&cache.methods[..], cache.compression), (&[Method::Rdb][..], Compression::Zstd));
    assert_eq!(cache.assertions, [assertion("cart", "0", "cart:1")]);
}

/// What stands in `repositories.r = { … }`, and the end of the one problem of it.
const IN_REPOSITORY: [(&str, &str); 9] = [
    (
        "",
        r#"environments.e.repositories.r says not where it is | with path = "/var/backups/midwatch" or s3 = { bucket = "…", … }"#,
    ),
    ("path = '/b', s3 = {}", "a repository is in one place | remove path or s3"),
    (
        "s3 = { bucket = 'a/b', access_key = 'env:A', secret_key = 'env:B' }",
        "its name alone: 3 to 63 letters, digits, dots and dashes",
    ),
    ("s3 = { bucket = 'abc', prefix = 'a/../b', access_key = 'env:A', secret_key = 'env:B' }", r#"like "production/midwatch""#),
    ("s3 = { bucket = 'abc', access_key = 'env:A' }", r#"needs a "secret_key" | like secret_key = "file:/etc/midwatch/s3.key""#),
    ("path = '/b', encrypt = ['AGE-SECRET-KEY-1X']", "not what opens it | the age1… that age-keygen -y prints"),
    ("path = '/b', keep = { proved = 0 }", "keep.proved must be a whole number from 1 to 10000 | -"),
    ("path = '/b', keep = { lats = 3 }", r#"unknown key "lats" | did you mean "last"?"#),
    ("path = '/b', identity = 'AGE-SECRET-KEY-1X'", "write \"env:VARIABLE\" or \"cmd:command that prints it\""),
];

#[test]
fn mistakes_in_a_repository_are_explained() {
    for (body, expected) in IN_REPOSITORY {
        let found = problems(&format!("[environments.e]\nrepositories.r = {{ {body} }}"));
        let [one] = &found[..] else { panic!("{body}: {found:?}") };
        assert!(told(one).ends_with(expected), "{body}: {}", told(one));
        assert!(!one.to_string().contains("AGE-SECRET-KEY-1X"), "{one}");
    }
}

/// What stands in the `backup = { … }` of a Redis, and the end of the one problem of it.
const IN_BACKUP: [(&str, &str); 9] = [
    ("repository = 'mian'", r#"environments.e.services.s.backup.repository cannot be "mian" | did you mean "main"?"#),
    ("", r#"needs a "repository" | like repository = "main""#),
    ("repository = 'main', methods = ['logical']", r#"backup.methods[0] cannot be "logical" | known here: rdb"#),
    ("repository = 'main', methods = []", r#"backup.methods must name a method | like ["rdb"]"#),
    ("repository = 'main', methods = ['rdb', 'rdb']", r#""rdb" is there twice | name each method once"#),
    (
        "repository = 'main', databases = ['a']",
        r#"unknown key "databases" | known here: repository, methods, compression, rpo, rto, assertions"#,
    ),
    ("repository = 'main', rpo = '1s'", "it must be from 60s to 31622400s"),
    ("repository = 'main', compression = 'lz4'", r#"cannot be "lz4" | known here: zstd, gzip, none"#),
    (
        "repository = 'main', assertions = [{ name = 'a', database = 'x', test = 'k' }]",
        r#"must be the number of a database | like "0""#,
    ),
];

#[test]
fn mistakes_in_a_policy_are_explained() {
    for (body, expected) in IN_BACKUP {
        let found = problems(&format!(
            "[environments.e]\nrepositories = {{ main.path = '/a', far.path = '/b' }}\n\
             services.s = {{ kind = 'redis', reach.tcp = 'a:1', backup = {{ {body} }} }}"
        ));
        let [one] = &found[..] else { panic!("{body}: {found:?}") };
        assert!(told(one).ends_with(expected), "{body}: {}", told(one));
    }
}

#[test]
fn what_cannot_be_backed_up_is_said() {
    let found = problems(
        "[environments.e]\nrepositories = { main.path = '/a', also.path = '/a' }\n\
         services.s = { kind = 'http', reach.tcp = 'a:1', backup = {} }",
    );
    let found: Vec<_> = found.iter().map(told).collect();
    assert!(found[0].ends_with("also is in the same place as main | each repository has a place of its own"), "{found:?}");
    assert!(found[1].contains(r#"a service of kind "http" has no "backup""#), "{found:?}");
    let found =
        problems("[environments.e]\nservices.s = { kind = 'redis', reach.tcp = 'a:1', backup = { repository = 'main' } }");
    assert!(told(&found[0]).ends_with("add [environments.NAME.repositories.NAME]"), "{found:?}");
}
