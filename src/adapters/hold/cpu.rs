//! Processors: a thread for each, busy for most of the time.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::adapters::hold::{Grip, Kept, Kind, Part, read, seat};
use crate::domain::chaos::hold::Cpu;
use crate::domain::failure::Failure;
use crate::ports::Promise;

/// The kind.
pub const CPU: &dyn Kind = &Busy;

/// What a thread is busy a part of, and rests for the rest.
const TURN: Duration = Duration::from_millis(100);
/// Something is left for whoever has to end it.
const MOST: f64 = 0.95;

struct Busy;

/// How much of a turn.
fn busy(args: &Cpu) -> Duration {
    TURN.mul_f64(args.load.clamp(0.0, MOST))
}

impl Kind for Busy {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>> {
        Box::pin(async {
            let args: Cpu = read(args)?;
            let place = seat::find(&args.seat).await?;
            let busy = busy(&args).as_secs_f64() / TURN.as_secs_f64() * 100.0;
            Ok(vec![format!("{busy:.0} % of each of the {} processors {} will be held", processors()?, place.words)])
        })
    }

    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip> {
        Box::pin(async {
            let args: Cpu = part.args()?;
            seat::find(&args.seat).await?.enter()?;
            let busy = busy(&args);
            // Started by what yields to everything; where it may not stop doing so, it weighs less.
            let _ = rustix::process::setpriority_process(None, 0);
            Ok(Kept::start((0..processors()?).map(|_| move |kept: &AtomicBool| take_turns(kept, busy))).grip())
        })
    }
}

fn take_turns(kept: &AtomicBool, busy: Duration) {
    let mut sum = 0_u64;
    while kept.load(Ordering::Relaxed) {
        let began = Instant::now();
        while began.elapsed() < busy {
            sum = (0..1000).fold(sum, |sum, n| black_box(sum.rotate_left(5) ^ n));
        }
        std::thread::park_timeout(TURN.saturating_sub(began.elapsed()));
    }
    black_box(sum);
}

fn processors() -> Result<usize, Failure> {
    Ok(std::thread::available_parallelism()?.get())
}
