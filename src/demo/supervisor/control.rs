//! The control socket: who connects there is this demo's user, for nobody else reaches the folder it lies in.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use crate::demo::protocol::{Reply, Request};
use crate::demo::supervisor::shared::Shared;

/// Answers everybody until the supervisor ends.
pub async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    loop {
        // Refused now, for want of descriptors: the one who asks tries again.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // One that hangs up in the middle is as good as one that has finished.
            let _ = talk(stream, &shared).await;
        });
    }
}

async fn talk(stream: UnixStream, shared: &Shared) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let reply = match serde_json::from_str(&line) {
            Ok(Request::Hold) => return hold(lines, writer, shared).await,
            Ok(request) => answer(request, shared).await,
            Err(error) => Reply::Refused { why: format!("that is no request: {error}") },
        };
        say(&mut writer, &reply).await?;
    }
    Ok(())
}

async fn answer(request: Request, shared: &Shared) -> Reply {
    match request {
        Request::Hold | Request::Status => Reply::Status(Box::new(shared.status().await)),
        Request::Faults => Reply::Faults { faults: shared.faults().await },
        Request::Break { what, seconds } => match shared.break_something(what, seconds).await {
            Ok(status) => Reply::Broken(status),
            Err(why) => Reply::Refused { why },
        },
        Request::Start { server } => match shared.start_again(&server) {
            Ok(()) => Reply::Started,
            Err(why) => Reply::Refused { why },
        },
        Request::Stop => {
            shared.stop();
            Reply::Stopping
        }
    }
}

/// Tells how the start goes, then holds the demo up until the other side hangs up.
async fn hold(mut lines: Lines<BufReader<OwnedReadHalf>>, mut writer: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let _lease = shared.hold();
    tokio::select! {
        told = narrate(&mut writer, shared) => told?,
        () = hung_up(&mut lines) => return Ok(()),
    }
    tokio::select! {
        () = shared.until_ending() => say(&mut writer, &Reply::Stopping).await?,
        () = hung_up(&mut lines) => return Ok(()),
    }
    // The other side takes the end of the connection for the end of the demo.
    hung_up(&mut lines).await;
    Ok(())
}

async fn narrate(writer: &mut OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let (mut progress, mut outcome) = shared.watch();
    // What was done long ago is no progress.
    let up = outcome.borrow().as_ref().is_some_and(Result::is_ok);
    let mut told = if up { progress.borrow().len() } else { 0 };
    loop {
        let ended = outcome.borrow_and_update().clone();
        let steps = progress.borrow_and_update()[told..].to_vec();
        told += steps.len();
        for step in steps {
            say(writer, &Reply::Progress(step)).await?;
        }
        match ended {
            Some(Ok(endpoints)) => return say(writer, &Reply::Ready(endpoints)).await,
            Some(Err(why)) => return say(writer, &Reply::Failed { why }).await,
            None => tokio::select! {
                _ = progress.changed() => {}
                _ = outcome.changed() => {}
            },
        }
    }
}

async fn hung_up(lines: &mut Lines<BufReader<OwnedReadHalf>>) {
    while let Ok(Some(_)) = lines.next_line().await {}
}

async fn say(writer: &mut OwnedWriteHalf, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    writer.write_all(&line).await
}
