//! Scratch servers in containers of the service's image: whole, without network, and gone with whoever asked for them.

use std::path::Path;

use midwatch::domain::failure::FailureKind;
use midwatch::ports::tools::Bench;

use super::*;

fn benches(docker: &Docker) -> Vec<String> {
    let all = docker.succeed(&["ps", "--all", "--filter", "label=midwatch.bench", "--format", "{{.Names}}"]);
    all.lines().map(str::to_owned).collect()
}

async fn told(bench: &dyn Bench, run: &Run) -> String {
    let (said, ended) = finish(bench.start(run).await.unwrap()).await;
    assert!(ended.status.success(), "{run:?}: {ended:?}");
    String::from_utf8(said).unwrap().trim().to_owned()
}

/// A scratch PostgreSQL that answers.
async fn serve(docker: &Docker, bench: &dyn Bench) -> Box<dyn Running> {
    let room = bench.folder().display().to_string();
    let data = format!("{room}/data");
    told(bench, &Run::new("initdb", ["-N", "-U", "postgres", "--locale=C", "-D", &data])).await;
    let settings = ["-c", "listen_addresses=", "-c"];
    let sockets = format!("unix_socket_directories={room}");
    let server = bench.start(&Run::new("postgres", [&["-D", data.as_str()][..], &settings, &[&sockets]].concat())).await.unwrap();
    let ready = format!("pg_isready -qh {room}");
    let name = benches(docker).pop().unwrap();
    docker.eventually("a scratch server", || docker.run(&["exec", &name, "sh", "-c", &ready]).status.success());
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_server_runs_in_an_image_and_leaves_nothing() {
    let Some(docker) = Docker::start() else { return };
    docker.succeed(&["run", "-d", "--network", "none", "--name", "db", IMAGE, "sleep", "1000"]);
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("job-1");
    // In the image that is named, and in that of the service's own container.
    for place in [image(), ToolPlace::Here] {
        let tools = tools_of(&docker, &inside("db", place));
        let bench = tools.bench(&folder).await.unwrap();
        an_empty_room_without_network(&*bench).await;
        let server = serve(&docker, &*bench).await;
        let room = bench.folder().display().to_string();
        let ask = Run { input: true, ..Run::new("psql", ["-XAtqU", "postgres", "-h", &room, "-c", "SELECT 40 + 2"]) };
        assert_eq!(told(&*bench, &ask).await, "42");
        bench.clear().await.unwrap();
        assert_eq!(benches(&docker), Vec::<String>::new());
        assert!(!folder.exists());
        drop(server);

        let bench = tools.bench(&folder).await.unwrap();
        let _server = serve(&docker, &*bench).await;
        drop(bench);
        docker.eventually("no container after a drop", || benches(&docker).is_empty());
        assert!(!folder.exists());
    }
    what_was_left_is_removed_and_what_is_others_stays(&docker, &folder).await;
}

async fn an_empty_room_without_network(bench: &dyn Bench) {
    let room = bench.folder().display().to_string();
    assert!(bench.local().is_none());
    assert_eq!(told(bench, &Run::new("stat", ["-c", "%a %U", &room])).await, "700 postgres");
    assert_eq!(told(bench, &Run::new("ls", ["-A", &room])).await, "");
    assert_eq!(told(bench, &Run::new("id", ["-un"])).await, "postgres");
    assert_eq!(told(bench, &Run::new("ls", ["/sys/class/net"])).await, "lo");
}

async fn what_was_left_is_removed_and_what_is_others_stays(docker: &Docker, folder: &Path) {
    let tools = tools_of(docker, &inside("db", image()));
    let bench = tools.bench(folder).await.unwrap();
    let failure = tools.bench(folder).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Locked, "{failure}");
    let name = benches(docker).pop().unwrap();
    bench.clear().await.unwrap();
    // As after a loss of power: it is there, but nobody keeps it.
    let label = format!("midwatch.bench={name}");
    docker.succeed(&["create", "--name", &name, "--label", &label, "--network", "none", IMAGE, "sleep", "1"]);
    drop(tools.bench(folder).await.unwrap());
    docker.eventually("no container", || benches(docker).is_empty());
    docker.succeed(&["create", "--name", &name, "--network", "none", IMAGE, "sleep", "1"]);
    assert!(tools.bench(folder).await.is_err(), "somebody else's container is not removed");
    assert!(docker.succeed(&["ps", "--all", "--format", "{{.Names}}"]).contains(&name));

    let nothing = tools_of(docker, &inside("db", ToolPlace::Image("nothing:1".into())));
    let failure = nothing.bench(folder).await.err().unwrap();
    assert_eq!(failure.mend.as_deref(), Some("docker pull nothing:1"), "{failure}");
}
