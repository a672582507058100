//! The clipboard through tmux: with its usual settings it takes `OSC 52` from no program, but hands on what it is given itself.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Gives a text to tmux, for its buffer and for the clipboard of the terminal around it. Where that fails there is nobody to tell:
/// the same text went to the terminal in the usual way.
pub async fn copy(text: String) {
    let tmux = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut tmux) = tmux else { return };
    if let Some(mut stdin) = tmux.stdin.take() {
        let _ = stdin.write_all(text.as_bytes()).await;
    }
    let _ = tmux.wait().await;
}
