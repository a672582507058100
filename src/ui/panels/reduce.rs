//! One value of many samples, by Grafana's calculations. Pure numbers.

use crate::domain::series::Sample;
use crate::grafana::model::Calc;

/// The value; absent where there is no sample to make it of. A NaN at the end stays NaN: it is never passed over for an older,
/// healthier value.
pub fn reduce(calc: Calc, samples: &[Sample]) -> Option<f64> {
    let (oldest, newest) = (samples.first()?.value, samples.last()?.value);
    let numbers = || samples.iter().map(|s| s.value).filter(|v| !v.is_nan());
    let least = || numbers().reduce(f64::min);
    let most = || numbers().reduce(f64::max);
    match calc {
        Calc::LastNotNull | Calc::Last => Some(newest),
        Calc::FirstNotNull => Some(oldest),
        Calc::Count => Some(samples.len() as f64),
        Calc::Min => least(),
        Calc::Max => most(),
        Calc::Sum => numbers().reduce(|a, b| a + b),
        Calc::Mean => numbers().reduce(|a, b| a + b).map(|sum| sum / numbers().count() as f64),
        Calc::Range => Some(most()? - least()?),
        Calc::Diff => Some(newest - oldest),
        Calc::Delta => Some(samples.windows(2).map(|pair| added(pair[0].value, pair[1].value)).sum()),
    }
}

/// What a counter gained between two samples: after a reset, all of it.
fn added(before: f64, after: f64) -> f64 {
    if after >= before { after - before } else { after.max(0.0) }
}

/// The word for a calculation above its column.
pub fn word(calc: Calc) -> &'static str {
    match calc {
        Calc::LastNotNull | Calc::Last => "last",
        Calc::FirstNotNull => "first",
        Calc::Count => "count",
        Calc::Min => "min",
        Calc::Max => "max",
        Calc::Sum => "total",
        Calc::Mean => "mean",
        Calc::Range => "range",
        Calc::Diff => "change",
        Calc::Delta => "added",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Stamp;

    fn samples(values: &[f64]) -> Vec<Sample> {
        values.iter().enumerate().map(|(n, v)| Sample { at: Stamp(n as i64), value: *v }).collect()
    }

    #[test]
    fn values_are_made_of_numbers_only() {
        let some = samples(&[4.0, f64::NAN, 1.0, 3.0]);
        let said = [
            Calc::LastNotNull,
            Calc::FirstNotNull,
            Calc::Mean,
            Calc::Min,
            Calc::Max,
            Calc::Sum,
            Calc::Count,
            Calc::Range,
            Calc::Diff,
        ]
        .map(|c| reduce(c, &some));
        assert_eq!(said, [3.0, 4.0, 8.0 / 3.0, 1.0, 4.0, 8.0, 4.0, 3.0, -1.0].map(Some));
    }

    #[test]
    fn rule_02_an_unknown_last_value_is_not_replaced_by_an_older_one() {
        assert!(reduce(Calc::LastNotNull, &samples(&[1.0, f64::NAN])).is_some_and(f64::is_nan));
        assert_eq!(reduce(Calc::LastNotNull, &[]), None);
        assert_eq!(reduce(Calc::Mean, &samples(&[f64::NAN])), None);
    }
}
