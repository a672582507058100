//! What each type of value is made of, as tables: the RDB's grammar, from version 5 on. Nothing here reads a byte.
//!
//! Redis and Valkey have parted ways at type 22: from there on the same number means different things to them.

use Part::{Digits, Many, Module, Numbers, Raw, Text};

/// One part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A string: its length, or how it is packed, then its bytes.
    Text,
    /// So many numbers as lengths are written.
    Numbers(u64),
    /// So many bytes.
    Raw(u64),
    /// A number in decimal digits behind one byte that counts them.
    Digits,
    /// A number, then these parts that many times.
    Many(&'static [Part]),
    /// What a module wrote: values that tell their own sorts, up to an end mark.
    Module,
}

/// A key, a library of functions.
pub(super) const TEXT: &[Part] = &[Text];
/// A name and its value.
pub(super) const PAIR: &[Part] = &[Text, Text];
/// A module's id and what it wrote.
pub(super) const MODULE: &[Part] = &[Numbers(1), Module];

/// The parts of a value of this type; none where the type is unknown.
pub(super) fn value(kind: u8, valkey: bool) -> Option<&'static [Part]> {
    Some(match kind {
        // A string; and a zipmap, an intset, a ziplist or a listpack, which are strings to the file.
        0 | 9..=13 | 16 | 17 | 20 => TEXT,
        // A list, a set, a list of ziplists.
        1 | 2 | 14 => &[Many(TEXT)],
        // A sorted set: its scores in digits, later in binary.
        3 => &[Many(&[Text, Digits])],
        5 => &[Many(&[Text, Raw(8)])],
        // A hash.
        4 => &[Many(PAIR)],
        7 => MODULE,
        // A list of listpacks, each behind the number of its sort.
        18 => &[Many(&[Numbers(1), Text])],
        15 | 19 | 21 => stream(kind),
        // A hash whose fields expire: Valkey writes each field's time behind it.
        22 if valkey => &[Many(&[Text, Text, Raw(8)])],
        // Redis writes the first time of all, then each field's distance to it; or all of them in one listpack.
        24 if !valkey => &[Raw(8), Many(&[Numbers(1), Text, Text])],
        25 if !valkey => &[Raw(8), Text],
        _ => return None,
    })
}

/// A stream: its listpacks by their first ids; how many entries, and ids that were; then its groups, each with its name, where
/// it stands, what is pending, and its consumers.
fn stream(kind: u8) -> &'static [Part] {
    const PENDING: Part = Many(&[Raw(24), Numbers(1)]);
    const OWNED: Part = Many(&[Raw(16)]);
    match kind {
        15 => &[Many(PAIR), Numbers(3), Many(&[Text, Numbers(2), PENDING, Many(&[Text, Raw(8), OWNED])])],
        19 => &[Many(PAIR), Numbers(8), Many(&[Text, Numbers(3), PENDING, Many(&[Text, Raw(8), OWNED])])],
        _ => &[Many(PAIR), Numbers(8), Many(&[Text, Numbers(3), PENDING, Many(&[Text, Raw(16), OWNED])])],
    }
}
