//! The kinds of faults that a process makes by holding something where a service runs: on this host, or within the limits of its
//! container. What runs elsewhere is refused: the fault would be here, and nobody there would notice.

use std::path::PathBuf;

use serde::Serialize;

use crate::domain::chaos::hold::{Cpu, Disk, Fill, Io, Memory, Seat};
use crate::domain::control::{ControlSpec, Phase, Way};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan::StepSpec;
use crate::domain::repository::RepositoryPlace;
use crate::jobs::scenario::Case;
use crate::jobs::steps::hold::hold;

const MIB: u64 = 1 << 20;
/// How much memory is held at the most where nothing else is said, in MiB.
const MOST: u64 = 256;
const LOAD: f64 = 0.8;

/// Memory is taken.
pub fn memory(case: &Case<'_>) -> Result<Vec<StepSpec>, Failure> {
    let (seat, most) = (seat(case)?, most(case)? * MIB);
    step(case, "Hold memory", "memory", &Memory { seat, share: 0.5, most })
}

/// Processors are kept busy.
pub fn cpu(case: &Case<'_>) -> Result<Vec<StepSpec>, Failure> {
    step(case, "Keep the processors busy", "cpu", &Cpu { seat: seat(case)?, load: LOAD })
}

/// The disk is kept busy.
pub fn io(case: &Case<'_>) -> Result<Vec<StepSpec>, Failure> {
    step(case, "Keep the disk busy", "io", &Io { disk: disk(case)? })
}

/// The disk is filled.
pub fn disk_full(case: &Case<'_>) -> Result<Vec<StepSpec>, Failure> {
    let folder = |place: &RepositoryPlace| match place {
        RepositoryPlace::Folder(folder) => Some(folder.clone()),
        RepositoryPlace::S3 { .. } => None,
    };
    let backups = case.ask.site.repositories.iter().filter_map(|repository| folder(&repository.place));
    let spare = backups.chain(case.ask.world.ledger()).collect();
    step(case, "Fill the disk", "disk", &Fill { disk: disk(case)?, spare })
}

fn step(case: &Case<'_>, what: &str, kind: &str, args: &impl Serialize) -> Result<Vec<StepSpec>, Failure> {
    Ok(vec![hold(format!("{what} where {} runs", case.survey.target.words()), kind, args)?])
}

/// In MiB.
fn most(case: &Case<'_>) -> Result<u64, Failure> {
    let Some(text) = case.ask.given.get("most") else { return Ok(MOST) };
    let wrong = || Failure::new(FailureKind::Usage, format!("--most cannot be {text:?}")).mend("a number of MiB: --most 512");
    text.parse().ok().filter(|most| (1..=1 << 20).contains(most)).ok_or_else(wrong)
}

fn seat(case: &Case<'_>) -> Result<Seat, Failure> {
    let control = here(case)?;
    if !matches!(control.way, Way::Docker { .. } | Way::Compose { .. }) {
        return Ok(Seat::Host);
    }
    let running: Vec<_> = case.survey.meant().into_iter().filter(|one| one.phase == Phase::Running).collect();
    match running.as_slice() {
        [one] => Ok(Seat::Container(ControlSpec { way: Way::Docker { container: one.name.clone() }, ..control.clone() })),
        [] => Err(case.survey.refuse("break")),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let what = format!("one container is meant, and {} has {}", case.survey.service.name, names.join(", "));
            Err(Failure::new(FailureKind::Usage, what).mend(format!("--instance {}", names.first().unwrap_or(&"NAME"))))
        }
    }
}

fn disk(case: &Case<'_>) -> Result<Disk, Failure> {
    let control = here(case)?;
    if let Some(folder) = case.ask.given.get("folder") {
        let folder = PathBuf::from(folder);
        let wrong = || Failure::new(FailureKind::Usage, format!("{} is no whole path", folder.display()));
        return if folder.is_absolute() { Ok(Disk::Folder(folder)) } else { Err(wrong().mend("--folder /srv/uploads")) };
    }
    match &control.way {
        Way::Process(process) if !control.is_many() => Ok(Disk::Of(process.pid_file.clone())),
        _ => {
            let what = format!("nobody knows in which folder of this host {} works", case.survey.service.name);
            Err(Failure::refused(what).mend("--folder names one on the file system that is meant"))
        }
    }
}

/// The control of what runs on this host.
fn here<'a>(case: &Case<'a>) -> Result<&'a ControlSpec, Failure> {
    let control = case.survey.service.controlled(&case.ask.site.environment)?;
    match &control.ssh {
        None => Ok(control),
        Some(host) => {
            let what =
                format!("{} runs on {host}: it would be held here, and nobody there would notice", case.survey.service.name);
            Err(Failure::refused(what).mend(format!("run this drill with a midwatch on {host}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::domain::guard::Guard;
    use crate::jobs::routine::{Ask, Given};
    use crate::jobs::routines::control::Survey;
    use crate::jobs::routines::control::tests::stage;
    use crate::jobs::site::Site;

    /// What it comes to for a service of these phases behind this host, with these words.
    async fn asked(
        fault: fn(&Case<'_>) -> Result<Vec<StepSpec>, Failure>,
        phases: &[Phase],
        ssh: Option<&str>,
        words: &[(&str, &str)],
    ) -> Result<Vec<StepSpec>, Failure> {
        let (world, mut service) = (stage::stage(phases), stage::service("app", Some("app-{n}"), &[]));
        service.control.as_mut().unwrap().ssh = ssh.map(str::to_owned);
        let site =
            Site { environment: "e".into(), guard: Guard::Open, services: vec![service], repositories: vec![], signals: vec![] };
        let given = Given(words.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect());
        let ask = Ask { call: &[], given: &given, site: &site, world: &world, live: &[] };
        let survey = Survey::on(&ask, &site.services[0]).await.unwrap();
        fault(&Case { ask: &ask, survey: &survey, lasts: Duration::from_secs(60) })
    }

    #[tokio::test]
    async fn what_runs_elsewhere_is_refused_before_anything_is_armed() {
        for fault in [memory, cpu, io, disk_full] {
            let refused = asked(fault, &[Phase::Running], Some("db-1"), &[]).await.unwrap_err();
            assert!(refused.kind == FailureKind::Refused && refused.what.contains("runs on db-1"), "{refused}");
        }
    }

    #[tokio::test]
    async fn one_container_is_meant_and_no_other() {
        let both = [Phase::Running, Phase::Running];
        let refused = asked(memory, &both, None, &[]).await.unwrap_err();
        assert!(refused.what.contains("one container is meant") && refused.mend.unwrap().starts_with("--instance app-1"));
        let steps = asked(memory, &both, None, &[("instance", "app-2"), ("most", "64")]).await.unwrap();
        let args = &steps[0].args["args"];
        assert_eq!(args["seat"]["container"]["way"]["docker"]["container"], "app-2");
        assert_eq!(args["most"], 64 * MIB);
        let nothing = asked(memory, &[Phase::Stopped], None, &[]).await.unwrap_err();
        assert!(nothing.what.contains("there is nothing to break"), "{nothing}");
    }

    #[tokio::test]
    async fn a_folder_is_named_where_nobody_knows_it() {
        let refused = asked(disk_full, &[Phase::Running], None, &[]).await.unwrap_err();
        assert!(refused.what.contains("nobody knows in which folder"), "{refused}");
        assert!(asked(disk_full, &[Phase::Running], None, &[("folder", "srv")]).await.is_err(), "no whole path");
        let steps = asked(disk_full, &[Phase::Running], None, &[("folder", "/srv")]).await.unwrap();
        assert_eq!(steps[0].args["args"]["disk"]["folder"], "/srv");
        for most in ["0", "-1", "many", "9999999999"] {
            assert!(asked(memory, &[Phase::Running], None, &[("most", most)]).await.is_err(), "{most}");
        }
    }
}
