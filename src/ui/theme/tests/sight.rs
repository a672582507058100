//! That people can read what the themes write, and tell it apart, whatever eyes they have.

use super::*;
use crate::ui::theme::colour::{contrast, linear};

/// Roles that are read; the others are lines.
const READ: [Role; 9] = [
    Role::Dim,
    Role::Title,
    Role::Accent,
    Role::Good,
    Role::Warning,
    Role::Critical,
    Role::Unknown,
    Role::Stale,
    Role::Selection,
];
/// How well something is, as signs and values tell it.
const SEVERITIES: [Role; 5] = [Role::Good, Role::Accent, Role::Warning, Role::Critical, Role::Unknown];
/// The grounds of dark terminals: the blackest, and the lightest that is common.
const DARK: [Color; 2] = [Color::Rgb(0, 0, 0), Color::Rgb(0x1e, 0x1e, 0x1e)];

fn grounds(theme: &Theme) -> Vec<Color> {
    theme.ground().map_or(DARK.to_vec(), |ground| vec![ground])
}

/// What a role is read against.
fn ratio(style: Style, ground: Color) -> f64 {
    contrast(style.fg.unwrap(), style.bg.unwrap_or(ground))
}

#[test]
fn every_role_can_be_read_on_the_ground_of_its_theme() {
    for name in Theme::NAMES {
        let theme = Theme::named(name).unwrap();
        let least = if name == "high-contrast" { 7.0 } else { 4.5 };
        for (ground, role) in grounds(&theme).into_iter().flat_map(|ground| READ.map(|role| (ground, role))) {
            let ratio = ratio(theme.style(role), ground);
            assert!(ratio >= least, "{name}: {role:?} on {ground}: {ratio:.2}");
        }
        // The text of a theme that leaves the terminal its ground is the terminal's own too.
        let text = theme.style(Role::Text).fg.unwrap();
        assert_eq!(text == Color::Reset, theme.ground().is_none(), "{name}");
        assert!(theme.ground().is_none_or(|ground| contrast(text, ground) >= least), "{name}");
    }
}

#[test]
fn the_lines_of_graphs_are_seen_on_the_ground_of_their_theme() {
    for name in Theme::NAMES {
        let theme = Theme::named(name).unwrap();
        let seen = |line: &Color| grounds(&theme).into_iter().all(|ground| contrast(*line, ground) >= 3.0);
        let unseen: Vec<&Color> = theme.series().iter().filter(|line| !seen(line)).collect();
        assert!(unseen.is_empty(), "{name}: {unseen:?}");
        assert!(theme.series().len() >= 8, "{name}");
    }
}

#[test]
fn the_colours_of_dashboards_are_kept_apart_from_a_ground() {
    for (name, least) in [("light", 4.5), ("high-contrast", 7.0)] {
        let look = Look { theme: Theme::named(name).unwrap(), ..Look::default() };
        for colour in ["yellow", "super-light-blue", "dark-red", "green", "text"] {
            let ink = look.ink(look.grafana(colour).unwrap()).fg.unwrap();
            let ratio = contrast(ink, look.theme.ground().unwrap());
            assert!(ratio >= least, "{name}: {colour} as {ink}: {ratio:.2}");
        }
    }
    let green = grafana::colour("green").unwrap();
    assert_eq!(Look::default().ink(green).fg, Some(green));
}

/// What somebody without one kind of cone sees: Machado, Oliveira and Fernandes, 2009, in linear light.
const EYES: [(&str, [[f64; 3]; 3]); 3] = [
    ("protan", [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]]),
    ("deutan", [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]]),
    ("tritan", [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]]),
];

fn seen_by(eye: &[[f64; 3]; 3], colour: Color) -> [f64; 3] {
    let (r, g, b) = colour::rgb(colour);
    let light = [r, g, b].map(linear);
    eye.map(|row| row.iter().zip(light).map(|(share, part)| share * part).sum::<f64>().clamp(0.0, 1.0))
}

/// CIE L*a*b* of linear light, for a white of D65.
fn lab(light: [f64; 3]) -> [f64; 3] {
    const WEIGHTS: [[f64; 3]; 3] = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
    const WHITE: [f64; 3] = [0.950_47, 1.0, 1.088_83];
    let part = |n: usize| WEIGHTS[n].iter().zip(light).map(|(weight, part)| weight * part).sum::<f64>() / WHITE[n];
    let bent = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [first, second, third] = [0, 1, 2].map(|n| bent(part(n)));
    [116.0 * second - 16.0, 500.0 * (first - second), 200.0 * (second - third)]
}

fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn no_two_severities_are_one_to_the_colour_blind_nor_differ_by_hue_alone() {
    let theme = Theme::named("color-blind").unwrap();
    let pairs = SEVERITIES.iter().enumerate().flat_map(|(n, one)| SEVERITIES[..n].iter().map(move |other| (*one, *other)));
    for (one, other) in pairs {
        let (first, second) = (theme.style(one), theme.style(other));
        for (name, eye) in &EYES {
            let (a, b) = (lab(seen_by(eye, first.fg.unwrap())), lab(seen_by(eye, second.fg.unwrap())));
            assert!(distance(a, b) >= 15.0, "{name}: {one:?} and {other:?}: {:.1}", distance(a, b));
            let more = (a[0] - b[0]).abs() >= 10.0 || first.add_modifier != second.add_modifier;
            assert!(more, "{name}: {one:?} and {other:?} differ by hue alone: {:.1}", (a[0] - b[0]).abs());
        }
    }
}
