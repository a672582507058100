use super::*;

fn own(text: &str) -> Result<Keymap, Vec<Problem>> {
    Keymap::load(&[("keys.toml".into(), text.into())])
}

fn keys(text: &str) -> Vec<Key> {
    text.split(' ').map(|k| Key::parse(k).unwrap()).collect()
}

fn called(map: &Keymap, contexts: &[&str], text: &str) -> String {
    match map.find(contexts, &keys(text)) {
        Found::Call(call) => format!("{} {}", call.command, call.args.get(0)).trim_end().to_owned(),
        Found::Begins => "…".into(),
        Found::Nothing => "-".into(),
    }
}

#[test]
fn the_default_keymap_is_whole_and_explains_every_key() {
    let map = Keymap::load(&[]).unwrap_or_else(|p| panic!("{}", p[0]));
    for context in CONTEXTS {
        assert!(map.of(context).all(|b| !b.desc.is_empty()), "{context}");
    }
    assert_eq!(called(&map, &["list"], "g g"), "top");
    assert_eq!(called(&map, &["list"], "g"), "…");
    assert_eq!(called(&map, &[], "3"), "screen alerts");
}

#[test]
fn every_screen_command_can_be_reached_by_a_key_or_the_palette() {
    let map = Keymap::load(&[]).unwrap();
    for command in ["quit", "help", "palette", "filter", "refresh", "copy", "range", "environment", "open", "back", "break"] {
        assert!(!map.keys_of(command).is_empty() || catalog::find(command).is_some(), "{command}");
    }
}

#[test]
fn ones_own_keys_lie_over_the_defaults() {
    let map =
        own(r#"global = [{ on = "3", run = "nothing" }, { on = "space a", run = "screen alerts", desc = "Alerts" }]"#).unwrap();
    assert_eq!(called(&map, &[], "3"), "-");
    assert_eq!(called(&map, &[], "space a"), "screen alerts");
    assert_eq!(called(&map, &[], "q"), "quit");
}

#[test]
fn a_specific_context_wins_over_a_general_one() {
    let map = own(r#"alerts = [{ on = "q", run = "back", desc = "Back" }]"#).unwrap();
    assert_eq!(called(&map, &["alerts", "list"], "q"), "back");
    assert_eq!(called(&map, &["overview", "list"], "q"), "quit");
}

#[test]
fn mistakes_are_told_all_at_once_with_their_lines() {
    let text = r#"
global = [
  { on = "hyper-x", run = "quit", desc = "?" },
  { on = "x", run = "qit", desc = "?" },
  { on = "y y", run = "copy", desc = "?" },
  { on = "y", run = "copy", desc = "?" },
  { on = "z", run = "screen nowhere", dsc = "?" },
]
alert = 3
alrts = []
"#;
    let told: Vec<String> = own(text).unwrap_err().iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    for words in [
        "keys.toml:3:",
        "hyper-x",
        "keys.toml:4:",
        "\"qit\"",
        "keys.toml:6:",
        "of line 5",
        "keys.toml:7:",
        "\"desc\"",
        "keys.toml:9:",
        "keys.toml:10:",
        "\"alerts\"",
    ] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

#[test]
fn broken_toml_is_told_with_its_line() {
    assert!(own("global = [\n  {").unwrap_err()[0].to_string().starts_with("keys.toml:2:"));
}
