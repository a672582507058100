//! The step kinds, one file and one line each.

use crate::jobs::step::StepKind;

pub mod adopt;
pub mod arm;
pub mod backup;
mod baseline;
pub mod collect;
mod end;
pub mod end_session;
pub mod fence;
pub mod firewall;
mod foreign_prove;
mod healthy;
pub mod hold;
mod inject;
pub mod kill_client;
mod pause;
mod postgres_base_backup;
mod postgres_dump;
pub mod postgres_hold;
pub mod postgres_promote;
mod postgres_prove;
pub mod postgres_replay;
pub mod postgres_sessions;
mod preflight;
mod prune;
mod publish;
mod read_back;
pub mod rebuild;
pub mod redis_clients;
mod redis_copy;
pub mod redis_failover;
pub mod redis_pause;
mod redis_prove;
pub mod redis_rejoin;
pub mod redis_setting;
mod report;
pub mod scale;
pub mod sole_writer;
mod start;
mod start_again;
mod steady;
mod stop;
mod sweep;
mod unpause;
mod verdict;
mod watch;

/// Every step kind.
pub const ALL: &[&dyn StepKind] = &[
    postgres_dump::POSTGRES_DUMP,
    redis_copy::REDIS_COPY,
    redis_prove::REDIS_PROVE,
    postgres_base_backup::POSTGRES_BASE_BACKUP,
    postgres_prove::POSTGRES_PROVE,
    read_back::READ_BACK,
    publish::PUBLISH,
    sweep::SWEEP,
    prune::PRUNE,
    verdict::VERDICT,
    adopt::ADOPT,
    foreign_prove::FOREIGN_PROVE,
    start::START,
    start_again::START_AGAIN,
    sole_writer::SOLE_WRITER,
    stop::STOP,
    pause::PAUSE,
    unpause::UNPAUSE,
    scale::SCALE,
    healthy::HEALTHY,
    collect::COLLECT,
    collect::ESCALATE,
    preflight::PREFLIGHT,
    baseline::BASELINE,
    arm::ARM,
    inject::INJECT,
    watch::WATCH,
    end::END,
    steady::STEADY,
    report::REPORT,
    hold::HOLD,
    hold::RELEASE,
    firewall::ADD,
    firewall::REMOVE,
    end_session::END_SESSION,
    kill_client::KILL_CLIENT,
    fence::FENCE,
    fence::STILL_FOLLOWS,
    postgres_promote::POSTGRES_PROMOTE,
    redis_failover::REDIS_FENCE,
    redis_failover::REDIS_STILL_FOLLOWS,
    redis_failover::REDIS_PROMOTE,
    redis_failover::REDIS_FOLLOW,
    redis_rejoin::REDIS_REJOIN,
    rebuild::SET_ASIDE,
    rebuild::PUT_BACK,
    rebuild::FOLLOWER_COPY,
    rebuild::DISCARD_COPY,
    rebuild::STREAMS,
    redis_setting::REDIS_SET,
    redis_setting::REDIS_RESTORE,
    redis_clients::DROP_CLIENTS,
    redis_pause::PAUSE_WRITES,
    redis_pause::RESUME_WRITES,
    postgres_hold::POSTGRES_HOLD,
    postgres_hold::POSTGRES_LET_GO,
    postgres_replay::PAUSE_REPLAY,
    postgres_replay::RESUME_REPLAY,
    postgres_sessions::DROP_SESSIONS,
];

/// A step kind by its name.
pub fn find(name: &str) -> Option<&'static dyn StepKind> {
    ALL.iter().copied().find(|kind| kind.name() == name)
}
