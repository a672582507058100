//! RDBs of a Redis, as scripts write and break them.

use std::fs;

use midwatch::domain::backup::policy::Assertion;
use midwatch::domain::job::Outcome;
use midwatch::domain::repository::RepositoryPlace;
use midwatch::domain::secret::SecretRef;
use midwatch::domain::service::ServiceKind;

use crate::bench::{Bench, compare, gunzip, gz, md5, part};
use crate::s3::{ACCESS_KEY, BUCKET, S3, SECRET_KEY, secret};
use crate::servers::Redis;

/// What the server saves.
fn saved(redis: &Redis) -> Vec<u8> {
    assert_eq!(redis.cli(&["SAVE"]), "OK");
    fs::read(redis.folder.path().join("dump.rdb")).unwrap()
}

#[tokio::test]
async fn rule_15_rdbs_are_proved_by_loading_them_and_what_scripts_break_is_found() {
    let (redis, bench) = (Redis::start(&[]), Bench::new());
    let empty = saved(&redis);
    redis.cli(&["SET", "shop:open", "yes"]);
    redis.cli(&["EVAL", "for i = 1, 3000 do redis.call('HSET', 'cart:' .. i, 'a', i, 'b', ('x'):rep(i % 90)) end", "0"]);
    redis.cli(&["SET", "soon", "1", "PX", "1"]);
    redis.cli(&["SADD", "tags", "a", "b"]);
    let rdb = saved(&redis);
    redis.cli(&["DEL", "shop:open"]);
    let other = saved(&redis);
    bench.put("plain.rdb", &rdb);
    bench.put("onquota_redis_backup_20261101_010000.rdb.gz", &gz(&rdb));
    bench.put("onquota_redis_backup_20261101_010000.rdb.gz.md5", &md5(&gz(&rdb), "x.rdb.gz"));
    bench.put("cut.rdb.gz", &gz(part(&rdb, 70)));
    bench.put("cut_packed.rdb.gz", part(&gz(&rdb), 70));
    bench.put("zero.rdb", b"");
    bench.put("no_keys.rdb", &empty);
    bench.put("other.rdb", &other);
    let mut flipped = rdb.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    bench.put("flipped.rdb.gz", &gz(&flipped));
    assert_eq!(gunzip(&gz(&rdb)), rdb);
    let (name, database, test) = ("the shop is open".to_owned(), "0".to_owned(), "shop:open".to_owned());
    let (outcome, found) = bench.judge(ServiceKind::Redis, &[], vec![Assertion { name, database, test }]).await;
    let bad = [
        ("cut.rdb.gz", "whole: the RDB is damaged"),
        ("cut_packed.rdb.gz", "whole: it is cut or damaged: gzip"),
        ("zero.rdb", "whole: the file is empty"),
        ("no_keys.rdb", "content: it loads, but holds no key"),
        ("other.rdb", "assertion: the shop is open"),
        ("flipped.rdb.gz", "whole: the RDB is damaged"),
    ];
    compare(&found, &["plain.rdb", "onquota_redis_backup_20261101_010000.rdb.gz"], &bad);
    assert_eq!(outcome, Outcome::Failed);
    assert!(bench.failure().contains("6 of 8 not proved"), "{}", bench.failure());
}

#[tokio::test]
async fn rule_15_backups_in_a_bucket_are_proved_where_they_are() {
    let (server, secrets, redis) = (S3::start().await, tempfile::tempdir().unwrap(), Redis::start(&[]));
    redis.cli(&["SET", "shop:open", "yes"]);
    let rdb = saved(&redis);
    fs::create_dir_all(server.object("old/redis")).unwrap();
    fs::write(server.object("old/redis/good.rdb.gz"), gz(&rdb)).unwrap();
    fs::write(server.object("old/redis/good.rdb.gz.md5"), md5(&gz(&rdb), "good.rdb.gz")).unwrap();
    fs::write(server.object("old/cut.rdb"), part(&rdb, 50)).unwrap();
    let reference = |name, text| SecretRef::File(secret(secrets.path(), name, text));
    let repository = RepositoryPlace::S3 {
        bucket: BUCKET.to_owned(),
        prefix: "midwatch".to_owned(),
        endpoint: Some(format!("http://{}", server.address)),
        region: "us-east-1".to_owned(),
        access_key: reference("access.key", ACCESS_KEY),
        secret_key: reference("secret.key", SECRET_KEY),
        ca: None,
    };
    let bench = Bench::in_bucket(&format!("s3://{BUCKET}/old"), repository);
    let (outcome, found) = bench.judge(ServiceKind::Redis, &[], vec![]).await;
    compare(&found, &["redis/good.rdb.gz"], &[("cut.rdb", "whole: the RDB is damaged")]);
    assert_eq!(outcome, Outcome::Failed);
}
