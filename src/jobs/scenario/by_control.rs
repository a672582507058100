//! The kinds of faults that a service's control can make.

use std::time::Duration;

use crate::domain::control::{Phase, Way};
use crate::domain::failure::Failure;
use crate::domain::plan::{StepId, StepSpec};
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::routines::control::{Blow, Survey};
use crate::jobs::scenario::Faults;
use crate::jobs::target::Target;

/// What is meant is stopped in its tracks.
pub fn pause(survey: &Survey<'_>) -> Result<Faults, Failure> {
    runs(survey)?;
    Ok(Faults::new(vec![survey.target.pause(StepId(0))], survey.price(Blow::Pause)))
}

/// What is meant is asked to end.
pub fn stop(survey: &Survey<'_>) -> Result<Faults, Failure> {
    runs(survey)?;
    starts(survey.service)?;
    Ok(Faults::new(vec![survey.target.stop(StepId(0), true)], survey.price(Blow::Stop)))
}

/// What is meant is killed without a word.
pub fn kill(survey: &Survey<'_>) -> Result<Faults, Failure> {
    runs(survey)?;
    Ok(Faults::new(vec![killed(&survey.target)?], survey.price(Blow::Kill)))
}

/// The step that kills somebody without a word.
pub fn killed(target: &Target) -> Result<StepSpec, Failure> {
    starts(&target.service)?;
    Ok(target.given(Duration::ZERO).stop(StepId(0), true))
}

fn runs(survey: &Survey<'_>) -> Result<(), Failure> {
    if survey.count(|phase| phase == Phase::Running) == 0 { Err(survey.refuse("break")) } else { Ok(()) }
}

/// What nobody knows how to start again is not stopped: its end could not be armed.
fn starts(service: &ServiceSpec) -> Result<(), Failure> {
    match service.control.as_ref().map(|control| &control.way) {
        Some(Way::Process(process)) if process.start.is_empty() => {
            let what = format!("nothing says how {} is started again: its end cannot be armed", service.name);
            Err(Failure::refused(what).mend("add start = [\"…\"] to its control"))
        }
        _ => Ok(()),
    }
}
