//! The shape of an answer, as serde meets it: each visitor is one level of the JSON, and writes what it finds into [`Gather`].

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Gather, MOST_REMARKS, MOST_SAMPLES, MOST_TEXT};
use crate::adapters::prometheus::reduce::Reducer;
use crate::adapters::prometheus::reports::Envelope;
use crate::domain::labels::Labels;
use crate::domain::series::{Answer, Sample};
use crate::domain::time::Stamp;

/// The whole answer.
pub(super) struct EnvelopeVisitor(pub Gather);

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<Answer>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer to a query")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut status, mut error, mut data) = (String::new(), String::new(), false);
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Status => status = map.next_value()?,
                Key::Error => error = map.next_value()?,
                Key::Data => data = map.next_value_seed(Data(&mut self.0))?,
                Key::Warnings => self.0.answer.warnings = map.next_value::<Remarks>()?.0,
                Key::IsPartial => self.0.partial = map.next_value()?,
                Key::Infos => self.0.answer.infos = map.next_value::<Remarks>()?.0,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Envelope { status, data: data.then(|| self.0.finish()), error })
    }
}

/// Every key that means something, at whatever depth.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Status,
    Error,
    Data,
    Warnings,
    Infos,
    /// Told by `VictoriaMetrics` where some of its storage did not answer.
    #[serde(rename = "isPartial")]
    IsPartial,
    Result,
    Metric,
    Value,
    Values,
    Histogram,
    Histograms,
    #[serde(other)]
    Other,
}

/// The first few remarks; null is none.
#[derive(Default)]
struct Remarks(Vec<String>);

impl<'de> Deserialize<'de> for Remarks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RemarksVisitor)
    }
}

struct RemarksVisitor;

impl<'de> Visitor<'de> for RemarksVisitor {
    type Value = Remarks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of remarks")
    }

    fn visit_unit<E>(self) -> Result<Remarks, E> {
        Ok(Remarks::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Remarks, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < MOST_REMARKS {
            match seq.next_element()? {
                Some(remark) => kept.push(remark),
                None => return Ok(Remarks(kept)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Remarks(kept))
    }
}

/// The object under `data`; says whether it was one.
struct Data<'a>(&'a mut Gather);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a result")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Result => {
                    map.next_value_seed(Elements(self.0))?;
                    found = true;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(found)
    }
}

/// The list under `result`: series, or the two elements of a scalar or string.
struct Elements<'a>(&'a mut Gather);

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series or a scalar")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut at = None;
        while let Some(element) = seq.next_element_seed(OneElement(self.0))? {
            match element {
                Element::Series => {}
                Element::Instant(seconds) => at = Some(Stamp::from_seconds(seconds)),
                Element::Text(text) => self.0.scalar(at.take(), &text),
            }
        }
        Ok(())
    }
}

enum Element {
    Series,
    Instant(f64),
    Text(String),
}

struct OneElement<'a>(&'a mut Gather);

impl<'de> DeserializeSeed<'de> for OneElement<'_> {
    type Value = Element;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Element, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneElement<'_> {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series, an instant or a value")
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Element, E> {
        Ok(Element::Instant(seconds))
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Element, E> {
        Ok(Element::Instant(seconds as f64))
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Element, E> {
        Ok(Element::Instant(seconds as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Element, E> {
        Ok(Element::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
        self.0.seen += 1;
        if self.0.is_full() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Element::Series);
        }
        self.0.series(map)
    }
}

impl Gather {
    fn series<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<Element, A::Error> {
        let (mut labels, mut samples) = (Some(Labels::default()), Vec::new());
        let mut histogram = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Metric => labels = map.next_value_seed(Metric(self))?,
                Key::Values => samples = map.next_value_seed(Values(self))?,
                Key::Value => samples = vec![map.next_value::<Pair>()?.0],
                key => {
                    histogram |= matches!(key, Key::Histogram | Key::Histograms);
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.histograms += usize::from(histogram);
        match labels {
            // A series of native histograms alone has nothing to show; one whose labels did not fit is not shown half.
            _ if histogram && samples.is_empty() => self.seen -= 1,
            Some(labels) => self.keep(labels, samples),
            None => {}
        }
        Ok(Element::Series)
    }
}

/// A label set; none when its text does not fit any more.
pub(super) struct Metric<'a>(pub &'a mut Gather);

impl<'de> DeserializeSeed<'de> for Metric<'_> {
    type Value = Option<Labels>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metric<'_> {
    type Value = Option<Labels>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while self.0.text < MOST_TEXT {
            let Some(name) = map.next_key_seed(Word(self.0))? else { return Ok(Some(pairs.into_iter().collect())) };
            pairs.push((name, map.next_value_seed(Word(self.0))?));
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A label's name or value, shared with its earlier appearances.
struct Word<'a>(&'a mut Gather);

impl<'de> DeserializeSeed<'de> for Word<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Arc<str>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Word<'_> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label's name or value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(self.0.word(text))
    }
}

/// The samples of one series: reduced to the grid, or as many as may be kept where there is none.
struct Values<'a>(&'a Gather);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<Sample>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<Sample>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of samples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if let Some(grid) = self.0.grid {
            let mut reducer = Reducer::new(grid);
            while let Some(Pair(sample)) = seq.next_element()? {
                reducer.push(sample);
            }
            return Ok(reducer.finish());
        }
        let (mut samples, most) = (Vec::new(), MOST_SAMPLES.saturating_sub(self.0.samples));
        while let Some(Pair(sample)) = seq.next_element()? {
            if samples.len() < most {
                samples.push(sample);
            }
        }
        Ok(samples)
    }
}

/// `[1795312800.123, "0.5"]`
struct Pair(Sample);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (seconds, Number(value)) = Deserialize::deserialize(from)?;
        Ok(Self(Sample { at: Stamp::from_seconds(seconds), value }))
    }
}

/// A sample's value: a string, since JSON has neither NaN nor infinities.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number in quotes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}
