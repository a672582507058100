//! Bad days on the whole console: whatever Prometheus and the Alertmanagers do, keys answer, the memory stays small, the screen says
//! what is wrong and how old its data is, and nothing from outside reaches the terminal raw.

use std::fs;

use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::host::until;
use crate::pty::{ENTER, ESC, LARGE, SOON, Terminal, midwatch};
use crate::server::{Behaviour, Server};
use crate::strict;

/// What the console may take at its worst, MiB.
const MOST_MEMORY: u64 = 150;

/// A console on a dashboard of ten panels, before two servers that can be turned bad.
struct Day {
    console: Terminal,
    prometheus: Server,
    alertmanager: Server,
    _home: TempDir,
    _runtime: Runtime,
}

impl Day {
    fn begin(prometheus: Behaviour, alertmanager: Behaviour, timeout: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let prometheus = runtime.block_on(Server::start(prometheus));
        let alertmanager = runtime.block_on(Server::start(alertmanager));
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("ten.json"), dashboard().to_string()).unwrap();
        let config = format!(
            "[environments.bad]\nrefresh = \"1s\"\ndashboards = [\"ten.json\"]\n\
             prometheus = {{ url = \"{}\", timeout = \"{timeout}\" }}\nalertmanagers = [{{ url = \"{}\", timeout = \"{timeout}\" }}]\n\
             [[environments.bad.signals]]\nname = \"traffic\"\nquery = \"traffic\"\n",
            prometheus.url, alertmanager.url
        );
        let file = home.path().join("one.toml");
        fs::write(&file, config).unwrap();
        let console = Terminal::run(midwatch(home.path(), &["--config", file.to_str().unwrap()]), LARGE);
        console.see(" bad ");
        Self { console, prometheus, alertmanager, _home: home, _runtime: runtime }
    }

    /// A good day so far, with data in all ten panels.
    fn good(timeout: &str) -> Self {
        let mut day = Self::begin(Behaviour::By(healthy), Behaviour::By(healthy), timeout);
        day.open();
        day.console.until("data in all ten panels", |screen| {
            let text = screen.contents();
            // A frame comes in pieces: that nothing is loading says nothing before the last panel shows something else.
            let last = text.rsplit("Panel ").next().unwrap_or_default();
            last.contains(|c| ('\u{2801}'..='\u{28ff}').contains(&c)) && !text.contains("loading")
        });
        day.console.see("prometheus <");
        day.console.see("alertmanager <");
        day
    }

    fn open(&mut self) {
        self.console.press("2");
        self.console.see("Dashboards 1");
        self.console.press(ENTER);
        self.console.see("Panel j");
    }

    /// Help opens and closes, screens change.
    fn assert_keys_answer(&mut self) {
        self.console.press("?");
        self.console.see("any other key closes");
        self.console.press("?");
        self.console.see_no("any other key closes");
        self.console.press("1");
        self.console.see("Signals, last 15m");
        self.console.press("2");
        self.console.see("Panel j");
    }

    fn assert_small(&self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.console.process().pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10;
        println!("peak: {peak} MiB");
        assert!(peak < MOST_MEMORY, "{peak} MiB");
    }

    fn end(mut self) {
        self.assert_keys_answer();
        self.assert_small();
        self.console.press("q");
        assert_eq!(self.console.end(), 0);
        assert_eq!(strict::foreign(&self.console.raw()), Vec::<String>::new());
    }
}

/// Ten panels, `Panel a` to `Panel j`, that all fit on a large screen.
fn dashboard() -> serde_json::Value {
    let panels: Vec<_> = ('a'..='j')
        .zip(0..)
        .map(|(letter, n)| {
            json!({ "id": n + 1, "type": "timeseries", "title": format!("Panel {letter}"),
                    "gridPos": { "x": n % 2 * 12, "y": n / 2 * 4, "w": 12, "h": 4 },
                    "targets": [{ "refId": "A", "expr": format!("panel_{letter}") }] })
        })
        .collect();
    json!({ "title": "Ten \u{1b}]0;pwned\u{7}", "uid": "ten", "schemaVersion": 39, "panels": panels,
            "time": { "from": "now-15m", "to": "now" } })
}

/// A Prometheus and an Alertmanager without a care, in one.
fn healthy(request: &str) -> Behaviour {
    answer(request, &json!({ "job": "app" }), "")
}

/// Answers with a series of these labels, up to the time that was asked for, and with an alert of them.
fn answer(request: &str, labels: &serde_json::Value, warning: &str) -> Behaviour {
    let path = request.split_whitespace().nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let good = |data: serde_json::Value| {
        let warnings: Vec<&str> = Some(warning).filter(|w| !w.is_empty()).into_iter().collect();
        Behaviour::ok(&json!({ "status": "success", "data": data, "warnings": warnings }).to_string())
    };
    let now = time(request);
    let mut alert = labels.clone();
    alert["alertname"] = "Ghost".into();
    alert["severity"] = "critical".into();
    match path {
        "/api/v1/query_range" => {
            let values: Vec<_> = (0..60).rev().map(|n| json!([now - f64::from(n) * 5.0, n.to_string()])).collect();
            good(json!({ "resultType": "matrix", "result": [{ "metric": labels, "values": values }] }))
        }
        "/api/v1/query" => good(json!({ "resultType": "vector", "result": [{ "metric": labels, "value": [now, "1"] }] })),
        "/api/v1/rules" => good(json!({ "groups": [{ "name": "g", "file": "f", "interval": 1, "rules": [{
            "type": "alerting", "name": "Ghost", "query": "ghost > 1", "duration": 0, "health": "ok",
            "alerts": [{ "labels": alert, "state": "firing", "activeAt": "2026-11-22T02:00:00Z", "value": "2" }] }] }] })),
        "/api/v1/targets" => good(json!({ "activeTargets": [] })),
        "/api/v1/alertmanagers" => good(json!({ "activeAlertmanagers": [{ "url": "http://am:9093/api/v2/alerts" }] })),
        "/api/v2/alerts" => Behaviour::ok(
            &json!([{ "fingerprint": "f1", "labels": alert, "annotations": { "summary": labels["summary"].as_str().unwrap_or("boo") },
                "receivers": [{ "name": "ops" }], "startsAt": "2026-11-22T02:00:00Z", "updatedAt": "2026-11-22T02:00:00Z",
                "endsAt": "2036-11-22T02:00:00Z", "status": { "state": "active", "silencedBy": [], "inhibitedBy": [] } }])
            .to_string(),
        ),
        "/api/v2/status" => Behaviour::Alertmanager,
        "/api/v2/silences" => Behaviour::ok("[]"),
        _ => good(json!([])),
    }
}

/// The end of what is asked for: on the server's own clock.
fn time(request: &str) -> f64 {
    let parameters = request.split(['&', '?', '\n', ' ']);
    let given = parameters.filter_map(|part| part.strip_prefix("end=").or_else(|| part.strip_prefix("time=")));
    given.filter_map(|text| text.trim().parse().ok()).next_back().unwrap_or(0.0)
}

/// A good day that turns bad: what was seen stays, with its age and the reason, until all is well again.
fn turns_bad(behaviour: Behaviour, words: &[&str]) {
    let count =
        |text: &str, before: &str| words.iter().map(|word| text.matches(&format!("{before}: {word}")).count()).sum::<usize>();
    let mut day = Day::good("2s");
    day.prometheus.turn(behaviour.clone());
    day.alertmanager.turn(behaviour);
    day.console.until(&format!("every panel is stale: {words:?}"), |screen| {
        count(&screen.contents(), "s") >= 10 && screen.contents().matches("stale ").count() >= 10
    });
    day.console.until("the context bar tells", |screen| {
        let bar = screen.rows(0, LARGE.0).next().unwrap_or_default();
        count(&bar, " old") == 2
    });
    day.assert_keys_answer();
    day.console.press("3");
    day.console.see_line(&["Ghost", "unconfirmed"]);
    day.console.press("2");
    day.prometheus.turn(Behaviour::By(healthy));
    day.alertmanager.turn(Behaviour::By(healthy));
    day.console.press("r");
    day.console.see_no("stale ");
    day.console.see("prometheus <");
    day.console.see("alertmanager <");
    day.end();
}

macro_rules! bad_days {
    ($($name:ident: $behaviour:expr => $($word:literal)|+;)*) => {$(
        #[test]
        fn $name() {
            turns_bad($behaviour, &[$($word),+]);
        }
    )*};
}

bad_days! {
    rule_01_a_server_that_stalls: Behaviour::Stall => "timeout";
    rule_01_a_server_that_drips: Behaviour::Drip => "timeout";
    rule_01_a_server_that_resets: Behaviour::Reset => "connection broke";
    rule_01_a_server_that_refuses: Behaviour::status(422, r#"{"status":"error","error":"\u001b]0;pwned\u0007"}"#) => "refused";
    rule_01_a_server_that_denies: Behaviour::status(401, "who are you?") => "access denied";
    rule_01_a_server_that_fails: Behaviour::status(503, "<title>\u{1b}[5mpwned</title>") => "failing";
    rule_01_a_page_instead_of_json: Behaviour::ok("<!DOCTYPE html><title>Sign in</title>") => "garbled";
    rule_01_cut_json: Behaviour::ok(r#"{"status":"success","data":{"resultType":"matrix","result":[{"met"#) => "garbled";
    rule_01_an_announced_gigabyte: Behaviour::AnnouncedGigabyte => "answer too large";
    // Which limit it meets first depends on the machine.
    rule_01_a_gzip_bomb: Behaviour::gzip_bomb() => "answer too large" | "garbled" | "timeout";
}

#[test]
fn a_gigabyte_and_a_million_series_at_once() {
    let mut day = Day::good("10s");
    day.prometheus.turn(Behaviour::By(|request| match request.split("panel_").nth(1).and_then(|rest| rest.chars().next()) {
        Some('a'..='e') => Behaviour::Gigabyte,
        Some(_) => Behaviour::Series(1_000_000),
        None => healthy(request),
    }));
    day.console.until("every panel is stale", |screen| screen.contents().matches("stale ").count() >= 10);
    day.assert_keys_answer();
    until("it reads what comes", SOON, || day.prometheus.heard().matches("panel_a").count() > 2);
    day.console
        .until("a reason", |screen| ["s: answer too large", "s: timeout"].iter().any(|word| screen.contents().contains(word)));
    day.end();
}

#[test]
fn ten_bad_days_at_once_over_ten_panels() {
    let mut day = Day::begin(Behaviour::By(ten), Behaviour::By(healthy), "3s");
    day.open();
    for (panel, word) in [
        ("a", "timeout"),
        ("b", "timeout"),
        ("c", "connection broke"),
        ("d", "refused"),
        ("e", "failing"),
        ("f", "garbled"),
        ("g", "garbled"),
        ("h", "answer too large"),
    ] {
        day.console.until(&format!("panel {panel} tells {word}"), |screen| {
            let badge = format!("Panel {panel} ");
            screen
                .contents()
                .lines()
                .any(|line| line.split(&badge).nth(1).is_some_and(|rest| rest.split('P').next().unwrap_or(rest).contains(word)))
        });
    }
    day.console.see("prometheus <");
    day.end();
}

fn ten(request: &str) -> Behaviour {
    match request.split("panel_").nth(1).and_then(|rest| rest.chars().next()) {
        Some('a') => Behaviour::Stall,
        Some('b') => Behaviour::Drip,
        Some('c') => Behaviour::Reset,
        Some('d') => Behaviour::status(400, r#"{"status":"error","error":"parse error"}"#),
        Some('e') => Behaviour::status(500, "boom"),
        Some('f') => Behaviour::ok("<html>"),
        Some('g') => Behaviour::ok(r#"{"status":"#),
        Some('h') => Behaviour::AnnouncedGigabyte,
        Some('i') => Behaviour::Wide,
        Some('j') => Behaviour::EndlessString,
        _ => healthy(request),
    }
}

#[test]
fn rule_04_nothing_from_outside_reaches_the_terminal_raw() {
    let mut day = Day::begin(Behaviour::By(hostile), Behaviour::By(hostile), "5s");
    day.console.see_line(&["Ghost", "\\x1b]0;pwned\\x07"]);
    day.console.press("2");
    day.console.see_line(&["Ten \\x1b]0;pwned\\x07"]);
    day.console.press(ENTER);
    day.console.see("Panel j");
    day.console.see("partial");
    day.console.press(ENTER);
    day.console.see_no("Panel j");
    day.console.press(ESC);
    day.console.see("Panel j");
    day.console.press("3");
    day.console.see_line(&["Ghost", "firing"]);
    day.console.press("o");
    day.console.press("/");
    // A paste may bring anything too.
    day.console.press("\x1b[200~\u{7}\u{9b}31m\u{202e}gp\x1b[201~");
    day.console.see("nothing passes the filter");
    day.console.press(ESC);
    day.console.see_line(&["Ghost", "firing"]);
    day.console.press(ENTER);
    day.console.see("Labels");
    day.console.see("ghost > 1");
    day.console.press("G");
    day.console.press(ESC);
    day.console.see_line(&["Ghost", "firing"]);
    day.end();
}

/// Labels that would clear the screen, set its title and its clipboard, turn the direction of reading, stand in towers, or never end.
fn hostile(request: &str) -> Behaviour {
    let tower = format!("e{}", "\u{301}".repeat(500));
    let labels = json!({
        "job": "\u{1b}]0;pwned\u{7}", "instance": "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}[5m", "service": "\u{1b}]52;c;cHduZWQ=\u{7}",
        "bidi": "\u{202e}live\u{2066}\u{200f}", "c1": "\u{9b}5m\u{90}", "tower": tower, "long": "10kB".repeat(2_500),
        "summary": "line\r\nline\tline\u{8}\u{7f}\u{0}", "name\u{1b}]0;pwned\u{7}": "x",
    });
    answer(request, &labels, "partial: store \u{1b}]0;pwned\u{7}")
}

#[test]
fn rule_02_special_values_are_drawn_and_nobody_takes_them_for_well() {
    let special = |request: &str| {
        let values = json!([
            [time(request) - 30.0, "+Inf"],
            [time(request) - 20.0, "-Inf"],
            [time(request) - 10.0, "1e308"],
            [time(request), "NaN"]
        ]);
        let data = json!({ "resultType": "matrix", "result": [{ "metric": { "job": "app" }, "values": values }] });
        if request.contains("/api/v1/query_range") {
            Behaviour::ok(&json!({ "status": "success", "data": data }).to_string())
        } else {
            healthy(request)
        }
    };
    let mut day = Day::begin(Behaviour::By(special), Behaviour::By(healthy), "5s");
    day.console.see_line(&["? traffic", "NaN"]);
    day.open();
    day.console.see_no("loading");
    day.end();
}

#[test]
fn rule_01_a_clock_an_hour_off_is_said_and_makes_nothing_stale() {
    let day = Day::good("5s");
    day.prometheus.set_clock(3_600);
    day.console.see("this clock is 1h behind prometheus's");
    day.console.see_no("stale ");
    day.prometheus.set_clock(-3_600);
    day.console.see("ahead of prometheus's");
    day.console.see_no("stale ");
    day.end();
}

#[test]
fn rule_03_an_alertmanager_that_is_down_is_not_no_alerts() {
    let mut day = Day::good("2s");
    day.console.press("3");
    day.console.see_line(&["Ghost", "firing"]);
    day.alertmanager.turn(Behaviour::Reset);
    day.console.see("alertmanager connection broke");
    day.console.see_line(&["Alerts 1", "stale"]);
    day.console.see_line(&["Ghost", "firing"]);
    day.console.press("1");
    day.console.see_line(&["Ghost", "firing"]);
    day.console.press("2");
    day.end();

    let unheard = Day::begin(Behaviour::By(healthy), Behaviour::Reset, "2s");
    unheard.console.see("alerts unknown");
    assert!(!unheard.console.text().contains("nothing fires"));
}

#[test]
fn an_answer_from_the_environment_just_left_is_dropped() {
    let runtime = Runtime::new().unwrap();
    let left = runtime.block_on(Server::start(Behaviour::Held));
    let calm = runtime.block_on(Server::start(Behaviour::By(|request| {
        if request.contains("/api/v2/alerts") { Behaviour::ok("[]") } else { healthy(request) }
    })));
    let home = tempfile::tempdir().unwrap();
    let environment = |name: &str, url: &str| {
        format!("[environments.{name}]\nrefresh = \"1s\"\nalertmanagers = [{{ url = \"{url}\", timeout = \"60s\" }}]\n")
    };
    let file = home.path().join("two.toml");
    fs::write(&file, environment("left", &left.url) + &environment("calm", &calm.url)).unwrap();
    let mut console = Terminal::run(midwatch(home.path(), &["--config", file.to_str().unwrap(), "--environment", "left"]), LARGE);
    console.see(" left ");
    until("the alerts are asked for", SOON, || left.heard().contains("/api/v2/alerts"));
    console.press(":");
    console.see("Command");
    console.press("environment calm");
    console.press(ENTER);
    console.see(" calm ");
    left.turn(Behaviour::By(healthy));
    let asked = calm.heard().matches("/api/v2/alerts").count();
    until("some polls have passed", SOON, || calm.heard().matches("/api/v2/alerts").count() > asked + 2);
    console.see("nothing fires");
    console.press("q");
    assert_eq!(console.end(), 0);
    assert!(!String::from_utf8_lossy(&console.raw()).contains("Ghost"));
    assert_eq!(strict::foreign(&console.raw()), Vec::<String>::new());
}
