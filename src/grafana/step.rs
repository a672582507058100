//! How far apart samples are asked for, as Grafana reckons it: from the range, the room there is, and the least step.

use std::time::Duration;

use super::model::{Panel, Target};
use super::variables::{Context, Values, title};
use super::words;

/// The most samples a series that Prometheus answers with.
const SAFE: u32 = 11_000;

/// The distances that hold for one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Between two samples; `$__interval`.
    pub step: Duration,
    /// What rates look back over: `$__rate_interval`.
    pub rate: Duration,
}

/// What steps are reckoned from beside the query.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Length of the range.
    pub span: Duration,
    /// How many samples there is room for.
    pub points: u16,
    /// How often Prometheus scrapes; 15 s unless it is known better.
    pub scrape: Duration,
}

/// The steps of one query of a panel.
pub fn steps(panel: &Panel, target: &Target, room: Room, values: &Values, cx: &Context<'_>) -> Steps {
    let points = panel.times.max_points.map_or(u32::from(room.points), |most| most.min(u32::from(room.points))).max(1);
    let raw = rounded(room.span / points);
    let least = |text: &Option<String>| words::duration(&title(text.as_deref()?, values, cx));
    let panel_interval = raw.max(least(&panel.times.min_interval).unwrap_or(room.scrape));
    let wanted = target.min_step.as_deref().unwrap_or_default();
    let own = if is_interval(wanted) { None } else { least(&target.min_step) };
    let step = own.map_or(panel_interval, |own| raw.max(own)).max(rounded(room.span / SAFE));
    let rate = |scrape: Duration| (panel_interval + scrape).max(scrape * 4);
    if is_rate(wanted) {
        let step = rate(room.scrape);
        return Steps { step, rate: step };
    }
    let step = step.saturating_mul(target.interval_factor);
    Steps { step, rate: rate(own.unwrap_or(if is_interval(wanted) { step } else { room.scrape })) }
}

fn is_rate(text: &str) -> bool {
    matches!(text, "$__rate_interval" | "${__rate_interval}")
}

fn is_interval(text: &str) -> bool {
    matches!(text, "$__interval" | "${__interval}" | "$interval" | "$resolution") || is_rate(text)
}

/// A distance rounded to one that people use: 1, 2, 5, 10, 15, 20, 30 seconds, a minute...
pub fn rounded(distance: Duration) -> Duration {
    /// `(below, becomes)` in milliseconds.
    const NICE: [(u128, u64); 29] = [
        (10, 1),
        (15, 10),
        (35, 20),
        (75, 50),
        (150, 100),
        (350, 200),
        (750, 500),
        (1500, 1000),
        (3500, 2000),
        (7500, 5000),
        (12_500, 10_000),
        (17_500, 15_000),
        (25_000, 20_000),
        (45_000, 30_000),
        (90_000, 60_000),
        (210_000, 120_000),
        (450_000, 300_000),
        (750_000, 600_000),
        (1_050_000, 900_000),
        (1_500_000, 1_200_000),
        (2_700_000, 1_800_000),
        (5_400_000, 3_600_000),
        (9_000_000, 7_200_000),
        (16_200_000, 10_800_000),
        (32_400_000, 21_600_000),
        (86_400_000, 43_200_000),
        (604_800_000, 86_400_000),
        (1_814_400_000, 604_800_000),
        (3_628_800_000, 2_592_000_000),
    ];
    let millis = distance.as_millis();
    let nice = NICE.iter().find(|(below, _)| millis < *below).map_or(31_536_000_000, |(_, nice)| *nice);
    Duration::from_millis(nice)
}

/// A distance in Prometheus's notation: `15s`, `1m`, `500ms`.
pub fn text(distance: Duration) -> String {
    let millis = distance.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let unit = units.into_iter().find(|(size, _)| millis >= *size && millis.is_multiple_of(*size));
    unit.map_or_else(|| format!("{millis}ms"), |(size, unit)| format!("{}{unit}", millis / size))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::range::Window;
    use crate::domain::time::Stamp;
    use crate::grafana::read;

    /// Step and rate interval in text of the one query of a panel, given the fields of both.
    fn told(panel: &str, target: &str, hours: u64, points: u16) -> (String, String) {
        let json = format!(r#"{{"panels": [{{"type": "stat", {panel} "targets": [{{"expr": "up", {target} "refId": "A"}}]}}]}}"#);
        let dashboard = read(&json).unwrap();
        let span = Duration::from_secs(hours * 3600);
        let window = Window { start: Stamp(0), end: Stamp(0).after(span) };
        let (interval, rate) = (Duration::from_secs(20), Duration::from_secs(80));
        let cx = Context { window, interval, rate, dashboard: "", user: "" };
        let room = Room { span, points, scrape: Duration::from_secs(15) };
        let panel = &dashboard.panels[0];
        let steps = steps(panel, &panel.targets[0], room, &Values::default(), &cx);
        (text(steps.step), text(steps.rate))
    }

    #[track_caller]
    fn check((got_step, got_rate): (String, String), step: &str, rate: &str) {
        assert_eq!((got_step, got_rate), (step.to_owned(), rate.to_owned()));
    }

    #[test]
    fn steps_fit_the_room_and_never_fall_below_the_scrape() {
        check(told("", "", 1, 1000), "15s", "1m");
        check(told("", "", 24, 100), "15m", "915s");
        check(told("", "", 720, 200), "3h", "10815s");
        check(told(r#""maxDataPoints": 10,"#, "", 1, 1000), "5m", "315s");
    }

    #[test]
    fn least_steps_are_honoured() {
        check(told(r#""interval": "1m","#, "", 1, 1000), "1m", "75s");
        check(told(r#""interval": ">2m","#, "", 1, 1000), "2m", "135s");
        check(told("", r#""interval": "30s","#, 1, 1000), "30s", "2m");
        check(told("", r#""interval": "2s", "intervalFactor": 4,"#, 1, 3600), "8s", "17s");
        check(told("", r#""interval": "$__rate_interval","#, 1, 1000), "1m", "1m");
        check(told("", r#""interval": "$__interval", "intervalFactor": 2,"#, 1, 1000), "30s", "2m");
    }

    #[test]
    fn no_query_asks_for_more_samples_than_prometheus_answers() {
        check(told("", r#""interval": "1s","#, 24, 60_000), "10s", "16s");
    }

    #[test]
    fn distances_are_round() {
        let rows = [
            (1, "1ms"),
            (12, "10ms"),
            (1499, "1s"),
            (14_400, "15s"),
            (86_400, "1m"),
            (400_000, "5m"),
            (9_999_999, "3h"),
            (u64::MAX, "365d"),
        ];
        for (millis, want) in rows {
            assert_eq!(text(rounded(Duration::from_millis(millis))), want, "{millis}");
        }
    }
}
