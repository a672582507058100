//! The journal of units, by `journalctl`, one JSON object a line.

use serde_json::Value;

use crate::adapters::control::host::{Host, last};
use crate::adapters::control::lines::Lines;
use crate::domain::control::{LONGEST_LINE, LogAsk, LogLine};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;
use crate::ports::Promise;
use crate::ports::control::Logs;
use crate::ports::tools::{Run, Running};

/// The longest entry that is read: a message with bytes that are no text is told as a list of numbers.
const LONGEST_ENTRY: usize = 8 << 20;

/// What `journalctl` is asked.
pub fn words(units: &[String], ask: &LogAsk) -> Vec<String> {
    let mut words: Vec<String> = ["-o", "json", "--all", "--quiet", "--no-pager"].map(str::to_owned).to_vec();
    words.extend(units.iter().map(|unit| format!("--unit={unit}")));
    words.extend(ask.since.map(|since| format!("--since=@{}", since.0.div_euclid(1000))));
    words.extend(ask.until.map(|until| format!("--until=@{}", until.0.div_euclid(1000) + 1)));
    words.extend(ask.tail.map(|tail| format!("--lines={tail}")));
    words.extend(ask.follow.then(|| "--follow".to_owned()));
    words
}

/// Opens it.
pub async fn open(host: &Host, run: &Run, ask: &LogAsk) -> Result<Box<dyn Logs>, Failure> {
    let mut running = host.start(run).await?;
    let out = running.stdout().ok_or_else(|| Failure::new(FailureKind::Bug, "a journal has no output"))?;
    Ok(Box::new(Journal { lines: Lines::new(out, LONGEST_ENTRY), running, since: ask.since, until: ask.until }))
}

struct Journal {
    lines: Lines,
    running: Box<dyn Running>,
    since: Option<Stamp>,
    until: Option<Stamp>,
}

impl Logs for Journal {
    fn next(&mut self) -> Promise<'_, Option<LogLine>> {
        Box::pin(async move {
            loop {
                let Some(read) = self.lines.next().await? else { return self.ended().await };
                let Some(line) = entry(read.bytes()) else { continue };
                // It takes whole seconds only.
                let early = self.since.is_some_and(|since| line.at.is_some_and(|at| at < since));
                let late = self.until.is_some_and(|until| line.at.is_some_and(|at| at > until));
                if !early && !late {
                    return Ok(Some(line));
                }
            }
        })
    }
}

impl Journal {
    async fn ended(&mut self) -> Result<Option<LogLine>, Failure> {
        let ended = self.running.ended().await?;
        if ended.status.success() {
            return Ok(None);
        }
        Err(Failure::new(FailureKind::Unavailable, format!("journalctl: {}", last(&ended.stderr))))
    }
}

fn entry(bytes: &[u8]) -> Option<LogLine> {
    let entry: Value = serde_json::from_slice(bytes).ok()?;
    let micros: Option<i64> = entry["__REALTIME_TIMESTAMP"].as_str().and_then(|text| text.parse().ok());
    let message = match &entry["MESSAGE"] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect(),
        _ => return None,
    };
    let unit = ["_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT", "UNIT", "USER_UNIT"].iter().find_map(|name| entry[*name].as_str());
    let kept = &message[..message.len().min(LONGEST_LINE)];
    Some(LogLine {
        at: micros.map(|micros| Stamp(micros / 1000)),
        instance: unit.unwrap_or_default().to_owned(),
        text: String::from_utf8_lossy(kept).into_owned(),
        cut: (message.len() - kept.len()) as u64,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn entries_are_read_also_where_they_are_no_text_or_too_long() {
        let line = entry(br#"{"__REALTIME_TIMESTAMP":"1795316400123456","MESSAGE":"hi","_SYSTEMD_UNIT":"app.service"}"#).unwrap();
        assert_eq!((line.at, line.instance.as_str(), line.text.as_str()), (Some(Stamp(1_795_316_400_123)), "app.service", "hi"));
        assert_eq!(entry(br#"{"MESSAGE":[104,105,255]}"#).unwrap().text, "hi\u{fffd}");
        let long = entry(format!("{{\"MESSAGE\":\"{}\"}}", "x".repeat(1 << 20)).as_bytes()).unwrap();
        assert_eq!((long.text.len(), long.cut), (LONGEST_LINE, (1 << 20) - LONGEST_LINE as u64));
        assert_eq!(entry(br#"{"MESSAGE":null}"#), None);
        assert_eq!(entry(b"cut {"), None);
    }

    #[test]
    fn times_become_whole_seconds_around_them() {
        let ask = LogAsk { since: Some(Stamp(1500)), until: Some(Stamp(2500)), tail: Some(3), follow: true, instance: None };
        let words = words(&["a.service".to_owned()], &ask).join(" ");
        assert!(words.ends_with("--unit=a.service --since=@1 --until=@3 --lines=3 --follow"), "{words}");
    }
}
