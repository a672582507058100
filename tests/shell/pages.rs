//! Manual pages and completions.

use std::process::{Command, Stdio};

use crate::stage::ran;

fn midwatch(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midwatch"));
    command.args(words).stdin(Stdio::null());
    command
}

#[test]
fn every_command_has_a_manual_page_that_names_its_flags() {
    let folder = tempfile::tempdir().unwrap();
    let written = ran(midwatch(&["man", "--write"]).arg(folder.path()));
    assert_eq!((written.status, written.out.as_str()), (0, ""), "{written:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(page("midwatch.1").contains("the configuration is wrong, or check found something missing"));
    assert!(page("midwatch-jobs-attach.1").contains("jobs attach"));
    assert!(page("midwatch-query.1").contains("range"));
    assert!(page("midwatch-backup.1").contains("dry\\-run"));
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() > 30 && !names.iter().any(|name| name.to_string_lossy().contains("worker")), "{names:?}");
}

/// What bash offers after these words.
fn offered(words: &[&str]) -> String {
    let script = r#"
        source <("$0" completions bash)
        COMP_WORDS=(midwatch "$@") COMP_CWORD=$#
        _midwatch midwatch "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2> /dev/null
        echo "${COMPREPLY[*]}"
    "#;
    let mut bash = Command::new("bash");
    let output = bash.args(["-c", script, env!("CARGO_BIN_EXE_midwatch")]).args(words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn bash_completes_commands_flags_and_choices() {
    assert_eq!(offered(&["al"]), "alerts");
    assert_eq!(offered(&["jobs", "at"]), "attach");
    assert_eq!(offered(&["backup", "--dr"]), "--dry-run");
    assert_eq!(offered(&["keys", "dash"]), "dashboards dashboard");
    assert_eq!(offered(&["backup", "--method", "ph"]), "physical");
    assert_eq!(offered(&["job-w"]), "", "what nobody calls by hand is not offered");
}

#[test]
fn every_shell_can_read_its_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = ran(&mut midwatch(&["completions", shell])).out;
        assert!(script.contains("alerts") && script.contains("dry-run"), "{shell}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("completions");
        std::fs::write(&file, script).unwrap();
        // Where a shell is not installed its script is not read.
        if let Ok(read) = Command::new(shell).arg("-n").arg(&file).output() {
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
}
