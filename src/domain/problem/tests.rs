#![allow(clippy::unwrap_used)]

use super::*;

const TEXT: &str = "color = \"red\"\n  guardd = \"strict\" # mine\nbasic = { user = \"u\", passwrod = \"hunter2\" }\n";

fn span(part: &str) -> Range<usize> {
    let at = TEXT.find(part).unwrap();
    at..at + part.len()
}

#[test]
fn a_problem_shows_its_line_its_caret_and_the_nearest_word() {
    let place = Source::new("midwatch.toml", TEXT).place(&span("guardd"));
    let problem = Problem::new("unknown key \"guardd\"").at(place).instead_of("guardd", ["color", "guard"]);
    let told = "midwatch.toml:2:3: unknown key \"guardd\"\n  guardd = \"strict\" # mine\n  ^^^^^^ did you mean \"guard\"?";
    assert_eq!(problem.to_string(), told);
}

#[test]
fn a_problem_without_a_place_is_its_message_and_its_hint() {
    let problem = Problem::new("no environment \"x\"").instead_of("x", ["production", "staging"]);
    assert_eq!(problem.to_string(), "no environment \"x\"\n  known here: production, staging");
    assert_eq!(Problem::new("plain").to_string(), "plain");
}

#[test]
fn rule_12_a_discreet_source_shows_only_what_is_pointed_at() {
    let source = Source::discreet("f", TEXT);
    let line = |part: &str| source.place(&span(part)).excerpt.unwrap().line;
    assert_eq!(line("guardd"), "guardd …");
    assert_eq!(line("\"strict\""), "guardd = \"strict\" …");
    assert_eq!(line("passwrod"), "basic = … passwrod …");
    assert_eq!(source.hidden(&span("\"hunter2\"")).excerpt.unwrap().line, "basic = …");
    assert_eq!(source.hidden(&span("\"strict\"")).excerpt.unwrap().line, "guardd = …");
    assert_eq!(source.unseen(&span("\"hunter2\"")).excerpt, None);
}

#[test]
fn rule_04_a_line_from_a_file_is_drawn_clean() {
    let source = Source::new("a\u{1b}[2J", "key\u{1b}]0;x\u{7} = 1");
    let told = Problem::new("odd\nthing").at(source.place(&(0..3))).to_string();
    assert!(told.lines().count() == 3 && told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
}

#[test]
fn columns_count_characters_and_carets_count_columns() {
    let source = Source::new("f", "日本 = é");
    let place = source.place(&(9..11));
    assert_eq!((place.column, place.excerpt.unwrap().indent), (6, 7));
}

#[test]
fn a_span_that_is_not_in_the_text_has_a_place_all_the_same() {
    assert_eq!(Source::new("f", "ab\n").place(&(7..9)).line, 2);
    assert_eq!(Source::new("f", "").place(&(0..1)).column, 1);
}

#[test]
fn the_nearest_word_is_near() {
    let known = ["guard", "color", "refresh", "prometheus"];
    let near: Vec<_> = ["guardd", "colour", "prom", "REFRESH", "x", "dashboards"].map(|w| nearest(w, known)).into();
    assert_eq!(near, [Some("guard"), Some("color"), Some("prometheus"), Some("refresh"), None, None]);
}
