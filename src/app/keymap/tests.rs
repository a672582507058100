use super::*;

fn own(text: &str) -> Result<Keymap, Vec<Problem>> {
    Keymap::load(DEFAULT, &[("keys.toml".into(), text.into())])
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
    let map = Keymap::load(DEFAULT, &[]).unwrap_or_else(|p| panic!("{}", p[0]));
    for context in CONTEXTS {
        assert!(map.of(context).all(|b| !b.desc.is_empty()), "{context}");
    }
    assert_eq!(called(&map, &["list"], "g g"), "top");
    assert_eq!(called(&map, &["list"], "g"), "…");
    assert_eq!(called(&map, &[], "3"), "screen alerts");
}

/// The contexts that hold together on some screen, the most specific first.
fn stacks() -> impl Iterator<Item = [&'static str; 4]> {
    const SHARED: [&str; 3] = ["tabs", "list", "global"];
    CONTEXTS.into_iter().filter(|context| !SHARED.contains(context)).map(|context| [context, "tabs", "list", "global"])
}

#[test]
fn what_the_default_keys_reach_every_keymap_reaches_in_the_same_place() {
    let default = Keymap::load(DEFAULT, &[]).unwrap();
    for (name, _) in NAMED {
        let map = Keymap::load(name, &[]).unwrap_or_else(|p| panic!("{}", p[0]));
        for context in CONTEXTS {
            for binding in default.of(context) {
                let reaches = map.of(context).any(|b| b.run == binding.run);
                assert!(reaches, "{name}.toml: nothing of {context} runs what {:?} runs: {}", binding.keys(), binding.desc);
            }
            assert!(map.of(context).all(|b| !b.desc.is_empty()), "{name}.toml: {context}");
        }
    }
}

/// Within a context the reader of files sees to it.
#[test]
fn no_binding_keeps_one_of_another_context_from_being_reached() {
    for (name, _) in NAMED {
        let map = Keymap::load(name, &[]).unwrap();
        for stack in stacks() {
            for (depth, context) in stack.iter().enumerate() {
                for binding in map.of(context) {
                    let nearer = || stack[..depth].iter().flat_map(|nearer| map.of(nearer));
                    let hidden = nearer().any(|b| b.on.starts_with(&binding.on) || binding.on.starts_with(&b.on));
                    let meant = nearer().any(|b| b.on == binding.on);
                    assert!(!hidden || meant, "{name}.toml: {:?} of {context} is hidden on {}", binding.keys(), stack[0]);
                }
            }
        }
    }
}

/// What hands do before they think.
#[test]
fn hands_find_what_they_are_used_to() {
    let expected = [
        ("vim", "g g", "top"),
        ("vim", "G", "bottom"),
        ("vim", "ctrl-d", "page-down"),
        ("vim", "ctrl-u", "page-up"),
        ("vim", "n", "down"),
        ("vim", "N", "up"),
        ("vim", "/", "filter"),
        ("vim", ":", "palette"),
        ("vim", "Z Z", "quit"),
        ("vim", "ctrl-w w", "focus next"),
        ("vim", "y y", "copy"),
        ("emacs", "ctrl-n", "down"),
        ("emacs", "ctrl-p", "up"),
        ("emacs", "ctrl-v", "page-down"),
        ("emacs", "alt-v", "page-up"),
        ("emacs", "alt-<", "top"),
        ("emacs", "ctrl-s", "filter"),
        ("emacs", "ctrl-g", "back"),
        ("emacs", "alt-x", "palette"),
        ("emacs", "ctrl-x ctrl-c", "quit"),
        ("emacs", "ctrl-x o", "focus next"),
        ("emacs", "alt-w", "copy"),
    ];
    for (name, on, command) in expected {
        let map = Keymap::load(name, &[]).unwrap();
        assert_eq!(called(&map, &["alerts", "tabs", "list"], on), command, "{on} in {name}.toml");
    }
}

#[test]
fn a_keymap_that_nobody_knows_meets_its_neighbour() {
    let told = Keymap::load("vin", &[]).unwrap_err();
    assert!(told[0].to_string().contains("\"vim\""), "{}", told[0]);
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
