//! Whether what a repair needs is there, on this host: variables, mounts, programs and their run bits, files, secrets.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::adapters::secret;
use crate::domain::recovery::{Lack, Prerequisite};
use crate::domain::secret::SecretRef;

/// What is wrong with it, if anything is. Changes nothing; a secret that a command prints is asked of that command.
pub async fn lack(of: &Prerequisite) -> Option<Lack> {
    let found = match of {
        Prerequisite::Variable(name) => variable(name),
        Prerequisite::Mount(folder) => mount(folder),
        Prerequisite::Program(program) => runnable(program),
        Prerequisite::File(path) => file(path),
        Prerequisite::Secret(from) => secret_from(from).await,
    };
    found.err()
}

fn lacking(what: impl Into<String>, mend: impl Into<String>) -> Lack {
    Lack { what: what.into(), mend: mend.into() }
}

fn variable(name: &str) -> Result<(), Lack> {
    let why = match std::env::var_os(name) {
        Some(value) if !value.is_empty() => return Ok(()),
        Some(_) => "is empty",
        None => "is not set",
    };
    Err(lacking(format!("the variable {name} {why}"), format!("export {name}=…")))
}

fn mount(folder: &Path) -> Result<(), Lack> {
    let at = folder.display();
    if !folder.is_dir() {
        return Err(lacking(format!("{at} is not there"), format!("mkdir -p {at} && mount {at}")));
    }
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounted = points(&mounts).any(|point| point == real);
    if mounted { Ok(()) } else { Err(lacking(format!("nothing is mounted on {at}"), format!("mount {at}"))) }
}

/// The mount points of a table of mounts: its fifth field, with `\040` for a blank.
/// Source: <https://www.kernel.org/doc/html/latest/filesystems/proc.html>, 3.5.
fn points(mountinfo: &[u8]) -> impl Iterator<Item = PathBuf> {
    let fields = mountinfo.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    fields.map(|field| PathBuf::from(std::ffi::OsStr::from_bytes(&unescaped(field))))
}

fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = field;
    while let Some((first, others)) = rest.split_first() {
        let octal = others.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[3..] } else { others };
    }
    plain
}

fn runnable(program: &str) -> Result<(), Lack> {
    if program.contains('/') {
        return executable(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = std::env::split_paths(&path).map(|folder| folder.join(program)).filter(|path| path.is_file());
    let mend = || format!("install it: apt-file search bin/{program} names its package");
    let mut found = Err(lacking(format!("the program {program} is not installed"), mend()));
    for candidate in candidates {
        found = executable(&candidate);
        if found.is_ok() {
            break;
        }
    }
    found
}

fn executable(path: &Path) -> Result<(), Lack> {
    let at = path.display();
    let Ok(about) = fs::metadata(path) else {
        return Err(lacking(format!("the program {at} is not there"), "install it, or correct its path in midwatch.toml"));
    };
    let runs = about.is_file() && about.permissions().mode() & 0o111 != 0;
    if runs { Ok(()) } else { Err(lacking(format!("{at} may not be run"), format!("chmod +x {at}"))) }
}

fn file(path: &Path) -> Result<(), Lack> {
    let at = path.display();
    fs::File::open(path).map(drop).map_err(|error| lacking(format!("{at} cannot be read: {error}"), format!("ls -l {at}")))
}

async fn secret_from(from: &SecretRef) -> Result<(), Lack> {
    let mend = || match from {
        SecretRef::File(path) => format!("write the password into {0}, then chmod 600 {0}", path.display()),
        SecretRef::Env(name) => format!("export {name}=…"),
        SecretRef::Cmd(command) => format!("run it by hand: {command}"),
    };
    secret::resolve(from).await.map(drop).map_err(|error| lacking(error.to_string(), mend()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn what(of: &Prerequisite) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(lack(of)).map(|lack| lack.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_is_there_is_not_missed() {
        let here = std::env::current_exe().unwrap();
        for of in [
            Prerequisite::Variable("PATH".into()),
            Prerequisite::Mount("/proc".into()),
            Prerequisite::Program("sh".into()),
            Prerequisite::Program(here.display().to_string()),
            Prerequisite::File(here),
        ] {
            assert_eq!(what(&of), "", "{of:?}");
        }
    }

    #[test]
    fn what_is_missing_is_told_with_its_mend() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("start.sh");
        fs::write(&script, "").unwrap();
        let at = script.display();
        for (of, told) in [
            (
                Prerequisite::Variable("MIDWATCH_NO_SUCH".into()),
                "the variable MIDWATCH_NO_SUCH is not set — export MIDWATCH_NO_SUCH=…".to_owned(),
            ),
            (
                Prerequisite::Mount(folder.path().to_owned()),
                format!("nothing is mounted on {0} — mount {0}", folder.path().display()),
            ),
            (Prerequisite::Mount("/no/such".into()), "/no/such is not there — mkdir -p /no/such && mount /no/such".to_owned()),
            (Prerequisite::Program("no-such-program".into()), "the program no-such-program is not installed".to_owned()),
            (Prerequisite::Program(at.to_string()), format!("{at} may not be run — chmod +x {at}")),
            (Prerequisite::File("/no/such".into()), "/no/such cannot be read: No such file or directory".to_owned()),
            (Prerequisite::Secret(SecretRef::Env("MIDWATCH_NO_SUCH".into())), "export MIDWATCH_NO_SUCH=…".to_owned()),
        ] {
            assert!(what(&of).contains(&told), "{of:?}: {} instead of {told}", what(&of));
        }
    }

    #[test]
    fn a_mount_point_with_a_blank_is_read() {
        let table = b"36 35 98:0 / /mnt/a\\040b rw - ext3 /dev/root rw\n37 35 0:5 / /proc rw - proc proc rw\n";
        assert_eq!(points(table).collect::<Vec<_>>(), [PathBuf::from("/mnt/a b"), PathBuf::from("/proc")]);
    }
}
