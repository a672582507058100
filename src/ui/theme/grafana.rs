//! Grafana's names of colours, as its dark theme shows them.

use ratatui::style::Color;

use super::colour::parse;

/// The shades of a hue: `super-light-`, `light-`, plain, `semi-dark-`, `dark-`.
const HUES: [(&str, [u32; 5]); 6] = [
    ("red", [0xff_a6b0, 0xff_7383, 0xf2_495c, 0xe0_2f44, 0xc4_162a]),
    ("orange", [0xff_cb7d, 0xff_b357, 0xff_9830, 0xff_780a, 0xfa_6400]),
    ("yellow", [0xff_f899, 0xff_ee52, 0xfa_de2a, 0xf2_cc0c, 0xe0_b400]),
    ("green", [0xc8_f2c2, 0x96_d98d, 0x73_bf69, 0x56_a64b, 0x37_872d]),
    ("blue", [0xc0_d8ff, 0x8a_b8ff, 0x57_94f2, 0x32_74d9, 0x1f_60c4]),
    ("purple", [0xde_b6f2, 0xca_95e5, 0xb8_77d9, 0xa3_52cc, 0x8f_3bb8]),
];

/// The colour of a name (`semi-dark-orange`), `#rgb`, `#rrggbb`, `#rrggbbaa`, `rgb(...)` or `rgba(...)`; `transparent`,
/// fully transparent colours and unknown names are none.
pub fn colour(name: &str) -> Option<Color> {
    let name = name.trim().to_ascii_lowercase();
    if let Some(digits) = name.strip_prefix('#') {
        return hex(digits);
    }
    if let Some(parts) = name.strip_prefix("rgb") {
        return function(parts);
    }
    shade(&name).or_else(|| web(&name))
}

fn shade(name: &str) -> Option<Color> {
    let (shade, hue) = match name.rsplit_once('-') {
        None => (2, name),
        Some(("super-light", hue)) => (0, hue),
        Some(("light", hue)) => (1, hue),
        Some(("semi-dark", hue)) => (3, hue),
        Some(("dark", hue)) => (4, hue),
        Some(_) => return None,
    };
    HUES.iter().find(|(n, _)| *n == hue).map(|(_, shades)| Color::from_u32(shades[shade]))
}

fn hex(digits: &str) -> Option<Color> {
    if !digits.is_ascii() {
        return None;
    }
    match digits.len() {
        3 | 4 => {
            let wide: String = digits.chars().take(3).flat_map(|c| [c, c]).collect();
            parse(&format!("#{wide}"))
        }
        8 if digits.ends_with("00") => None,
        6 | 8 => parse(&format!("#{}", &digits[..6])),
        _ => None,
    }
}

/// What follows `rgb`: `(1, 2, 3)` or `a(1, 2, 3, 0.5)`.
fn function(parts: &str) -> Option<Color> {
    let inside = parts.trim_start_matches('a').trim().strip_prefix('(')?.strip_suffix(')')?;
    let numbers: Vec<f64> = inside.split(',').map(|n| n.trim().parse()).collect::<Result<_, _>>().ok()?;
    match numbers[..] {
        [_, _, _, alpha] if alpha <= 0.0 => None,
        [r, g, b] | [r, g, b, _] => Some(Color::Rgb(r as u8, g as u8, b as u8)),
        _ => None,
    }
}

/// The few names of the web that old dashboards use.
fn web(name: &str) -> Option<Color> {
    Some(Color::from_u32(match name {
        "white" => 0xff_ffff,
        "black" => 0x00_0000,
        "gray" | "grey" => 0x8e_8e8e,
        "cyan" | "aqua" => 0x6e_d0e0,
        "magenta" | "pink" | "fuchsia" => 0xe5_a8e2,
        "violet" => 0xb8_77d9,
        "brown" => 0x96_7302,
        _ => return None,
    }))
}
