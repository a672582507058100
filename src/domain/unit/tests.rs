use proptest::prelude::*;

use super::*;

fn said(id: &str, value: f64, decimals: Option<u8>) -> String {
    Unit(id.to_owned()).format(value, decimals).to_string()
}

#[track_caller]
fn check(rows: &[(&str, f64, Option<u8>, &str)]) {
    for (id, value, decimals, want) in rows {
        assert_eq!(said(id, *value, *decimals), *want, "{id} of {value} with {decimals:?}");
    }
}

/// Rows of Grafana's own `valueFormats.test.ts`.
#[test]
fn numbers_are_written_as_grafana_writes_them() {
    check(&[
        ("currencyUSD", 1532.82, Some(2), "$1.53K"),
        ("currencyKRW", 1532.82, Some(2), "₩1.53K"),
        ("ms", 0.0024, Some(4), "0.0024 ms"),
        ("ms", 100.0, Some(0), "100 ms"),
        ("ms", 1250.0, Some(2), "1.25 s"),
        ("ms", 10_000_086.123, Some(1), "2.8 hour"),
        ("ms", 1200.0, Some(0), "1 s"),
        ("short", 9_876_543.0, Some(2), "9.88 Mil"),
        ("kbytes", 10_000_000.0, Some(3), "9.537 GiB"),
        ("deckbytes", 10_000_000.0, Some(3), "10.000 GB"),
        ("megwatt", 1000.0, Some(3), "1.000 GW"),
        ("kohm", 1000.0, Some(3), "1.000 MΩ"),
        ("farad", 1000.0, Some(3), "1.000 kF"),
        ("µfarad", 1000.0, Some(3), "1.000 mF"),
        ("a", 1532.82, Some(0), "1533 a"),
        ("prefix:b", 1532.82, None, "b1533"),
        ("suffix:d", 1532.82, None, "1533 d"),
        ("si:µF", 1234.0, Some(2), "1.23 mF"),
        ("si:µF", 1_234_000_000.0, Some(2), "1.23 kF"),
        ("si:µF", 1_234_000_000_000_000.0, Some(2), "1.23 GF"),
        ("count:xpm", 1_234_567.0, Some(2), "1.23M xpm"),
        ("count:x/min", 1234.0, Some(2), "1.23K x/min"),
        ("currency:@", 1_234_567.0, Some(2), "@1.23M"),
        ("none", 100.0, None, "100"),
        ("none", 100.4, None, "100"),
        ("none", 100.5, None, "101"),
        ("none", 100.0, Some(1), "100.0"),
        ("none", 100.37, Some(1), "100.4"),
        ("none", 100.5, Some(2), "100.50"),
    ]);
}

#[test]
fn digits_that_tell_are_chosen() {
    check(&[
        ("bytes", 1.5 * 1024.0 * 1024.0 * 1024.0, None, "1.50 GiB"),
        ("bytes", 0.0, None, "0 B"),
        ("bytes", 1024.0, None, "1 KiB"),
        ("bytes", -2048.0, None, "-2 KiB"),
        ("decbytes", 1500.0, None, "1.50 kB"),
        ("s", 0.25, None, "250 ms"),
        ("s", 0.0, None, "0 s"),
        ("s", 5400.0, None, "1.50 hour"),
        ("s", 1e-7, None, "100 ns"),
        ("percent", 12.34, None, "12.3%"),
        ("percentunit", 0.1234, None, "12.3%"),
        ("percentunit", 1.0, None, "100%"),
        ("reqps", 1200.0, None, "1.20K req/s"),
        ("reqps", 0.05, None, "0.0500 req/s"),
        ("ops", 3.0, None, "3 ops/s"),
        ("short", 1_234_567.0, None, "1.23 Mil"),
        ("short", 0.001, None, "0.00100"),
        ("none", 0.000_012_34, None, "0.0000123"),
        ("none", -1.5, None, "-1.5"),
        ("none", -0.004, Some(1), "0.0"),
        ("none", 1e22, None, "1e+22"),
    ]);
}

#[test]
fn network_and_power_have_their_scales() {
    check(&[
        ("bps", 1_500_000.0, Some(1), "1.5 Mb/s"),
        ("Bps", 1000.0, None, "1 kB/s"),
        ("binBps", 2048.0, None, "2 KiB/s"),
        ("binbps", 1024.0, None, "1 Kib/s"),
        ("KiBs", 1024.0, None, "1 MiB/s"),
        ("MBs", 1.0, None, "1 MB/s"),
        ("Gbits", 0.5, Some(0), "500 Mb/s"),
        ("pps", 12_000.0, None, "12 kp/s"),
        ("eps", 1e6, None, "1M evt/s"),
        ("hertz", 2.4e9, Some(1), "2.4 GHz"),
        ("mwatt", 0.5, None, "500 µW"),
        ("volt", 0.012, None, "12 mV"),
        ("celsius", 41.5, None, "41.5 °C"),
        ("currencyEUR", -1500.0, Some(1), "-€1.5K"),
        ("currencySEK", 20.0, None, "20kr"),
    ]);
}

/// Rows of Grafana's own `dateTimeFormatters.test.ts`.
#[test]
fn lengths_of_time_are_told_in_words_and_as_clocks() {
    check(&[
        ("dtdurationms", 0.0, Some(0), "0 milliseconds"),
        ("dtdurationms", 1.0, Some(0), "1 millisecond"),
        ("dtdurationms", -1.0, Some(0), "1 millisecond ago"),
        ("dtdurations", 1.0, None, "1 second"),
        ("dtdurations", 129_600.0, Some(2), "1 day, 12 hours, 0 minutes"),
        ("dtdurationms", 38_898_367_008.0, Some(1), "1 year, 2 months"),
        (
            "dtdurationms",
            38_898_367_008.0,
            Some(20),
            "1 year, 2 months, 3 weeks, 4 days, 5 hours, 6 minutes, 7 seconds, 8 milliseconds",
        ),
        ("dthms", -1.0, None, "00:00:01 ago"),
        ("dtdhms", 1_179_811.0, None, "13 d 15:43:31"),
        ("clockms", 999.0, Some(0), "999ms"),
        ("clockms", 59_999.0, None, "59s:999ms"),
        ("clockms", 3_599_999.0, Some(1), "59m:59s"),
        ("clockms", 7_199_999.0, None, "01h:59m:59s:999ms"),
        ("clocks", 90_000.0, Some(1), "25h:00m"),
        ("timeticks", 6000.0, None, "1 min"),
    ]);
}

#[test]
fn dates_are_utc() {
    let at = 1_278_028_800_000.0;
    check(&[
        ("dateTimeAsIso", at, None, "2010-07-02 00:00:00"),
        ("dateTimeAsUS", at, None, "07/02/2010 12:00:00 am"),
        ("time:YYYY.MM [at] H", at, None, "2010.07 at 0"),
        ("dateTimeAsIso", 1e300, None, "1e+300"),
    ]);
    let unit = Unit("dateTimeFromNow".to_owned());
    assert_eq!(unit.format_at(at, None, Stamp(at as i64 + 120_000)).to_string(), "2m ago");
    assert_eq!(unit.format_at(at, None, Stamp(at as i64 - 1000)).to_string(), "in 1s");
}

#[test]
fn words_and_other_bases() {
    check(&[
        ("bool", 0.0, None, "False"),
        ("bool_yes_no", 1.0, None, "Yes"),
        ("bool_on_off", 0.5, None, "On"),
        ("bool:up/down", 0.0, None, "down"),
        ("hex", 255.0, None, "FF"),
        ("hex0x", -255.0, None, "-0xFF"),
        ("sci", 1500.0, None, "1.5e+3"),
        ("sci", 0.00015, Some(2), "1.50e-4"),
        ("locale", 1_234_567.891_2, None, "1,234,567.891"),
        ("locale", 123.0, None, "123"),
        ("string", 0.1, None, "0.1"),
    ]);
}

/// Unknown is never written as a word that could be read as an answer, whatever the unit.
#[test]
fn what_is_no_number_says_so() {
    check(&[
        ("bytes", f64::NAN, None, "NaN"),
        ("percent", f64::NAN, Some(2), "NaN%"),
        ("bool", f64::NAN, None, "NaN"),
        ("s", f64::INFINITY, None, "∞"),
        ("dateTimeAsIso", f64::NEG_INFINITY, None, "-∞"),
    ]);
}

#[test]
fn known_ids_are_known() {
    let known = ["short", "decgbytes", "Tibits", "currencyCHF", "suffix:jobs", "dtdhms", "PBs"];
    let unknown = ["widgets", "currencyX", "xbytes", "K", "µ:x"];
    assert!(known.iter().all(|id| Unit((*id).to_owned()).is_known()));
    assert!(unknown.iter().all(|id| !Unit((*id).to_owned()).is_known()));
}

proptest! {
    #[test]
    fn every_unit_takes_every_number(id in "[a-zA-Z:µ%\\[]{0,8}|time:.*|si:.*|clocks|dtdurations|hex|locale|dateTimeAsIso|bytes|s|short",
                                     bits in any::<u64>(), decimals in proptest::option::of(0u8..=255)) {
        let unit = Unit(id);
        let value = f64::from_bits(bits);
        prop_assert!(!unit.format(value, decimals).text.is_empty() || unit.0.starts_with("time:") || unit.0.starts_with("bool:"));
        unit.format_at(value, decimals, Stamp(0));
    }
}
