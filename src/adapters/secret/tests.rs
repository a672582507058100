#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

fn file(text: &str, mode: u32) -> (tempfile::TempDir, SecretRef) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (dir, SecretRef::File(path))
}

async fn found(from: &SecretRef) -> String {
    resolve(from).await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_file_loses_one_newline_and_no_more() {
    let (_dir, from) = file("hunter2\n\n", 0o600);
    assert_eq!(found(&from).await, "hunter2\n");
}

#[tokio::test]
async fn rule_12_a_file_that_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o660] {
        let (_dir, from) = file("hunter2", mode);
        let error = resolve(&from).await.unwrap_err().to_string();
        assert!(error.contains("others can read it") && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_command_answers_on_stdout() {
    assert_eq!(found(&SecretRef::Cmd("printf 'a b' | tr a c".into())).await, "c b");
}

#[tokio::test]
async fn rule_12_a_failing_command_does_not_tell_its_output() {
    let error = resolve(&SecretRef::Cmd("echo hunter$((1 + 1)); exit 3".into())).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 3") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let env = SecretRef::Env("MIDWATCH_NO_SUCH_VARIABLE".into());
    assert_eq!(
        resolve(&env).await.unwrap_err().to_string(),
        "env:MIDWATCH_NO_SUCH_VARIABLE: this environment variable is not set"
    );
    let file = SecretRef::File("/nowhere/secret".into());
    assert_eq!(resolve(&file).await.unwrap_err().to_string(), "file:/nowhere/secret: there is no such file");
    assert!(resolve(&SecretRef::Cmd("true".into())).await.unwrap_err().to_string().ends_with("it is empty"));
}
