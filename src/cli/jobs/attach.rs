//! Follows a job until it ends: its log as it grows, and how far it is where a person is watching.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::screens::jobs::progress;
use crate::cli::exit::Exit;
use crate::cli::jobs::tell;
use crate::cli::print;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::job::{Job, JobId, State};
use crate::domain::time::human;
use crate::runtime::desk::Desk;

/// How often it is looked.
const OFTEN: Duration = Duration::from_millis(100);
/// What a shell makes of an interrupt.
const INTERRUPTED: u8 = 130;
/// Back to the beginning of the line, and nothing on it.
const ANEW: &str = "\r\x1b[K";

/// Prints a job's log as it grows; returns when the job has ended, with its status, or was lost. An interrupt detaches, and the
/// job goes on.
pub async fn follow(desk: &Desk, id: JobId) -> Result<Exit, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut gauge = Gauge { shown: false, wanted: stderr().is_terminal() };
    let mut offset = 0;
    loop {
        let job = desk.job(id).await?;
        // The log after the state: what was written before the end is then in it.
        loop {
            let (text, next) = desk.log(id, offset).await?;
            if next == offset {
                break;
            }
            gauge.clear();
            print::data(&Clean::lines(&text).into_iter().map(|line| line.into_string() + "\n").collect::<String>())?;
            offset = next;
        }
        if matches!(job.state, State::Ended(_) | State::Lost) {
            gauge.clear();
            return Ok(Exit::of_job(&job));
        }
        gauge.show(&job);
        tokio::select! {
            () = tokio::time::sleep(OFTEN) => {}
            _ = interrupt.recv() => {
                gauge.clear();
                return Ok(Exit::because(INTERRUPTED, format!("job {id} goes on: midwatch jobs attach {}", id.0)));
            }
        }
    }
}

/// Waits until a job has ended, and prints it as one JSON object.
pub async fn wait(desk: &Desk, id: JobId) -> Result<Exit, Failure> {
    let job = ended(desk, id).await?;
    print::objects([tell::json(&job)])?;
    Ok(Exit::of_job(&job))
}

/// Waits until a job has ended, or was lost.
pub async fn ended(desk: &Desk, id: JobId) -> Result<Job, Failure> {
    loop {
        let job = desk.job(id).await?;
        if matches!(job.state, State::Ended(_) | State::Lost) {
            return Ok(job);
        }
        tokio::time::sleep(OFTEN).await;
    }
}

/// One line below the log, on a terminal alone.
struct Gauge {
    wanted: bool,
    shown: bool,
}

impl Gauge {
    fn show(&mut self, job: &Job) {
        if let Some(words) = words(job).filter(|_| self.wanted) {
            // Nobody is harmed by a line that cannot be shown.
            let _ = write!(stderr(), "{ANEW}{}", Clean::new(&words));
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(stderr(), "{ANEW}");
        }
    }
}

/// `1/5  42 %  1.2 GB, 120 MB/s, 14s left`
fn words(job: &Job) -> Option<String> {
    const MB: f64 = 1e6;
    let (told, _) = progress::of(job, job.submitted)?;
    let (at, of) = progress::place(job)?;
    let mut words = vec![format!("{at}/{of}")];
    words.extend(told.ratio().map(|ratio| format!("{:.0} %", ratio * 100.0)));
    words.push(format!("{:.1} MB", told.bytes as f64 / MB));
    words.extend(told.rate.map(|rate| format!("{:.1} MB/s", rate / MB)));
    words.extend(told.left().map(|left| format!("{} left", human(left))));
    words.push(told.words.clone());
    Some(words.join("  "))
}
