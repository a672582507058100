#![allow(clippy::unwrap_used)]
mod sight;

use super::*;

fn problems(text: &str) -> Vec<String> {
    let Err(ThemeError::Invalid(problems)) = Theme::parse(text, "night.toml") else { return Vec::new() };
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_theme_names_every_role() {
    let theme = Theme::default();
    for (name, role) in Role::ALL {
        assert_ne!(theme.style(role), Style::new(), "{name} has no style");
    }
    assert!(theme.series().len() >= 16);
}

#[test]
fn roles_stand_in_the_order_of_their_names() {
    for (n, (_, role)) in Role::ALL.iter().enumerate() {
        assert_eq!(*role as usize, n);
    }
}

#[test]
fn a_theme_changes_only_what_it_names() {
    let theme = Theme::parse("[roles]\ngood = { fg = \"light-green\", underline = true }\ndim = 244\n", "x").unwrap();
    assert_eq!(theme.style(Role::Good), Style::new().fg(Color::LightGreen).add_modifier(Modifier::UNDERLINED));
    assert_eq!(theme.style(Role::Dim), Style::new().fg(Color::Indexed(244)));
    assert_eq!(theme.style(Role::Critical), Theme::default().style(Role::Critical));
}

#[test]
fn mistakes_name_their_line_and_the_nearest_name() {
    let told = problems("[roles]\ncritcal = \"red\"\ngood = \"gren\"\n\n[serie]\n").join("\n");
    for words in [
        "night.toml:2:1: unknown role \"critcal\"",
        "\"critical\"?",
        "night.toml:3:8",
        "\"green\"?",
        "night.toml:5:2",
        "\"series\"?",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    assert_eq!(problems("[roles]\nwarning = { bold = 1, colour = \"red\" }").len(), 2);
    assert_eq!(problems("[roles\n").len(), 1);
}

#[test]
fn colours_come_down_to_what_the_terminal_has() {
    let green = Color::Rgb(0x73, 0xbf, 0x69);
    assert_eq!(Depth::Mono.map(green), Color::Reset);
    assert_eq!(Depth::Sixteen.map(green), Color::Green);
    assert_eq!(Depth::Sixteen.map(Color::Rgb(0xf2, 0x49, 0x5c)), Color::LightRed);
    assert_eq!(Depth::Sixteen.map(Color::Rgb(0xff, 0x98, 0x30)), Color::Yellow);
    assert_eq!(Depth::Indexed.map(Color::Rgb(255, 0, 0)), Color::Indexed(196));
    assert_eq!(Depth::Indexed.map(Color::Rgb(128, 128, 128)), Color::Indexed(244));
    assert_eq!(Depth::True.map(green), green);
}

#[test]
fn without_colour_every_sign_is_still_one() {
    let look = Look { depth: Depth::Mono, ..Look::default() };
    for (_, role) in Role::ALL {
        let style = look.style(role);
        assert_eq!((style.fg, style.bg), (None, None));
    }
    assert_ne!(look.style(Role::Critical), look.style(Role::Good));
    assert_ne!(look.style(Role::Stale), look.style(Role::Text));
    assert!(look.environment(Colour::Ansi(1)).add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn grafanas_colours_are_known_by_name() {
    let said = ["red", "semi-dark-orange", "super-light-blue", "#fff", "#E02F44", "rgb(1, 2,3)", "rgba(50, 172, 45, 0.97)"];
    let shown = [0xf2_495c, 0xff_780a, 0xc0_d8ff, 0xff_ffff, 0xe0_2f44, 0x01_0203, 0x32_ac2d];
    assert_eq!(said.map(grafana::colour), shown.map(|c| Some(Color::from_u32(c))));
    assert_eq!(["transparent", "#é", "rgba(1,2,3,0)", "rgb(", "-", ""].map(grafana::colour), [None; 6]);
}

#[test]
fn text_is_spelled_in_the_terminals_characters() {
    let ascii = Look { charset: Charset::Ascii, ..Look::default() };
    assert_eq!((&*ascii.fit("5 µs später", 6), &*ascii.fit("日本", 9)), ("5 us ~", "??"));
    assert_eq!(&*Look::default().fit("latency", 5), "late…");
    assert_eq!(&*Look::default().fit("latency", 0), "");
}
