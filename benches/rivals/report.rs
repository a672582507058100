//! The tables, and whether a goal was reached.

/// The middle one; none where one of them is missing.
pub fn median(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let mut values = values.into_iter().collect::<Option<Vec<f64>>>()?;
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The head of a table: what is told, and who stands in the columns.
pub fn head(title: &str, columns: &[&str]) {
    let names: Vec<String> = columns.iter().map(|name| format!("{name:>12}")).collect();
    println!("\n{title:<58}{}", names.concat());
}

/// A line of it, with the first as a share of the second.
pub fn line(what: &str, values: &[Option<f64>]) {
    let ratio = match values {
        [Some(first), Some(second), ..] if *second > 0.0 => format!("{:.2} ×", first / second),
        _ => String::new(),
    };
    row(what, values, &ratio);
}

/// A line of it, with a word at its end.
pub fn row(what: &str, values: &[Option<f64>], word: &str) {
    let cells: Vec<String> = values.iter().map(|value| format!("{:>12}", cell(*value))).collect();
    println!("{what:<58}{}   {word}", cells.concat());
}

fn cell(value: Option<f64>) -> String {
    match value {
        None => "never".to_owned(),
        Some(value) if value < 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// Says whether a goal was reached.
pub fn goal(what: &str, is: Option<f64>, most: f64) {
    let word = if is.is_some_and(|is| is <= most) { "reached" } else { "MISSED" };
    let is = is.map_or("never".to_owned(), |is| format!("{is:.2}"));
    println!("  goal {word}: {what} ≤ {most:.2}: {is}");
}

/// One value as a share of another.
pub fn share(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one? / other?)
}
