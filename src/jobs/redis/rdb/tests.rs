#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

/// Bytes as a server writes them; text is short.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn new(magic: &str) -> Self {
        Self(magic.as_bytes().to_vec())
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        self.raw(&[text.len() as u8]).raw(text.as_bytes())
    }

    fn texts(self, texts: &[&str]) -> Self {
        texts.iter().fold(self, |all, text| all.text(text))
    }

    /// A key of this type; its value follows.
    fn key(self, kind: u8) -> Self {
        self.raw(&[kind]).text("key")
    }

    /// The end mark and the checksum.
    fn end(self) -> Vec<u8> {
        let all = self.raw(&[255]);
        let mut crc = Crc::default();
        crc.update(&all.0);
        all.raw(&crc.value().to_le_bytes()).0
    }
}

fn scan(rdb: &[u8], piece: usize) -> Result<Found, Failure> {
    let mut scanner = Scanner::default();
    rdb.chunks(piece).try_for_each(|piece| scanner.feed(piece))?;
    scanner.end()
}

fn keys(database: &Counted) -> (u32, u64, u64) {
    (database.seen.number, database.seen.keys, database.seen.expires)
}

/// One key of each type that Redis writes, every way of writing a length, and all that stands between keys.
fn everything() -> Vec<u8> {
    let groups = |all: Writer, entries_read: &[u8], times: usize| {
        // One group with one pending entry, and one consumer who owns it.
        let pending = all.raw(&[1]).text("group").raw(&[7, 1]).raw(entries_read).raw(&[1]).raw(&[9; 24]).raw(&[3]);
        pending.raw(&[1]).text("consumer").raw(&vec![9; times]).raw(&[1]).raw(&[9; 16])
    };
    let stream =
        |all: Writer, kind: u8, ids: usize| all.key(kind).raw(&[1]).texts(&["0123456789abcdef", "listpack"]).raw(&vec![5; ids]);
    let long = [&[0x41, 0x00][..], &[b'x'; 256]].concat();
    let all = Writer::new("REDIS0012").raw(&[250]).texts(&["redis-ver", "7.0.15"]).raw(&[250]).text("ctime");
    let all = all.raw(&[0xc2, 0x80, 0x51, 0x01, 0x6b]).raw(&[250]).text("repl-offset").raw(&[0xc1, 0x34, 0x12]);
    let all = all.raw(&[250]).text("lua").raw(&[0xc3, 3, 9, 1, 2, 3]).raw(&[247, 0x81, 1, 2, 3, 4, 5, 6, 7, 8, 2, 2, 0]);
    let all = all.raw(&[245]).text("#!lua name=lib").raw(&[254, 0, 251, 4, 2]).raw(&[252, 1, 2, 3, 4, 5, 6, 7, 8]);
    let all =
        all.key(0).text("value").raw(&[253, 1, 2, 3, 4, 248, 9]).key(0).raw(&[0xc0, 200]).raw(&[249, 255]).key(0).raw(&long);
    let all = all.key(0).raw(&[0xc3, 3, 5]).raw(b"lzf").raw(&[254, 3, 251, 21, 0]);
    let all = all.key(1).raw(&[2]).texts(&["a", "b"]).key(2).raw(&[0]).key(14).raw(&[1]).text("ziplist");
    let all = all.key(3).raw(&[3]).text("a").text("1.5").text("b").raw(&[253]).text("c").raw(&[255]);
    let all = all.key(5).raw(&[1]).text("a").raw(&[9; 8]).key(4).raw(&[1]).texts(&["f", "v"]).key(18).raw(&[2, 2]).text("lp");
    let all = all.raw(&[1]).text("plain");
    let all = [9, 10, 11, 12, 13, 16, 17, 20].into_iter().fold(all, |all, kind| all.key(kind).text("packed"));
    let module = [&[1, 9, 2, 9, 3][..], &[0; 4], &[4], &[0; 8], &[5, 2, b'h', b'i', 0]].concat();
    let all = all.key(7).raw(&[0x80, 0, 0, 1, 0]).raw(&module);
    let all = groups(stream(all, 15, 3), &[], 8);
    let all = groups(stream(all, 19, 8), &[9], 8);
    let all = groups(stream(all, 21, 8), &[9], 16).raw(&[244, 1, 2, 3]);
    let all = all.key(24).raw(&[9; 8]).raw(&[1, 0x40, 0x50]).texts(&["f", "v"]).key(25).raw(&[9; 8]).text("listpack");
    all.end()
}

#[test]
fn every_type_is_passed_and_counted() {
    let found = scan(&everything(), usize::MAX).unwrap();
    assert_eq!(found.databases.iter().map(keys).collect::<Vec<_>>(), [(0, 4, 2), (3, 21, 0)]);
    assert_eq!((found.magic.as_str(), found.saved, found.offset), ("REDIS0012", Some(0x6b01_5180), Some(0x1234)));
    assert_eq!((found.lost, found.checksum, found.disagreement()), (None, true, None));
}

#[test]
fn it_is_the_same_however_the_pieces_are_cut() {
    let rdb = everything();
    let whole = scan(&rdb, usize::MAX).unwrap();
    for piece in 1..rdb.len() {
        assert_eq!(scan(&rdb, piece).unwrap(), whole, "pieces of {piece}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let rdb = everything();
    for bit in 0..rdb.len() * 8 {
        let mut flipped = rdb.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(scan(&flipped, 64).is_err(), "bit {bit}");
    }
}

#[test]
fn every_cut_is_found_and_every_excess() {
    let rdb = everything();
    for length in 0..rdb.len() {
        let failure = scan(&rdb[..length], 64).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Damaged, "{length}: {failure}");
    }
    assert!(scan(&[&rdb[..], b"x"].concat(), 64).unwrap_err().what.contains("more after its end"));
    assert!(scan(b"", 64).unwrap_err().what.contains("it is empty"));
    assert!(scan(b"-- PostgreSQL dump", 64).unwrap_err().what.contains("no RDB"));
}

#[test]
fn an_unknown_type_ends_the_counting_and_not_the_checksum() {
    let head = |magic| Writer::new(magic).raw(&[254, 0, 251, 2, 0]).key(0).text("value");
    let rdb = head("REDIS0013").key(28).raw(&[7; 100]).end();
    let found = scan(&rdb, 7).unwrap();
    assert_eq!((found.lost, found.counts(), found.checksum), (Some((25, 28)), None, true));
    let mut flipped = rdb;
    flipped[60] ^= 1;
    assert!(scan(&flipped, 7).unwrap_err().what.contains("wrong checksum"));
    // Valkey's hash with fields that expire is something else to Redis.
    let hash = |magic| head(magic).key(22).raw(&[1]).texts(&["f", "v"]).raw(&[255; 8]).end();
    assert_eq!(scan(&hash("VALKEY080"), 7).unwrap().keys(), 2);
    assert_eq!(scan(&hash("REDIS0012"), 7).unwrap().lost, Some((25, 22)));
}

#[test]
fn without_a_checksum_the_servers_own_counts_are_held_against_ours() {
    let rdb =
        |keys| [&Writer::new("REDIS0010").raw(&[254, 0, 251, keys, 0]).key(0).text("v").raw(&[255]).0[..], &[0; 8]].concat();
    assert!(!scan(&rdb(1), 64).unwrap().checksum);
    assert!(scan(&rdb(2), 64).unwrap_err().what.contains("should hold 2 keys"));
}

proptest! {
    #[test]
    fn nothing_it_is_fed_makes_it_fall(junk in prop::collection::vec(any::<u8>(), 0..300), piece in 1usize..50) {
        let _ = scan(&[b"REDIS0010".to_vec(), junk].concat(), piece);
    }
}
