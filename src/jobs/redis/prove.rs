//! The proof of a Redis's backup: loaded into a scratch server of the same major version, and held against what was counted when
//! it was taken.

use std::time::{Duration, Instant};

use crate::domain::backup::catalogue::{Attestation, Entry};
use crate::domain::backup::policy::Assertion;
use crate::domain::backup::redis;
use crate::domain::backup::{Census, Check, FORMAT, Made, Proof};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::time::Stamp;
use crate::jobs::redis::copy::ROLE;
use crate::jobs::redis::info::Info;
use crate::jobs::redis::sample::{self, Compared};
use crate::jobs::redis::scratch::{Loaded, Place, Restored};
use crate::jobs::step::Cx;
use crate::jobs::steps::backup::ProveArgs;
use crate::ports::redis::RedisLink;
use crate::ports::repository::Repository;

/// How many keys are named where several are wrong.
const NAMED: usize = 3;
/// One in so many values may have been written and put back while the snapshot was made.
const TOLERATED: usize = 20;

/// Proves a backup, and records the proof, whatever it says. A failure is ours: nothing is then said of the backup.
pub async fn prove(cx: &Cx<'_>, args: &ProveArgs) -> Result<Proof, Failure> {
    let (at, began) = (cx.world.now(), Instant::now());
    let repository = cx.world.repository(&args.repository).await?;
    let catalogue = repository.catalogue().await?;
    let entry = catalogue.find(&args.backup).ok_or_else(|| gone(args))?;
    let bench =
        cx.world.tools(&args.access).bench(&cx.world.scratch().join(format!("redis-{}-{}", cx.job.0, cx.spec.id))).await?;
    let place = Place { bench: bench.as_ref(), flavour: &entry.manifest.source.flavour };
    let server = fit(&place, entry).await?;
    let (restore, checks) = checks(cx, args, repository.as_ref(), entry, place).await?;
    bench.clear().await?;
    let proof = Proof {
        format: FORMAT,
        backup: args.backup.clone(),
        manifest_sha256: entry.manifest_sha256.clone(),
        at,
        restore,
        took: began.elapsed(),
        checks,
        made: Made {
            operator: cx.operator.to_owned(),
            host: cx.host.to_owned(),
            job: Some(cx.job.0),
            tools: tools(&place, &server),
        },
        server,
    };
    repository.attach(&proof).await?;
    Ok(proof)
}

fn gone(args: &ProveArgs) -> Failure {
    Failure::new(FailureKind::Refused, format!("{} is not in the repository {}", args.backup, args.repository.name))
}

fn tools(place: &Place<'_>, version: &str) -> std::collections::BTreeMap<String, String> {
    [(format!("{}-server", place.flavour), version.to_owned())].into()
}

/// The version of a server that may prove this: of the same flavour and major version.
async fn fit(place: &Place<'_>, entry: &Entry) -> Result<String, Failure> {
    let source = &entry.manifest.source;
    let version = place.version().await.map_err(|failure| with_image(failure, source.major()))?;
    let theirs = version.split('.').next().unwrap_or_default();
    if theirs == source.major() {
        return Ok(version);
    }
    let words =
        format!("{} is of {} {}, the scratch server would be {version}", entry.manifest.id, source.flavour, source.version);
    Err(with_image(Failure::new(FailureKind::Tool, words), source.major()))
}

fn with_image(failure: Failure, major: &str) -> Failure {
    if failure.kind != FailureKind::Tool || failure.mend.is_some() {
        return failure;
    }
    failure
        .mend(format!("install a server of version {major}, or let its tools be its image: tools = {{ image = \"…:{major}\" }}"))
}

/// Everything that is checked, with how long the restore took. Stops where nothing more can be said.
async fn checks(
    cx: &Cx<'_>,
    args: &ProveArgs,
    repository: &dyn Repository,
    entry: &Entry,
    place: Place<'_>,
) -> Result<(Duration, Vec<Check>), Failure> {
    if entry.attestation == Attestation::Forged {
        let words = "the manifest was edited after it was sealed: nothing it says can be trusted";
        return Ok((Duration::ZERO, vec![Check::failed("manifest", words)]));
    }
    let manifest = &entry.manifest;
    let Some(file) = manifest.files.iter().find(|file| file.role == ROLE) else {
        return Ok((Duration::ZERO, vec![Check::failed("files", "the manifest names no RDB")]));
    };
    let plain = repository.open(&manifest.id, file).await;
    let restored = match plain {
        Ok(plain) => place.restore(plain, cx.reporter).await?,
        Err(failure) if failure.kind == FailureKind::Damaged => Err(failure),
        Err(failure) => return Err(failure),
    };
    // The server lives as long as it is asked.
    let Restored { server: _server, loaded } = match restored {
        Ok(restored) => restored,
        Err(damage) => return Ok((Duration::ZERO, vec![Check::failed("restore", damage.what)])),
    };
    let mut checks = vec![whole(&loaded)];
    match &manifest.census {
        Census::Redis(census) => {
            checks.push(counted(&place, &loaded, census).await?);
            checks.extend(sampled(&place, &loaded, census).await?);
        }
        _ => checks.push(Check::passed("keys", format!("{} loaded; nothing was counted when it was taken", loaded.keys()))),
    }
    for assertion in &args.policy.assertions {
        checks.push(asserted(&place, assertion).await?);
    }
    Ok((loaded.took, checks))
}

fn whole(loaded: &Loaded) -> Check {
    let checksum = if loaded.found.checksum { "its checksum is right" } else { "it has no checksum of its own" };
    Check::passed("restore", format!("{} loaded in {:.1} s; {checksum}", loaded.found.magic, loaded.took.as_secs_f64()))
}

/// The keys that were loaded, with those that expired before, against those that were counted.
async fn counted(link: &dyn RedisLink, loaded: &Loaded, census: &redis::Census) -> Result<Check, Failure> {
    let meant: u64 = census.databases.iter().map(|database| database.keys).sum();
    let loaded = loaded.keys();
    if loaded != meant {
        return Ok(Check::failed("keys", format!("{loaded} keys were loaded, {meant} were saved")));
    }
    let there = Info::ask(link, &["keyspace"]).await?.databases();
    let held = |number| there.iter().find(|database| database.number == number).map_or((0, 0), |one| (one.keys, one.expires));
    let wrong = census.databases.iter().find(|meant| held(meant.number) != (meant.keys, meant.expires));
    let strange = there.iter().find(|one| !census.databases.iter().any(|meant| meant.number == one.number));
    Ok(match (wrong, strange) {
        (Some(meant), _) => {
            let (keys, expires) = held(meant.number);
            let words = format!("database {} holds {keys} keys, {expires} that expire", meant.number);
            Check::failed("keys", format!("{words}; {} were saved, {} that expire", meant.keys, meant.expires))
        }
        (None, Some(one)) => Check::failed("keys", format!("database {} holds {} keys; none were saved", one.number, one.keys)),
        (None, None) => Check::passed("keys", format!("{loaded} in {} databases, as counted", census.databases.len())),
    })
}

/// The values that were digested when it was taken. One may have been written and put back while the snapshot was made, which two
/// looks cannot tell: where a checksum covers every value, a few such accuse nobody.
async fn sampled(link: &dyn RedisLink, loaded: &Loaded, census: &redis::Census) -> Result<Option<Check>, Failure> {
    if census.sample.is_empty() {
        return Ok(None);
    }
    let now = clock(link).await?;
    let Compared { same, expired, missing, other } =
        Compared::new(&census.sample, &sample::again(link, &census.sample).await?, now);
    let wrong: Vec<&redis::Sample> = missing.iter().chain(&other).collect();
    let names = wrong.iter().take(NAMED).map(|sample| format!("{} in database {}", Clean::new(&sample.key), sample.database));
    let names = names.collect::<Vec<_>>().join(", ");
    let seen = format!("{} as digested, {expired} expired since", same.len());
    let tolerated = if loaded.found.checksum { (census.sample.len() / TOLERATED).max(1) } else { 0 };
    let hopeless = same.is_empty() && expired == 0;
    Ok(Some(match wrong.len() {
        0 => Check::passed("values", seen),
        few if few <= tolerated && !hopeless => Check::passed("values", format!("{seen}, {few} written meanwhile: {names}")),
        _ => {
            let words = format!("{} are missing, {} are not what they were: {names}", missing.len(), other.len());
            Check::failed("values", words)
        }
    }))
}

/// The server's own clock, by which keys expire.
async fn clock(link: &dyn RedisLink) -> Result<Stamp, Failure> {
    let answer = link.ask(0, &["TIME"]).await?;
    let seconds = answer.lines().next().and_then(|seconds| seconds.trim().parse::<i64>().ok());
    // What expires within this second may or may not be there.
    seconds.map(|seconds| Stamp((seconds + 1) * 1000)).ok_or_else(|| Failure::new(FailureKind::Unavailable, "TIME tells no time"))
}

/// A key that must exist.
/// Whether a key that must exist does.
pub async fn asserted(link: &dyn RedisLink, assertion: &Assertion) -> Result<Check, Failure> {
    let name = format!("assertion: {}", assertion.name);
    let Ok(database) = assertion.database.parse() else {
        return Ok(Check::failed(name, format!("{:?} is no number of a database", assertion.database)));
    };
    let there = link.ask(database, &["EXISTS", &assertion.test]).await;
    let words = format!("{} in database {database}", Clean::new(&assertion.test));
    Ok(match there {
        Ok(count) if count.trim() == "1" => Check::passed(name, format!("{words} is there")),
        Ok(_) => Check::failed(name, format!("{words} is not there")),
        Err(failure) if failure.kind == FailureKind::Refused => Check::failed(name, failure.what),
        Err(failure) => return Err(failure),
    })
}
