//! A line of values one row high, to stand among words.

use crate::ui::theme::{Charset, Look};

/// A small line of values over `width` cells, one row high: blocks, or in ASCII a row of signs. Values that are no numbers are
/// blank; of more values than cells each cell shows the greatest, so that no spike is lost.
pub fn sparkline(values: &[f64], width: usize, look: &Look) -> String {
    let levels: &[char] = match look.charset {
        Charset::Unicode => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Charset::Ascii => &['_', '.', '-', '=', '+', '*', '#'],
    };
    let numbers = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (numbers().fold(f64::INFINITY, f64::min).min(0.0), numbers().fold(f64::NEG_INFINITY, f64::max));
    let level = |v: f64| if high > low { ((v - low) / (high - low) * (levels.len() - 1) as f64).round() as usize } else { 0 };
    peaks(values, width).map(|peak| peak.and_then(|v| levels.get(level(v)).copied()).unwrap_or(' ')).collect()
}

/// What each cell of such a line shows: the greatest of its values; none where none is a number.
pub fn peaks(values: &[f64], width: usize) -> impl Iterator<Item = Option<f64>> {
    let cells = values.len().min(width);
    (0..cells).map(move |n| {
        let (from, to) = (n * values.len() / cells, (n + 1) * values.len() / cells);
        values.get(from..to).unwrap_or_default().iter().copied().filter(|v| v.is_finite()).reduce(f64::max)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_is_seen_however_narrow_the_line() {
        let mut values = vec![1.0; 1000];
        values[777] = 9.0;
        let drawn = sparkline(&values, 10, &Look::default());
        assert_eq!((drawn.chars().count(), drawn.chars().filter(|c| *c == '█').count()), (10, 1));
    }

    #[test]
    fn what_is_no_number_is_blank_and_zero_is_low() {
        assert_eq!(sparkline(&[0.0, f64::NAN, 2.0, f64::INFINITY], 9, &Look::default()), "▁ █ ");
        assert_eq!(sparkline(&[0.0, 0.0], 9, &Look::default()), "▁▁");
        assert_eq!(sparkline(&[], 9, &Look::default()), "");
        assert_eq!(sparkline(&[1.0], 0, &Look::default()), "");
    }
}
