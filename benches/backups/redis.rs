//! Redis: the RDB.

use crate::contest::{Contestant, goal, run as contest};
use crate::servers::{PASSWORD, Redis};
use crate::{Midwatch, Size};

/// One server with strings and hashes.
pub fn run(size: Size) {
    let server = Redis::start(&[]);
    let fill = format!(
        "for i = 1, {} do redis.call('set', 'key:' .. i, string.rep(redis.sha1hex(i), 4)) end
         for i = 1, {} do redis.call('hset', 'hash:' .. i, 'a', redis.sha1hex(i), 'b', i) end return 1",
        size.keys,
        size.keys / 20
    );
    server.cli(&["EVAL", &fill, "0"]);
    let midwatch = Midwatch::new(&format!(
        "[environments.bench.services.cache]\nkind = \"redis\"\nreach = {{ tcp = \"127.0.0.1:{}\" }}\npassword = \"file:password\"\n\
         [environments.bench.services.cache.backup]\nrepository = \"main\"\nmethods = [\"rdb\"]\n",
        server.port
    ));
    let out = tempfile::tempdir().unwrap();
    let (folder, port) = (out.path().display(), server.port);
    let cli = format!("redis-cli -p {port}");
    let data = server.folder.path().join("dump.rdb");
    let script = format!(
        "export REDISCLI_AUTH={PASSWORD}; cd {folder}; {cli} bgsave >/dev/null; \
         while {cli} info persistence | grep -q rdb_bgsave_in_progress:1; do sleep 0.05; done; \
         cp {} x.rdb && gzip -f x.rdb && md5sum x.rdb.gz > x.md5",
        data.display()
    );
    let gz = out.path().join("x.rdb.gz");
    let rows = contest(
        "Backup of Redis",
        size.rounds,
        &[
            Contestant {
                name: "script: BGSAVE, cp, gzip, md5sum",
                script,
                left: Box::new(move || Some(std::fs::metadata(&gz).ok()?.len())),
            },
            Contestant {
                name: "midwatch backup",
                script: midwatch.command("backup cache"),
                left: Box::new(|| Some(midwatch.size())),
            },
        ],
    );
    midwatch.memory();
    goal(&rows, "midwatch backup", 0.4, "script: BGSAVE, cp, gzip, md5sum");
}
