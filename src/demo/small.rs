//! A small file system of the demo's own, in memory: what becomes full there is nobody else's. It takes root to make one; without, the
//! folder stays on whatever disk it is on, and no drill fills that.

use std::path::Path;
use std::process::{Command, Stdio};

/// The folder of the demo that is one: where its Redis works.
pub const FOLDER: &str = "redis";

/// How large: room for the demo's Redis, and soon full.
const SIZE: &str = "size=128m,mode=0700";

/// Makes an empty folder one, where that can be.
pub fn mount(folder: &Path) {
    run(Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "midwatch-demo"]).arg(folder));
}

/// Takes it away with all that is in it; whoever still works there does not keep it. Where there is none, nothing is to be done.
pub fn unmount(folder: &Path) {
    run(Command::new("umount").arg("--lazy").arg(folder));
}

/// Only root may: others are not even to be told so.
fn run(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
