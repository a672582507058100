//! Programs that print all of it, or half of it, and end well or badly.
#![allow(clippy::unwrap_used)]

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;

use super::*;
use crate::domain::backup::Compression;
use crate::ports::Promise;
use crate::ports::tools::Ended;

/// Prints this, and ends so: a wait status, as the kernel gives it.
struct Printed(&'static [u8], i32);

impl Running for Printed {
    fn stdout(&mut self) -> Option<Box<dyn AsyncRead + Send + Unpin>> {
        Some(Box::new(self.0))
    }

    fn stdin(&mut self) -> Option<Box<dyn AsyncWrite + Send + Unpin>> {
        Some(Box::new(tokio::io::sink()))
    }

    fn ended(&mut self) -> Promise<'_, Ended> {
        let ended = Ended { status: ExitStatus::from_raw(self.1), stderr: "server closed the connection".into() };
        async { Ok(ended) }.boxed()
    }

    fn stop(&mut self) -> Promise<'_, ()> {
        async { Ok(()) }.boxed()
    }
}

/// Remembers whether the file was completed.
struct Kept(Arc<AtomicBool>);

impl FileSink for Kept {
    fn write(&mut self, _: Bytes) -> Promise<'_, ()> {
        async { Ok(()) }.boxed()
    }

    fn finish(self: Box<Self>) -> Promise<'static, FileFacts> {
        self.0.store(true, Ordering::SeqCst);
        let facts = FileFacts {
            name: "shop.dump".into(),
            role: "shop".into(),
            compression: Compression::None,
            encrypted: false,
            bytes: 0,
            sha256: String::new(),
            blocks: Vec::new(),
            plain_bytes: 0,
        };
        async { Ok(facts) }.boxed()
    }
}

struct Silent;

impl Reporter for Silent {
    fn progress(&self, _: Progress) {}

    fn log(&self, _: &str) {}
}

/// Whether a program's output became a file, and what was said if not.
async fn kept(printed: Printed) -> (bool, Option<Failure>) {
    let kept = Arc::new(AtomicBool::new(false));
    let sink = Box::new(Kept(Arc::clone(&kept)));
    let done = into_file("pg_dump", Box::new(printed), sink, b"PGDMP", &Meter::new(&Silent)).await;
    (kept.load(Ordering::SeqCst), done.err())
}

const EXITED_1: i32 = 1 << 8;
const KILLED: i32 = 9;

#[tokio::test]
async fn rule_08_a_dump_counts_only_when_its_program_ended_well() {
    assert_eq!(kept(Printed(b"PGDMP and all the rest", 0)).await, (true, None));
    for bad in [EXITED_1, KILLED] {
        let (kept, failure) = kept(Printed(b"PGDMP and all the rest", bad)).await;
        assert!(!kept, "the bytes look whole, but their program failed");
        assert!(failure.unwrap().what.contains("server closed the connection"));
    }
}

#[tokio::test]
async fn rule_08_a_program_that_ends_well_has_still_to_print_what_it_promised() {
    for other in [&b""[..], b"PGD", b"pg_dump: help"] {
        let (kept, failure) = kept(Printed(other, 0)).await;
        assert!(!kept && failure.unwrap().kind == FailureKind::Damaged);
    }
}

#[tokio::test]
async fn rule_08_a_restore_that_took_its_whole_input_must_end_well_too() {
    let restored = async |status| {
        let from = Box::new(&b"PGDMP"[..]);
        into_program("pg_restore", Box::new(Printed(b"", status)), from, AsItIs::default(), &Meter::new(&Silent)).await
    };
    assert_eq!(restored(0).await, Ok(()));
    assert!(restored(EXITED_1).await.is_err() && restored(KILLED).await.is_err());
}
