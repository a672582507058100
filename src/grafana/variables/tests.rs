#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::range::Window;
use crate::domain::time::Stamp;
use crate::grafana::read;

const CX: Context<'static> = Context {
    window: Window { start: Stamp(1_700_000_000_000), end: Stamp(1_700_003_600_000) },
    interval: Duration::from_secs(15),
    rate: Duration::from_secs(60),
    dashboard: "Hosts",
    user: "ada",
};

/// A dashboard with these variables, given as JSON.
fn board(variables: &str) -> (Dashboard, Values) {
    let dashboard = read(&format!(r#"{{"title": "t", "panels": [], "templating": {{"list": [{variables}]}}}}"#)).unwrap();
    let values = Values::open(&dashboard);
    (dashboard, values)
}

fn choices(values: &[&str]) -> Vec<Choice> {
    values.iter().map(|value| Choice::plain(value)).collect()
}

fn held() -> Values {
    let (_, mut values) = board(
        r#"{"name": "job", "type": "query", "query": "label_values(job)"},
           {"name": "inst", "type": "query", "query": "label_values(instance)", "multi": true, "includeAll": true},
           {"name": "any", "type": "query", "query": "label_values(x)", "includeAll": true, "allValue": "$job.+", "current": {"value": "$__all"}},
           {"name": "rate", "type": "interval", "query": "1m,5m", "current": {"value": "5m"}},
           {"name": "auto", "type": "interval", "query": "1m", "auto": true, "current": {"value": "$__auto_interval_auto"}},
           {"name": "unit", "type": "custom", "query": "Bits : 8, Bytes : 1", "current": {"value": "8"}},
           {"name": "deep", "type": "custom", "query": "[$rate]"},
           {"name": "const", "type": "constant", "query": "node_"},
           {"name": "ds", "type": "datasource", "query": "prometheus"}"#,
    );
    values.offer("job", choices(&[r#"a.b "c"\d"#, "plain"]));
    values.offer("inst", choices(&["db-1:9100", "db-2:9100"]));
    values
}

#[track_caller]
fn puts(text: &str, want: &str) {
    assert_eq!(substitute(text, &held(), &CX), want, "{text}");
}

#[test]
fn a_single_value_is_escaped_for_its_string() {
    puts(r#"up{job="$job"}"#, r#"up{job="a.b \"c\"\\d"}"#);
    puts("up{job='[[job]]'}", r#"up{job='a.b "c"\\d'}"#);
    puts("up{job=`${job}`}", r#"up{job=`a.b "c"\d`}"#);
    puts("rate(x[$rate]) * $unit", "rate(x[5m]) * 8");
    puts("${const}load1 + x$deep", "node_load1 + x[5m]");
}

#[test]
fn several_values_become_a_regular_expression() {
    let mut values = held();
    let one = |values: &Values, text: &str| substitute(text, values, &CX);
    assert_eq!(one(&values, r#"up{instance=~"$inst"}"#), r#"up{instance=~"(db-1:9100|db-2:9100)"}"#);
    values.offer("inst", choices(&["a.b:1", "c"]));
    assert_eq!(one(&values, r#"up{instance=~"$inst"}"#), r#"up{instance=~"(a\\.b:1|c)"}"#);
    values.choose("inst", "a.b:1");
    assert_eq!(one(&values, r#"up{instance=~"$inst", i!~"x$inst"}"#), r#"up{instance=~"a\\.b:1", i!~"xa\\.b:1"}"#);
    // Grafana escapes behind `=` too and finds nothing then.
    assert_eq!(one(&values, r#"up{instance="$inst", i!="$inst"}"#), r#"up{instance="a.b:1", i!="a.b:1"}"#);
}

#[test]
fn all_is_what_the_file_says_or_everything() {
    puts(r#"x{a=~"$any"}"#, r#"x{a=~"a.b "c"\d.+"}"#);
    let (_, values) = board(
        r#"{"name": "v", "type": "query", "query": "label_values(x)", "includeAll": true, "current": {"value": ["$__all"]}}"#,
    );
    assert_eq!(substitute(r#"x{a=~"$v"}"#, &values, &CX), r#"x{a=~".*"}"#);
    assert_eq!(title("$v", &values, &CX), "All");
}

#[test]
fn formats_are_grafanas() {
    puts(
        "${inst:csv} ${inst:pipe} ${inst:glob} ${inst:raw}",
        "db-1:9100,db-2:9100 db-1:9100|db-2:9100 {db-1:9100,db-2:9100} db-1:9100,db-2:9100",
    );
    puts("${inst:json} ${unit:json} ${unit:text}", r#"["db-1:9100","db-2:9100"] "8" Bits"#);
    puts(
        "${inst:singlequote} ${inst:percentencode} ${unit:queryparam}",
        "'db-1:9100','db-2:9100' db-1%3A9100%2Cdb-2%3A9100 var-unit=8",
    );
    puts("${unit:regex} ${inst:doublequote} ${inst:sqlstring}", r#"8 "db-1:9100","db-2:9100" 'db-1:9100','db-2:9100'"#);
}

#[test]
fn what_grafana_knows_itself_is_put_in() {
    puts(
        "rate(x[$__rate_interval]) y[$__interval] [${__range}] $__range_s $__range_ms $__interval_ms",
        "rate(x[1m]) y[15s] [3600s] 3600 3600000 15000",
    );
    puts(
        "$__from ${__to} ${__from:date:seconds} ${__from:date} ${__to:date:YYYY-MM}",
        "1700000000000 1700003600000 1700000000 2023-11-14T22:13:20.000Z 2023-11",
    );
    puts("$__dashboard ${__user.login} [$auto]", "Hosts ada [2m]");
}

#[test]
fn what_is_not_known_stays() {
    for text in [
        r#"x{a=~"foo$"}"#,
        "$unknown ${unknown:csv} [[unknown]]",
        "a[5m:1m]",
        "${",
        "$",
        "[[",
        "${__field.labels.x}",
        "$1",
        "[[]]${}",
    ] {
        puts(text, text);
    }
}

#[test]
fn titles_speak_as_the_screen_does() {
    let mut values = held();
    assert_eq!(title("$inst on ${job} in $unit of $ds", &values, &CX), r#"All on a.b "c"\d in Bits of Prometheus"#);
    values.choose("inst", "db-2:9100");
    assert_eq!(title("$inst: load", &values, &CX), "db-2:9100: load");
}

#[test]
fn choices_settle_on_what_is_offered() {
    let (dashboard, mut values) = board(
        r#"{"name": "a", "type": "query", "query": "label_values(a)", "current": {"value": "two"}},
           {"name": "b", "type": "query", "query": "label_values(b)", "includeAll": true},
           {"name": "c", "type": "query", "query": "label_values(c)", "multi": true, "current": {"value": ["x", "gone", "y"]}}"#,
    );
    assert_eq!(values.chosen("a"), Some("two"));
    for name in ["a", "b", "c"] {
        values.offer(name, choices(&["one", "x", "y"]));
    }
    assert_eq!((values.chosen("a"), values.chosen("b")), (Some("one"), Some(ALL)));
    assert_eq!((values.each("c"), values.shown("c").as_str()), (vec!["x".to_owned(), "y".to_owned()], "x + y"));
    assert_eq!(values.options("b").first().unwrap().text, "All");
    values.choose("a", "y");
    values.offer("a", choices(&["y", "z"]));
    assert_eq!(values.chosen("a"), Some("y"));
    values.offer("a", Vec::new());
    assert_eq!((values.chosen("a"), values.chosen("nobody")), (None, None));
    assert_eq!(dashboard.variables.len(), 3);
}

#[test]
fn parents_are_asked_first_and_put_into_the_question() {
    let (dashboard, mut values) = board(
        r#"{"name": "node", "type": "query", "query": "label_values(up{job=\"$job\", name=~\"$name\"}, instance)"},
           {"name": "name", "type": "query", "query": {"query": "label_values(uname{job=\"[[job]]\"}, nodename)", "refId": "x"}},
           {"name": "job", "type": "query", "definition": "label_values(uname, job)"},
           {"name": "loop", "type": "query", "query": "metrics($pool)"},
           {"name": "pool", "type": "query", "query": "query_result(topk(5, x{p=~\"$loop\"}))"},
           {"name": "names", "type": "query", "query": "label_names()"}"#,
    );
    assert_eq!(order(&dashboard.variables), [2, 1, 0, 5, 3, 4]);
    values.offer("job", choices(&["node"]));
    values.offer("name", choices(&["web"]));
    let asked: Vec<Question> = dashboard.variables.iter().filter_map(|v| question(v, &values, &CX)).collect();
    let label =
        |selector: &str, label: &str| Question::LabelValues { selector: Some(selector.to_owned()), label: label.to_owned() };
    assert_eq!(asked[0], label(r#"up{job="node", name=~"web"}"#, "instance"));
    assert_eq!(asked[1], label(r#"uname{job="node"}"#, "nodename"));
    assert_eq!(asked[2], label("uname", "job"));
    assert_eq!(asked[5], Question::LabelNames);
    let metrics = Question::Metrics("^node_".to_owned());
    assert!(metrics.keeps("node_load1") && !metrics.keeps("up") && !Question::Metrics("(".to_owned()).keeps("up"));
}

fn offers(regex: &str, sort: u8, answers: &[&str]) -> (Vec<(String, String)>, Option<String>) {
    let json = format!(
        r#"{{"name": "v", "type": "query", "query": "label_values(x)", "regex": {}, "sort": {sort}}}"#,
        serde_json::Value::from(regex)
    );
    let (dashboard, values) = board(&json);
    let answers: Vec<String> = answers.iter().map(|a| (*a).to_owned()).collect();
    let offered = offered(&dashboard.variables[0], &answers, &values, &CX);
    (offered.options.into_iter().map(|o| (o.text, o.value)).collect(), offered.note)
}

fn texts(regex: &str, sort: u8, answers: &[&str]) -> Vec<String> {
    offers(regex, sort, answers).0.into_iter().map(|(text, _)| text).collect()
}

#[test]
fn answers_are_filtered_shortened_and_sorted() {
    let disks = ["sda", "disk10", "Disk2", "disk2", "sda"];
    assert_eq!(texts("", 0, &disks), ["sda", "disk10", "Disk2", "disk2"]);
    assert_eq!(texts("/^d/", 1, &disks), ["disk10", "disk2"]);
    assert_eq!(texts("disk\\d", 0, &disks), ["disk2"]);
    assert_eq!(texts("/([a-z]+)\\d*/i", 0, &disks), ["sda", "disk", "Disk"]);
    assert_eq!(texts("", 4, &disks), ["disk10", "disk2", "Disk2", "sda"]);
    assert_eq!(texts("", 5, &disks), ["disk10", "Disk2", "disk2", "sda"]);
    assert_eq!(texts("", 7, &disks), ["Disk2", "disk2", "disk10", "sda"]);
    let series = [r#"info{id="7",name="seven"} 1 1700000000000"#, "info{} 1 1"];
    let named = "/id=\"(?<value>[^\"]+)\",name=\"(?<text>[^\"]+)\"/";
    assert_eq!(offers(named, 0, &series).0, [("seven".to_owned(), "7".to_owned())]);
}

#[test]
fn an_expression_that_cannot_be_used_is_noted_and_everything_offered() {
    let (options, note) = offers("/^(?!bad)/", 0, &["a", "bad"]);
    assert_eq!(options.len(), 2);
    assert!(note.unwrap().starts_with("variable v: its regular expression is not applied: "));
}

proptest! {
    #[test]
    fn any_text_takes_any_value(text in "([a-z]{0,3}|\\$(job|inst|any|deep)|\\$\\{(job|inst|any)(:[a-z]{0,6})?\\}|\\[\\[inst\\]\\]|[\"'`\\\\${}\\[\\]:.]|é){0,12}",
                                value in ".*") {
        let mut values = held();
        values.offer("job", vec![Choice::plain(&value)]);
        values.offer("inst", vec![Choice::plain(&value), Choice::plain("b")]);
        substitute(&text, &values, &CX);
        title(&text, &values, &CX);
    }

    #[test]
    fn a_value_reads_back_from_its_string(value in "\\PC*") {
        let mut values = held();
        values.offer("job", vec![Choice::plain(&value)]);
        let query = substitute(r#"up{job="$job"}"#, &values, &CX);
        prop_assert_eq!(crate::domain::promql::jobs(&query), vec![value]);
    }
}
