#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn rule_12_a_url_with_a_password_is_refused_without_quoting_it() {
    let fault = Http::new(&Endpoint::new("http://anna:hunter2@p:9090"), Budget::default()).unwrap_err();
    assert!(!fault.to_string().contains("hunter2") && fault.to_string().contains("credentials"), "{fault}");
    let fault = Http::new(&Endpoint::new("anna:hunter2@p:9090"), Budget::default()).unwrap_err();
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
}

#[test]
fn rule_12_nothing_secret_is_in_a_clients_debug_text() {
    let endpoint = Endpoint {
        headers: vec![("X-Scope".into(), "hunter2".into())],
        auth: Auth::Basic { user: "anna".into(), password: "hunter2".into() },
        ..Endpoint::new("http://p:9090")
    };
    let http = Http::new(&endpoint, Budget::default()).unwrap();
    let said = format!("{endpoint:?} {http:?}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_path_prefix_is_kept() {
    let http = Http::new(&Endpoint::new("http://p:9090/prom/"), Budget::default()).unwrap();
    assert_eq!(http.url("/api/v1/query").as_str(), "http://p:9090/prom/api/v1/query");
    assert_eq!(http.place(), "http://p:9090/prom");
}

#[test]
fn rule_12_a_query_goes_along_but_is_not_shown() {
    let http = Http::new(&Endpoint::new("http://p/health/?token=hunter2"), Budget::default()).unwrap();
    assert_eq!(http.url("").as_str(), "http://p/health/?token=hunter2");
    assert_eq!(http.url("/a?b").as_str(), "http://p/health/a%3Fb?token=hunter2");
    assert_eq!((http.place(), http.tried(Ask::get("/a", &[]))), ("http://p/health", "GET http://p/health/a".into()));
}

#[test]
fn only_this_host_is_loopback() {
    let is = |url: &str| is_loopback(&Url::parse(url).unwrap());
    assert!(is("http://localhost:1") && is("http://127.0.0.9:1") && is("http://[::1]:1"));
    assert!(!is("http://127.0.0.1.example.com") && !is("http://10.0.0.1"));
}
