//! Every mistake: where it is said to be, and what is said.

use super::*;

pub fn problems(body: &str) -> Vec<Problem> {
    match load_text(body) {
        Err(ConfigError::Wrong(problems)) => problems,
        other => panic!("expected problems in {body:?}, found {other:?}"),
    }
}

pub fn told(problem: &Problem) -> String {
    let at = problem.at.as_ref().map(|place| format!("{}:{} ", place.line, place.column)).unwrap_or_default();
    format!("{at}{} | {}", problem.message, problem.hint.as_deref().unwrap_or("-"))
}

/// What stands in `[environments.e]`, beginning at line 2, and the one problem of it.
const IN_ENVIRONMENT: [(&str, &str); 20] = [
    ("guardd = 'strict'", r#"2:1 unknown key "guardd" | did you mean "guard"?"#),
    ("guard = 'stritc'", r#"2:9 environments.e.guard cannot be "stritc" | did you mean "strict"?"#),
    ("guard = 'none'", r#"2:9 environments.e.guard cannot be "none" | known here: open, confirm, strict, read-only"#),
    ("color = 'redd'", r#"2:9 environments.e.color cannot be "redd" | did you mean "red"?"#),
    ("color = '#ff88'", r##"2:9 environments.e.color cannot be "#ff88" | written like "#ff8800""##),
    ("color = 3", "2:9 environments.e.color must be a string, not a number | -"),
    (
        "refresh = '15 bananas'",
        r#"2:11 environments.e.refresh cannot be "15 bananas" | a duration is written like "15s" or "1m 30s""#,
    ),
    ("refresh = '200ms'", r#"2:11 environments.e.refresh cannot be "200ms" | it must be from 1s to 3600s"#),
    ("refresh = 15", "2:11 environments.e.refresh must be a string, not a number | -"),
    ("refresh = 2026-11-22", "2:11 environments.e.refresh must be a string, not a date | -"),
    ("dashboards = 'a'", "2:14 environments.e.dashboards must be an array, not a string | -"),
    ("dashboards = ['a', 1]", "2:20 environments.e.dashboards[1] must be a string, not a number | -"),
    (
        "runbooks = ['a***']",
        "2:13 environments.e.runbooks[0] is no glob: wildcards are either regular `*` or recursive `**` \
         | * is any name, ** any folders, [ab] one of some letters",
    ),
    (
        "runbooks = ['']",
        r#"2:13 environments.e.runbooks[0] names no file | a path, a folder or a glob, like "dashboards/*.json""#,
    ),
    ("prometheus = true", "2:14 environments.e.prometheus must be a table, not true or false | -"),
    (
        "alertmanagers = [{ url = 'http://a' }, { url = 'http://a/' }]",
        "2:40 a second Alertmanager at http://a | each member of the cluster has an address of its own",
    ),
    (
        "signals = [{ name = 'a', query = '1' }, { name = 'a', query = '2' }]",
        r#"2:41 a second signal "a" | each signal has a name of its own"#,
    ),
    ("signals = [{ name = 'a', query = ' ' }]", "2:34 environments.e.signals[0].query must not be empty | -"),
    (
        "signals = [{ name = 'a', query = '1', warning = nan }]",
        "2:49 environments.e.signals[0].warning must be a finite number | -",
    ),
    (
        "services.'my db' = {kind='redis', reach={tcp='a:1'}}",
        "2:10 environments.e.services.my db has no good name | a name has up to 64 letters, digits, dots, dashes and underscores",
    ),
];

#[test]
fn mistakes_in_an_environment_are_explained() {
    for (body, expected) in IN_ENVIRONMENT {
        let found = problems(&format!("[environments.e]\n{body}"));
        assert_eq!(found.iter().map(told).collect::<Vec<_>>(), [expected], "{body}");
    }
}

const PLAIN: &str = "scheme, host, port and path alone: no ?query, no #fragment, no spaces";
const HOST: &str = r#"like "http://prometheus:9090""#;

/// What stands in `prometheus = { … }`, beginning at column 16, and the end of the one problem of it.
const IN_ENDPOINT: [(&str, &str, &str); 18] = [
    ("", r#"needs a "url""#, r#"like url = "http://prometheus:9090""#),
    ("url = 'prom:9090'", ".url must begin with http:// or https://", r#"like "https://prometheus.example.org/prefix""#),
    ("url = 'http://u:p@prom'", ".url must not hold credentials", r#"use basic = { user = "…", password = "file:…" } beside it"#),
    ("url = 'http://prom?x=1'", ".url must be a plain address", PLAIN),
    ("url = 'http://'", ".url must name a host", HOST),
    ("url = 'http://prom:99999'", ".url must name a host", HOST),
    ("url = 'http://[::1'", ".url must name a host", HOST),
    ("url = 'http://p', timeout = '5m'", r#".timeout cannot be "5m""#, "it must be from 1s to 120s"),
    ("url = 'http://p', bearer = 'env:9'", ".bearer names no environment variable", r#"like "env:PGPASSWORD""#),
    ("url = 'http://p', bearer = 'file:'", ".bearer names no file", r#"like "file:/etc/midwatch/password""#),
    ("url = 'http://p', bearer = 'cmd: '", ".bearer names no command", r#"like "cmd:pass show db""#),
    (
        "url = 'http://p', bearer = 'env:A', basic = { user = 'u', password = 'env:B' }",
        "basic and bearer cannot both be set",
        "a request says who it is from in one way: remove one of them",
    ),
    ("url = 'http://p', basic = { password = 'env:B' }", r#".basic needs a "user""#, r#"like user = "midwatch""#),
    ("url = 'http://p', client = { certificate = 'c' }", r#".client needs a "key""#, r#"like key = "client.key""#),
    (
        "url = 'http://p', headers = { 'a b' = 'c' }",
        "this is no name of a header",
        "a header's name has letters, digits and dashes",
    ),
    (
        "url = 'http://p', headers = { a = \"b\\n\" }",
        ".headers.a must be plain text",
        "a header's value has printable ASCII characters",
    ),
    ("url = 'http://p', headers = 'a: b'", ".headers must be a table, not a string", "-"),
    ("url = 'http://p', bearrer = 'x'", r#"unknown key "bearrer""#, r#"did you mean "bearer"?"#),
];

#[test]
fn mistakes_in_an_endpoint_are_explained() {
    for (body, message, hint) in IN_ENDPOINT {
        let found = problems(&format!("[environments.e]\nprometheus = {{ {body} }}"));
        let [problem] = &found[..] else { panic!("{body}: {found:?}") };
        assert!(problem.message.ends_with(message), "{body}: {}", problem.message);
        assert_eq!(problem.hint.as_deref().unwrap_or("-"), hint, "{body}");
        assert!(problem.at.as_ref().is_some_and(|place| place.line == 2 && place.column >= 14), "{body}: {problem}");
    }
}

/// What a service has besides a reach, and the one problem of it.
const IN_SERVICE: [(&str, &str); 15] = [
    ("kind = 'http', tls = 'require'", r#"environments.e.services.s.tls cannot be "require" | known here: disable, verify-full"#),
    ("", r#"environments.e.services.s needs a "kind" | like kind = "postgres""#),
    ("kind = 'postgre', user = 'u'", r#"environments.e.services.s.kind cannot be "postgre" | did you mean "postgres"?"#),
    ("kind = 'postgres'", r#"environments.e.services.s needs a "user" | like user = "midwatch""#),
    (
        "kind = 'postgres', user = 'u', health = { path = '/' }",
        r#"a service of kind "postgres" has no "health" | only kind "http" has it"#,
    ),
    ("kind = 'redis', database = 'x'", r#"a service of kind "redis" has no "database" | only kind "postgres" has it"#),
    (
        "kind = 'http', password = 'env:A'",
        r#"a service of kind "http" has no "password" | only kind "postgres" and "redis" has it"#,
    ),
    (
        "kind = 'redis', tls = 'verify-ful'",
        r#"environments.e.services.s.tls cannot be "verify-ful" | did you mean "verify-full"?"#,
    ),
    ("kind = 'redis', ca = 'x'", r#"ca is of no use here | it is trusted with tls = "verify-full" alone"#),
    ("kind = 'http', health = { path = 'healthz' }", r#"environments.e.services.s.health.path must be a path | like "/healthz""#),
    (
        "kind = 'http', health = { status = 99 }",
        "environments.e.services.s.health.status must be a whole number from 100 to 599 | -",
    ),
    (
        "kind = 'http', health = { status = 200.5 }",
        "environments.e.services.s.health.status must be a whole number from 100 to 599 | -",
    ),
    ("kind = 'redis', passwrd = 'x'", r#"unknown key "passwrd" | did you mean "password"?"#),
    ("kind = 'redis', user = []", "environments.e.services.s.user must be a string, not an array | -"),
    (
        "kind = 'redis', password = 'hunter2'",
        "environments.e.services.s.password must be a reference to the secret, not the secret itself | \
         put it into a file of mode 0600 and write \"file:/path\", or write \"env:VARIABLE\" or \"cmd:command that prints it\"",
    ),
];

#[test]
fn mistakes_in_a_service_are_explained() {
    for (body, expected) in IN_SERVICE {
        let found = problems(&format!("[environments.e.services]\ns = {{ reach = {{ tcp = 'a:1' }}, {body} }}"));
        let [problem] = &found[..] else { panic!("{body}: {found:?}") };
        assert_eq!(told(problem).split_once(' ').unwrap().1, expected, "{body}");
    }
}

const REACHES: [(&str, &str); 7] = [
    ("'a:1'", "reach must be a table, not a string"),
    ("{ tcp = 'a' }", "reach.tcp must be a host and a port"),
    ("{ tcp = ':1' }", "reach.tcp must be a host and a port"),
    ("{ tcp = '[zz]:1' }", "reach.tcp must be a host and a port"),
    ("{ tcp = 'a:0' }", "reach.tcp must be a host and a port"),
    ("{ tcp = 'a:1', unix = '/s' }", "a service has one reach"),
    ("{}", "reach says not how the service is reached"),
];

#[test]
fn mistakes_in_a_reach_are_explained() {
    for (reach, expected) in REACHES {
        let found = problems(&format!("[environments.e.services]\ns = {{ kind = 'redis', reach = {reach} }}"));
        let [problem] = &found[..] else { panic!("{reach}: {found:?}") };
        assert!(problem.message.ends_with(expected), "{reach}: {}", problem.message);
    }
}

#[test]
fn a_reach_that_is_not_known_names_those_that_are() {
    let found = problems("[environments.e.services]\ns = { kind = 'redis', reach = { pigeon = 'redis-1' } }");
    let all: Vec<_> = found.iter().map(ToString::to_string).collect();
    let known = "known here: tcp, unix, docker, network, ssh";
    assert!(all.iter().any(|told| told.contains("unknown key \"pigeon\"") && told.contains(known)), "{all:?}");
    let http = problems("[environments.e.services]\ns = { kind = 'http', reach = { unix = '/s' } }");
    assert_eq!(http[0].message, "a service of kind \"http\" is reached by tcp");
}

#[test]
fn mistakes_at_the_top_are_explained() {
    let table = [
        ("", "the configuration has no environment | begin with [environments.production]"),
        ("[environments]", "the configuration has no environment | begin with [environments.production]"),
        ("envronments = {}\n[environments.e]", r#"1:1 unknown key "envronments" | did you mean "environments"?"#),
        ("environment = 'stagin'\n[environments.staging]", r#"1:15 environment cannot be "stagin" | did you mean "staging"?"#),
        ("ascii = 'yes'\n[environments.e]", "1:9 ascii must be true or false, not a string | -"),
        ("[environments.e]\n[environments.e]", "2:15 this key is set twice | -"),
        ("ascii = yes", "1:9 string values must be quoted, expected literal string | -"),
    ];
    for (body, expected) in table {
        assert_eq!(problems(body).iter().map(told).collect::<Vec<_>>(), [expected], "{body}");
    }
}

/// As an operator at 03:00 might leave it.
const MANY: &str = include_str!("../../../tests/fixtures/config/many.toml");

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    insta::assert_snapshot!(load_text(MANY).unwrap_err().to_string());
}

#[test]
fn rule_12_no_mistake_repeats_a_secret() {
    const CANARY: &str = "hunter2";
    let mistakes = [
        "[environments.e.services.s]\nkind = 'redis'\npassword = 'CANARY'",
        "[environments.e.services.s]\nkind = 'http'\npassword = 'CANARY'",
        "[environments.e.services.s]\npasswrd = 'CANARY'",
        "[environments.e.services.s]\npassword = { value = 'CANARY' }",
        "[environments.e.services.s]\npassword = ['CANARY']",
        "[environments.e.services.s]\nreach = 'redis://:CANARY@cache'",
        "[environments.e.services.s]\nreach = { tcp = 'u:CANARY@cache:1' }",
        "[environments.e.services.s]\nreach = { tpc = 'x', password = 'CANARY' }",
        "[environments.e.prometheus]\nurl = 'http://u:CANARY@prom'",
        "[environments.e.prometheus]\nurl = 'u:CANARY@prom'",
        "[environments.e.prometheus]\nurl = 'http://prom/?token=CANARY'",
        "[environments.e.prometheus]\nbasic = 'u:CANARY'",
        "[environments.e.prometheus]\nbasic = { user = 'u', passwrod = 'CANARY' }",
        "[environments.e.prometheus]\nbasic = { password = 'CANARY', usr = 'u' }",
        "[environments.e.prometheus]\nbearer = 'CANARY'",
        "[environments.e.prometheus]\nbearer = 'env:CANARY!'",
        "[environments.e.prometheus]\nheaders = { Authorization = 'Bearer CANARY' }",
        "[environments.e.prometheus]\nheaders = { X-Api-Key = 'CANARY', 'bad name' = 'CANARY' }",
        "[environments.e.prometheus]\nheaders = { X-Team = \"CANARY\\n\" }",
        "[environments.e]\nguard = { password = 'CANARY' }",
        "[environments.e]\nrefresh = 1 # the password is CANARY",
        "password = CANARY",
        "password = 'CANARY",
        "password = \"\"\"\nCANARY \\q\n\"\"\"",
        "password CANARY",
        "password = 'a'\npassword = 'CANARY'",
    ];
    for mistake in mistakes {
        let told = load_text(&mistake.replace("CANARY", CANARY)).unwrap_err().to_string();
        assert!(!told.contains(CANARY), "{mistake}\n{told}");
    }
}

#[test]
fn rule_12_whatever_character_is_lost_no_secret_is_told() {
    const SECRETS: [&str; 2] = ["hunter2", "correct horse"];
    for at in SECRETS.iter().flat_map(|secret| line_around(MANY.find(secret).unwrap())) {
        let (before, after) = (&MANY[..at], &MANY[at + 1..]);
        for body in [before.to_owned(), format!("{before}{after}"), format!("{before}\"{after}"), format!("{before}\n{after}")] {
            let told = load_text(&body).unwrap_err().to_string();
            assert!(!SECRETS.iter().any(|secret| told.contains(secret)), "{at}: {told}");
        }
    }
}

/// The line with this byte in it, and the end of the line before.
fn line_around(at: usize) -> std::ops::Range<usize> {
    MANY[..at].rfind('\n').unwrap()..at + MANY[at..].find('\n').unwrap()
}
