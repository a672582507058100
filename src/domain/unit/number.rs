//! Rounding and scaling of bare numbers.

/// A number with so many digits after the point; without, with about three digits that tell something.
pub fn fixed(value: f64, decimals: Option<u8>) -> String {
    if !value.is_finite() {
        return not_finite(value).to_owned();
    }
    let decimals = usize::from(decimals.unwrap_or_else(|| telling(value)));
    let factor = 10f64.powi(decimals as i32);
    // Half is rounded towards plus infinity, as JavaScript does.
    let rounded = (value * factor + 0.5).floor() / factor;
    let rounded = if rounded.is_finite() { rounded } else { value };
    if rounded.abs() >= 1e21 { exponent(rounded, None) } else { unsigned_zero(format!("{rounded:.decimals$}")) }
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| b == b'0' || b == b'.') => digits.to_owned(),
        _ => text,
    }
}

/// How many digits after the point tell a number apart from its neighbours.
fn telling(value: f64) -> u8 {
    if value.fract() == 0.0 {
        return 0;
    }
    let digits = 1.0 - value.abs().log10().floor();
    let leading = value * 10f64.powf(digits);
    let digits = if leading > 2.25 { digits + 1.0 } else { digits };
    digits.clamp(0.0, 20.0) as u8
}

/// NaN and the infinities in words.
pub fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "∞"
    } else {
        "-∞"
    }
}

/// `1.5e+3`.
pub fn exponent(value: f64, decimals: Option<u8>) -> String {
    let text = match decimals {
        Some(decimals) => format!("{value:.*e}", usize::from(decimals)),
        None => format!("{value:e}"),
    };
    if text.contains("e-") { text } else { text.replacen('e', "e+", 1) }
}

/// The shortest text that reads as the same number.
pub fn shortest(value: f64) -> String {
    let small = value != 0.0 && value.abs() < 1e-6;
    if small || value.abs() >= 1e21 { exponent(value, None) } else { value.to_string() }
}

/// `1,234,567.89`: at most so many digits after the point, three where none are asked for.
pub fn grouped(value: f64, decimals: Option<u8>) -> String {
    let text = fixed(value.abs(), Some(decimals.unwrap_or(3)));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{out}") } else { format!("{sign}{out}.{fraction}") }
}

/// Scales `value` by a factor until it is below it: what is left, and how many steps that took, within `least` and `most`.
pub fn scaled(value: f64, factor: f64, least: i32, most: i32) -> (f64, i32) {
    let (mut value, mut steps) = (value, 0);
    while value.abs() >= factor && steps < most {
        value /= factor;
        steps += 1;
    }
    while value != 0.0 && value.abs() < 1.0 && steps > least {
        value *= factor;
        steps -= 1;
    }
    (value, steps)
}
