//! Memory: as much of what is available as it is told, never more than half, written to and kept resident. The kernel, when it has to
//! kill, takes this process first.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::adapters::hold::{Grip, Kept, Kind, Part, bytes, read, seat};
use crate::domain::chaos::hold::Memory;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::Promise;

/// The kind.
pub const MEMORY: &dyn Kind = &Taken;

/// The most of what is available that is ever taken.
const MOST: f64 = 0.5;
/// What is taken at a time.
const PIECE: u64 = 16 << 20;
const PAGE: usize = 4096;
/// How often every page is touched, so that none is swapped out for good.
const TOUCHED: Duration = Duration::from_secs(2);

struct Taken;

impl Kind for Taken {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>> {
        Box::pin(async {
            let args: Memory = read(args)?;
            let place = seat::find(&args.seat).await?;
            let available = place.memory()?;
            let (take, all) = (bytes(take(&args, available)), bytes(available));
            Ok(vec![format!("{take} of the {all} of memory {} that are available will be held", place.words)])
        })
    }

    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip> {
        Box::pin(async {
            let args: Memory = part.args()?;
            let place = seat::find(&args.seat).await?;
            // Before anything is taken: whatever else happens, nothing else is killed for it.
            fs::write("/proc/self/oom_score_adj", "1000")?;
            place.enter()?;
            let take = take(&args, place.memory()?);
            let held = tokio::task::spawn_blocking(move || Pages::take(take)).await;
            held.map_err(|e| Failure::new(FailureKind::Bug, e.to_string()))?.map(Pages::keep)
        })
    }
}

/// Memory that is really there.
struct Pages(Vec<Vec<u8>>);

impl Pages {
    fn take(bytes: u64) -> Result<Self, Failure> {
        let mut pages = Self(Vec::new());
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(PIECE) as usize;
            let mut taken: Vec<u8> = Vec::new();
            let full = |e| Failure::new(FailureKind::Full, format!("{bytes} bytes of memory cannot be taken: {e}"));
            taken.try_reserve_exact(piece).map_err(full)?;
            taken.resize(piece, 0);
            pages.0.push(taken);
            left -= piece as u64;
        }
        pages.touch();
        Ok(pages)
    }

    /// Makes each page differ from what it was, and from the others.
    fn touch(&mut self) {
        for page in self.0.iter_mut().flat_map(|piece| piece.chunks_mut(PAGE)) {
            if let Some(first) = page.first_chunk_mut::<8>() {
                *first = fastrand::u64(..).to_ne_bytes();
            }
        }
        black_box(&mut self.0);
    }

    fn keep(mut self) -> Grip {
        let touching = move |kept: &AtomicBool| {
            while kept.load(Ordering::Relaxed) {
                self.touch();
                std::thread::park_timeout(TOUCHED);
            }
        };
        Kept::start([touching]).grip()
    }
}

fn take(args: &Memory, available: u64) -> u64 {
    let share = (available as f64 * args.share.clamp(0.0, MOST)) as u64;
    share.min(args.most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::chaos::hold::Seat;

    /// Resident, in bytes.
    fn resident() -> u64 {
        let text = fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * PAGE as u64
    }

    #[test]
    fn never_more_than_half_of_what_is_available_is_taken() {
        let args = |share, most| Memory { seat: Seat::Host, share, most };
        assert_eq!(take(&args(0.9, u64::MAX), 1000), 500);
        assert_eq!(take(&args(0.2, u64::MAX), 1000), 200);
        assert_eq!(take(&args(0.5, 64), 1000), 64);
        assert!(take(&args(f64::NAN, u64::MAX), 1000) <= 500);
    }

    #[test]
    fn what_is_taken_is_really_there() {
        let before = resident();
        let pages = Pages::take(PIECE * 4 + 10).unwrap();
        assert!(resident() >= before + PIECE * 4, "{before} {}", resident());
        assert_eq!(pages.0.len(), 5);
    }
}
