//! What every failover settles first: whether the old primary may be alive, and how it is kept from taking writes. Two servers
//! that take writes are worse than none.

use std::sync::Arc;

use crate::domain::access::Reach;
use crate::domain::failure::Failure;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::name::Name;
use crate::domain::service::spec::ServiceSpec;
use crate::jobs::routine::{Ask, Form, Param};
use crate::jobs::target::counted;
use crate::ports::World;
use crate::ports::control::Control;

/// The operator's word that the old primary cannot come back.
pub const FENCED: Param =
    Param { name: "fenced", help: "The old primary was stopped by hand; refused where it answers", form: Form::Flag };

/// What an old primary answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It says that it takes writes.
    Writes,
    /// It answers, but nobody learns from it what it is.
    Mute,
    /// It says nothing. That does not mean that it does not run.
    Silent,
}

/// How the old primary is kept from taking writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It is well: it is stopped in order, and everything that it wrote arrives.
    Stop,
    /// It is not well: it is asked to end, and killed where it does not.
    Kill,
    /// The operator has done it.
    Trust,
}

/// What the manner is decided from.
pub struct Case<'a> {
    /// The old primary.
    pub primary: &'a Name,
    /// What it answers.
    pub answer: Answer,
    /// Whether it could be stopped from here; the words say why not.
    pub is_controlled: Result<(), String>,
    /// Whether the operator says that it was stopped.
    pub is_fenced: bool,
    /// Whether its successor still receives from it.
    pub is_streaming: bool,
}

/// Whether and how the primary is fenced. One that answers is never believed to be fenced; one that does not is not believed to
/// be dead, but where its control or the operator says so.
pub fn decide(case: &Case<'_>) -> Result<Manner, Failure> {
    let Case { primary, answer, is_controlled, is_fenced, is_streaming } = case;
    let is_silent = *answer == Answer::Silent;
    match (is_controlled, is_silent) {
        _ if *is_fenced && !is_silent => {
            let what = format!("{primary} is not fenced: it answers; two servers would take writes");
            Err(Failure::refused(what).mend(format!("midwatch stop {primary}, or leave --fenced out")))
        }
        (Ok(()), true) => Ok(Manner::Kill),
        (Ok(()), false) if *answer == Answer::Mute => Ok(Manner::Kill),
        (Ok(()), false) if *is_streaming => Ok(Manner::Stop),
        (Ok(()), false) => {
            let what = format!("the standby does not stream from {primary}, which takes writes: they would be lost");
            Err(Failure::refused(what).mend(format!("let it catch up; or midwatch stop {primary} first, and lose them")))
        }
        (Err(why), true) if !is_fenced => {
            let what = format!("{primary} does not answer, but may be alive, and cannot be stopped from here: {why}");
            Err(Failure::refused(what).mend("make sure by hand that it cannot come back, then say --fenced"))
        }
        (Err(_), true) => Ok(Manner::Trust),
        (Err(why), false) => {
            let what = format!("{primary} answers, and cannot be stopped from here: {why}");
            Err(Failure::refused(what).mend("stop it by hand, so that it does not answer; then say --fenced"))
        }
    }
}

impl Manner {
    /// What is done to the old primary, for people; `held` is what its control says.
    pub fn words(self, primary: &Name, held: Option<&Held>) -> String {
        let held = held.map(|held| held.words.as_str()).unwrap_or_default();
        match self {
            Self::Stop => {
                format!("fence: {primary} is stopped in order ({held}); a failure before the promotion starts it again")
            }
            Self::Kill => format!("fence: {primary} is stopped, and killed where it does not end ({held})"),
            Self::Trust => {
                format!("fence: the operator says that {primary} was stopped by hand; it is asked again right before")
            }
        }
    }
}

/// The control of the old primary, as it answered.
pub struct Held {
    /// What is locked while it is stopped.
    pub keys: Vec<String>,
    /// For people.
    pub words: String,
}

/// Asks it whether it could be stopped; the words say why not.
pub async fn held(ask: &Ask<'_>, primary: &ServiceSpec) -> Result<Held, String> {
    let asked = async {
        let spec = primary.controlled(&ask.site.environment)?;
        let control: Arc<dyn Control> = ask.world.control(spec)?;
        let condition = control.condition().await?;
        let mut keys = control.keys().await?;
        keys.push(format!("control:{spec}"));
        Ok(Held { keys, words: format!("{spec}: {}", counted(&condition)) })
    };
    asked.await.map_err(|failure: Failure| failure.to_string())
}

/// Whether a service is reached at an address that another server told.
pub fn is_at(service: &ServiceSpec, (host, port): &(String, u16)) -> bool {
    let plain = |host: &str| if host == "localhost" { "127.0.0.1".to_owned() } else { host.to_owned() };
    matches!(&service.access.reach, Reach::Tcp { host: ours, port: its } if plain(ours) == plain(host) && its == port)
}

/// The address of a primary as another server can use it, where ours says that.
pub fn seen_from(primary: &ServiceSpec, other: &ServiceSpec) -> Option<(String, u16)> {
    let Reach::Tcp { host, port } = &primary.access.reach else { return None };
    let is_loopback = |host: &str| host == "localhost" || host.starts_with("127.") || host == "::1";
    let shares = matches!(&other.access.reach, Reach::Tcp { host, .. } if is_loopback(host));
    let is_plain = primary.access.ssh.is_none() && (!is_loopback(host) || shares && other.access.ssh.is_none());
    is_plain.then(|| (host.clone(), *port))
}

/// Whether a server has said nothing at all. One that refuses a password, has no connection left, is starting up or ends a
/// connection in the middle is alive, and may take writes of others.
pub fn is_silent(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Unreachable | FaultKind::Timeout)
}

/// Refuses where a server answers that must not, whatever it answers.
pub async fn must_be_silent(world: &dyn World, service: &ServiceSpec) -> Result<(), Failure> {
    let said = match world.probe(service).await {
        Ok(_) => "it answers".to_owned(),
        Err(fault) if is_silent(&fault) => return Ok(()),
        Err(fault) => format!("it answers ({fault})"),
    };
    let what = format!("{} is not fenced: {said}; two servers would take writes", service.name);
    Err(Failure::refused(what).mend(format!("midwatch stop {}, or stop it where it runs", service.name)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn decided(answer: Answer, is_controlled: bool, is_fenced: bool, is_streaming: bool) -> Result<Manner, Failure> {
        let is_controlled = if is_controlled { Ok(()) } else { Err("no control".to_owned()) };
        decide(&Case { primary: &Name::from("db"), answer, is_controlled, is_fenced, is_streaming })
    }

    #[test]
    fn a_primary_that_answers_is_stopped_or_nothing_is_promoted() {
        assert_eq!(decided(Answer::Writes, true, false, true), Ok(Manner::Stop));
        assert_eq!(decided(Answer::Mute, true, false, true), Ok(Manner::Kill));
        for answer in [Answer::Writes, Answer::Mute] {
            for is_streaming in [true, false] {
                let refused = decided(answer, false, false, is_streaming).unwrap_err();
                assert!(refused.what.contains("answers, and cannot be stopped from here: no control"), "{refused}");
                for is_controlled in [true, false] {
                    let refused = decided(answer, is_controlled, true, is_streaming).unwrap_err();
                    assert!(refused.what.contains("is not fenced: it answers"), "{refused}");
                }
            }
        }
        let refused = decided(Answer::Writes, true, false, false).unwrap_err();
        assert!(refused.what.contains("does not stream"), "{refused}");
    }

    #[test]
    fn a_primary_that_does_not_answer_is_not_believed_to_be_dead() {
        for is_streaming in [true, false] {
            assert_eq!(decided(Answer::Silent, true, false, is_streaming), Ok(Manner::Kill));
            assert_eq!(decided(Answer::Silent, true, true, is_streaming), Ok(Manner::Kill), "its control knows better");
            assert_eq!(decided(Answer::Silent, false, true, is_streaming), Ok(Manner::Trust));
            let refused = decided(Answer::Silent, false, false, is_streaming).unwrap_err();
            assert!(refused.what.contains("may be alive"), "{refused}");
        }
    }

    #[test]
    fn a_server_that_says_anything_at_all_is_alive() {
        use FaultKind::{Broken, Denied, Failing, Garbled, Refused, Timeout, Tls, Unreachable};
        for kind in [Broken, Denied, Failing, Garbled, Refused, Tls] {
            assert!(!is_silent(&Fault::new(kind, "")), "{kind:?}");
        }
        assert!([Timeout, Unreachable].into_iter().all(|kind| is_silent(&Fault::new(kind, ""))));
    }
}
