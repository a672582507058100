//! Damage to a backup, found by the whole program and told with its cause.

use std::fs;

use crate::desk::Desk;
use crate::servers::Postgres;

#[test]
fn one_flipped_byte_is_told_by_file_and_offset() {
    let server = Postgres::primary();
    server.psql("CREATE TABLE t AS SELECT md5(n::text) FROM generate_series(1, 2000) n").unwrap();
    let desk = Desk::on_postgres(&server);
    desk.ok("backup db --prove");
    let file = desk.file("postgres");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let ran = desk.run("verify db --again");
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.err.contains(name) && ran.err.contains("bytes 0"), "{ran:?}");
    assert_eq!(desk.backups()[0]["standing"], "proof failed", "an older proof does not hide it");
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    desk.ok("verify db --again");
    assert_eq!(desk.backups()[0]["standing"], "proved");
}

#[test]
fn rule_18_another_bastion_proves_what_it_finds() {
    let server = Postgres::primary();
    let desk = Desk::on_postgres(&server);
    desk.ok("backup db --prove");
    let other = desk.elsewhere();
    let found = &other.backups()[0];
    assert_eq!(
        (&found["attested"], &found["standing"]),
        (&false.into(), &"checksum only".into()),
        "another's proof is another's word"
    );
    other.ok("verify --all");
    assert_eq!(other.backups()[0]["standing"], "proved");
}
