//! A busy disk: threads that write and sync, over and over, into files without a name of a bounded size.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::adapters::hold::room::Room;
use crate::adapters::hold::{Grip, Kept, Kind, Part, bytes, read};
use crate::domain::chaos::hold::Io;
use crate::domain::failure::Failure;
use crate::ports::Promise;

/// The kind.
pub const IO: &dyn Kind = &Busy;

const WRITERS: u64 = 2;
/// How large the file of each becomes, in bytes; then it is written again from its beginning.
const SIZE: u64 = 32 << 20;
/// What is written at a time.
const PIECE: usize = 256 << 10;
/// How much of what they take must be free.
const FREE: u64 = 4;
/// Of all time, how much they rest for each part that they are busy: others get to the disk, too.
const REST: f64 = 0.25;

struct Busy;

impl Kind for Busy {
    fn name(&self) -> &'static str {
        "io"
    }

    fn judge<'a>(&'a self, args: &'a Value) -> Promise<'a, Vec<String>> {
        Box::pin(async {
            let room = room(&read(args)?)?;
            let size = bytes(WRITERS * SIZE);
            Ok(vec![format!(
                "{WRITERS} writers will sync up to {size} on the file system of {}, over and over",
                room.folder.display()
            )])
        })
    }

    fn hold<'a>(&'a self, part: &'a Part) -> Promise<'a, Grip> {
        Box::pin(async {
            let room = room(&part.args()?)?;
            let files: Vec<File> = (0..WRITERS).map(|_| room.file()).collect::<Result<_, _>>()?;
            let writing = |file: File| move |kept: &AtomicBool| write(&file, kept);
            Ok(Kept::start(files.into_iter().map(writing)).grip())
        })
    }
}

fn room(args: &Io) -> Result<Room, Failure> {
    let room = Room::of(&args.disk)?;
    let needs = WRITERS * SIZE * FREE;
    if room.free < needs {
        let what = format!("only {} are free on the file system of {}", bytes(room.free), room.folder.display());
        return Err(Failure::refused(format!("{what}, and {} should be", bytes(needs))));
    }
    Ok(room)
}

fn write(file: &File, kept: &AtomicBool) {
    let mut noise = vec![0; PIECE];
    let mut at = 0;
    while kept.load(Ordering::Relaxed) {
        let began = Instant::now();
        noise.iter_mut().step_by(512).for_each(|byte| *byte = fastrand::u8(..));
        if let Err(error) = file.write_all_at(&noise, at).and_then(|()| file.sync_data()) {
            // A disk that fails is busy enough.
            eprintln!("{error}");
            std::thread::park_timeout(Duration::from_secs(1));
        }
        at = (at + PIECE as u64) % SIZE;
        std::thread::park_timeout(began.elapsed().mul_f64(REST));
    }
}
