//! Logs of containers: merged, cut, followed, and none faster than it is read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::time::Duration;

use midwatch::domain::control::{LONGEST_LINE, LogAsk, LogLine};
use midwatch::ports::control::{Control, Logs};
use tokio::time::timeout;

use super::compose::composed;
use super::{GOOD, compose_of, container, control_at, run};
use crate::docker::Docker;

/// The most a log may take for its next line; machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Twenty lines, one after the other, the last ten once it may go on.
const COUNT: &str = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo line $i; sleep 0.1; \
    [ $i -lt 10 ] || until [ -e /tmp/go ]; do sleep 0.1; done; done; echo the end; exec sleep 1000";
/// How much a server that floods would like to say.
const FLOOD: usize = 256 << 20;

async fn next(logs: &mut Box<dyn Logs>) -> Option<LogLine> {
    timeout(PATIENCE, logs.next()).await.unwrap().unwrap()
}

async fn all(control: &dyn Control, ask: LogAsk) -> Vec<LogLine> {
    let mut logs = control.logs(&ask).await.unwrap();
    let mut all = Vec::new();
    while let Some(line) = next(&mut logs).await {
        all.push(line);
    }
    all
}

fn texts(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

pub async fn are_merged_and_limited(docker: &Docker) {
    for number in [1, 2] {
        composed(docker, "logs", "app", number, &["--network", "none"], COUNT);
        docker.eventually("ten lines", || docker.succeed(&["logs", &format!("logs-app-{number}")]).contains("line 10"));
    }
    for name in ["logs-app-1", "logs-app-2"] {
        docker.succeed(&["exec", name, "sh", "-c", ": >/tmp/go"]);
        docker.eventually("all lines", || docker.succeed(&["logs", name]).contains("the end"));
    }
    let control = compose_of(docker, "logs", "app");
    let both = all(&*control, LogAsk::default()).await;
    assert_eq!(both.len(), 42);
    assert!(both.is_sorted_by_key(|line| line.at.unwrap()), "{both:?}");
    let changes = both.windows(2).filter(|two| two[0].instance != two[1].instance).count();
    assert_eq!(changes, 3, "they wrote in turn: {both:?}");
    let first = all(&*control, LogAsk { instance: Some("logs-app-1".to_owned()), ..LogAsk::default() }).await;
    assert_eq!((first.len(), first[20].text.as_str()), (21, "the end"));
    let last = all(&*control, LogAsk { tail: Some(2), ..LogAsk::default() }).await;
    assert_eq!(last.len(), 4, "so many of each");
    let ask = LogAsk { instance: Some("logs-app-1".to_owned()), since: first[5].at, until: first[7].at, ..LogAsk::default() };
    assert_eq!(texts(&all(&*control, ask).await), ["line 6", "line 7", "line 8"], "both ends are meant");
}

pub async fn long_lines_are_cut(docker: &Docker) {
    let script = "printf '\\033[31m'; head -c 1048576 /dev/zero | tr '\\0' a; echo; echo next >&2; exec sleep 1000";
    run(docker, "long", &[], script);
    run(docker, "long-tty", &["-t"], script);
    for name in ["long", "long-tty"] {
        docker.eventually("the last line", || {
            let output = docker.run(&["logs", name]);
            [output.stdout, output.stderr].concat().windows(4).any(|bytes| bytes == b"next")
        });
        let mut lines = all(&*container(docker, name), LogAsk::default()).await;
        // Two streams, which Docker reads as it likes.
        lines.sort_by_key(|line| line.cut == 0);
        assert_eq!(lines.len(), 2, "{name}");
        assert!(lines[0].text.starts_with("\x1b[31ma") && lines[0].text.len() == LONGEST_LINE, "{name}");
        // A terminal ends its lines with two bytes.
        let ending = u64::from(name == "long-tty");
        assert_eq!(lines[0].cut, (1 << 20) + 5 - LONGEST_LINE as u64 + ending, "{name}");
        assert_eq!((lines[1].text.as_str(), lines[1].cut), ("next", 0), "{name}");
    }
}

pub async fn are_followed_over_a_restart(docker: &Docker) {
    run(docker, "followed", &[], &format!("echo began; {GOOD}"));
    let control = container(docker, "followed");
    let mut logs = control.logs(&LogAsk { follow: true, ..LogAsk::default() }).await.unwrap();
    let mut seen = vec![next(&mut logs).await.unwrap(), next(&mut logs).await.unwrap()];
    control.stop(None, false).await.unwrap();
    control.start(None).await.unwrap();
    seen.extend([next(&mut logs).await.unwrap(), next(&mut logs).await.unwrap()]);
    assert_eq!(texts(&seen), ["began", "ready", "began", "ready"], "and nothing twice");
    docker.succeed(&["rm", "-f", "followed"]);
    run(docker, "followed", &[], "echo anew; exec sleep 1000");
    assert_eq!(next(&mut logs).await.unwrap().text, "anew", "another in its place");
}

/// An Engine that has one container, whose log never ends; tells how much of it went through before nothing did for a while.
fn flooding(listener: &UnixListener, told: &mpsc::Sender<usize>) {
    for stream in listener.incoming() {
        let told = told.clone();
        std::thread::spawn(move || serve(stream.unwrap(), &told));
    }
}

fn serve(mut stream: UnixStream, told: &mpsc::Sender<usize>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            (reader.read_line(&mut request).ok()? > 0).then_some(())?;
        }
        if request.contains("/logs?") {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").ok()?;
            stream.set_write_timeout(Some(Duration::from_secs(2))).ok()?;
            let line = [b"2026-11-22T03:00:00.000000000Z flood\r\n".repeat(1000)].concat();
            let passed = (0..FLOOD / line.len()).take_while(|_| stream.write_all(&line).is_ok()).count();
            told.send(passed * line.len()).ok()?;
            return None;
        }
        let body = r#"{"Id":"0123456789abcdef","Name":"/flood","Image":"i","State":{"Running":true},"Config":{"Tty":true},"HostConfig":{}}"#;
        let head = format!("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
}

pub async fn a_flood_waits_in_its_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || flooding(&listener, &tell));
    let control = control_at(&format!("unix://{}", path.display()), "flood");
    let mut logs = control.logs(&LogAsk { follow: true, ..LogAsk::default() }).await.unwrap();
    assert_eq!(next(&mut logs).await.unwrap().text, "flood");
    let passed = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE).unwrap()).await.unwrap();
    assert!(passed < 8 << 20, "{passed} bytes went through unread");
    assert_eq!(next(&mut logs).await.unwrap().text, "flood", "and it is still read");
}
