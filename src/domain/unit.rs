//! Grafana's units: how a number is written with what it measures.
//!
//! The ids, the scales and the rounding are those of Grafana's `packages/grafana-data/src/valueFormats`; `table` has the ids,
//! `number` the rounding, `duration` and `date` what is told in words. Nothing here knows a clock, so dates are UTC
//! and "today" is written with its date.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::time::Stamp;

mod date;
mod duration;
mod number;
mod table;

use table::Form;

/// A unit by Grafana's id (`bytes`, `percentunit`, `reqps`); unknown ids are written behind the number, as Grafana does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unit(pub String);

/// A number written with its unit: three pieces, so that a stat can draw the number larger than the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formatted {
    /// Before the number: a currency.
    pub prefix: String,
    /// The number itself.
    pub text: String,
    /// After the number, with the space that parts them: ` GiB`, `%`.
    pub suffix: String,
}

impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}{}", self.prefix, self.text, self.suffix))
    }
}

impl Formatted {
    fn text(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    fn with(text: String, suffix: String) -> Self {
        Self { text, suffix, ..Self::default() }
    }
}

impl Unit {
    /// `value` as Grafana writes it with so many digits after the point; without, with as many as tell it apart.
    pub fn format(&self, value: f64, decimals: Option<u8>) -> Formatted {
        let form = Form::of(&self.0);
        if !value.is_finite() {
            return Formatted { suffix: form.plain_suffix(), ..Formatted::text(number::not_finite(value).to_owned()) };
        }
        form.write(value, decimals)
    }

    /// The same for a unit that tells how long ago something was (`dateTimeFromNow`), which needs to know when now is.
    pub fn format_at(&self, value: f64, decimals: Option<u8>, now: Stamp) -> Formatted {
        match Form::of(&self.0) {
            Form::Ago if value.is_finite() => Formatted::text(date::ago(value, now)),
            _ => self.format(value, decimals),
        }
    }

    /// Whether the id is one of Grafana's, or says itself how it is written (`suffix:`, `si:`...).
    pub fn is_known(&self) -> bool {
        !matches!(Form::of(&self.0), Form::Unknown(_))
    }
}

impl Default for Unit {
    fn default() -> Self {
        Self("none".to_owned())
    }
}

#[cfg(test)]
mod tests;
