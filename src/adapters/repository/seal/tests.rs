#![allow(clippy::unwrap_used)]

use super::*;

fn key(byte: u8) -> SealKey {
    SealKey::new([byte; 32])
}

fn sealed() -> Vec<u8> {
    seal(&serde_json::json!({ "rows": 40, "name": "shop" }), &key(1)).unwrap()
}

fn attested(bytes: &[u8], key: &SealKey) -> Attestation {
    unseal::<serde_json::Value>(bytes, Some(key)).unwrap().1
}

#[test]
fn a_key_is_named_by_its_hash_and_never_shown() {
    assert_eq!(key(0).name(), "66687aadf862bd77");
    assert_eq!(format!("{:?}", key(0)), "SealKey(66687aadf862bd77)");
}

#[test]
fn a_seal_holds_until_a_byte_of_the_body_changes() {
    assert_eq!(attested(&sealed(), &key(1)), Attestation::Attested);
    let edited = String::from_utf8(sealed()).unwrap().replace("\"rows\":40", "\"rows\":41");
    assert_eq!(attested(edited.as_bytes(), &key(1)), Attestation::Forged);
    let spaced = String::from_utf8(sealed()).unwrap().replace("\"rows\":", "\"rows\": ");
    assert_eq!(attested(spaced.as_bytes(), &key(1)), Attestation::Forged);
}

#[test]
fn a_seal_that_is_written_in_another_case_was_edited() {
    let text = String::from_utf8(sealed()).unwrap();
    let hmac = text.split('"').nth(9).unwrap();
    let edited = text.replace(hmac, &hmac.to_uppercase());
    assert_ne!(edited, text);
    assert_eq!(attested(edited.as_bytes(), &key(1)), Attestation::Forged);
}

#[test]
fn another_hosts_seal_is_neither_believed_nor_accused() {
    assert_eq!(attested(&sealed(), &key(2)), Attestation::Unattested(key(1).name().to_owned()));
    let read = unseal::<serde_json::Value>(&sealed(), None).unwrap();
    assert_eq!(read.1, Attestation::Unattested(key(1).name().to_owned()));
}

#[test]
fn a_document_that_cannot_be_read_says_why() {
    let why = |bytes: &[u8]| unseal::<serde_json::Value>(bytes, Some(&key(1))).unwrap_err();
    assert_eq!(why(b""), "it is empty");
    assert_eq!(why(&sealed()[..50]), "it is cut at byte 50");
    assert!(why(b"{\"seal\":!").starts_with("it is damaged: "));
    let wrong = String::from_utf8(sealed()).unwrap().replace("\"rows\":40", "\"rows\":\"40\"");
    let why = unseal::<std::collections::BTreeMap<String, u32>>(wrong.as_bytes(), Some(&key(1))).unwrap_err();
    assert!(why.starts_with("it was changed after it was sealed: "), "{why}");
}
