//! What `midwatch chaos sweep` says of rules in this host's packet filter that drills have left. Beside its answer, on standard error:
//! most hosts have none, and only root may look.

use crate::cli::print::{say, time};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::firewall::Stray;
use crate::runtime::desk::Desk;

/// Removes the rules of this ledger's drills that nobody waits to remove, and names those of others, which may live. Says whether one
/// of this ledger's is left.
pub async fn sweep(desk: &Desk, dry: bool) -> Result<bool, Failure> {
    let found = match desk.strays().await {
        // Who may not look has made none, and hosts without a filter have none.
        Err(failure) if matches!(failure.kind, FailureKind::Denied | FailureKind::Tool | FailureKind::Refused) => {
            return Ok(false);
        }
        found => found?,
    };
    let mut is_left = false;
    for (stray, is_ours) in found {
        let removal = Clean::new(&stray.command()).into_string();
        match (is_ours, dry) {
            (true, false) => {
                desk.remove_stray(&stray).await?;
                say(&format!("removed what drill {} had left in the packet filter: {removal}", stray.job));
            }
            (true, true) => {
                is_left = true;
                say(&format!("drill {} has left a rule in the packet filter: {removal}", stray.job));
            }
            (false, _) => say(&format!("{}, so it is left alone; where that is over: {removal}", whose(&stray))),
        }
    }
    Ok(is_left)
}

fn whose(stray: &Stray) -> String {
    let until = stray.until.map_or_else(|| "for good".to_owned(), |until| format!("until {}", time(until)));
    format!("a rule in the packet filter is of a drill of another ledger ({}, {until})", Clean::new(&stray.mark))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write as _;
    use std::net::TcpListener;
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::adapters::ledger::{Submission, now};
    use crate::domain::firewall::{Fate, Toll, mark};
    use crate::domain::guard::Guard;
    use crate::domain::job::JobId;
    use crate::domain::plan::{Confirmation, Identity, Plan, StepId};
    use crate::domain::time::Stamp;
    use crate::jobs::drill::tests::drill;
    use crate::jobs::drill::{Drill, PREFLIGHT};
    use crate::jobs::steps::backup::step;
    use crate::jobs::steps::firewall::{AddArgs, add};

    /// Rules for a port of the test's own, in the packet filter of this host.
    struct Rules {
        port: u16,
        _listener: TcpListener,
    }

    impl Rules {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            Self { port: listener.local_addr().unwrap().port(), _listener: listener }
        }

        /// Puts one in with a comment; why that may not be done here.
        fn add(&self, comment: &str) -> Result<(), String> {
            let rule = format!("-A INPUT -d 127.0.0.1 -p tcp --dport {} -m comment --comment {comment} -j DROP", self.port);
            filter(&rule).map(drop)
        }

        /// What stands.
        fn all(&self) -> Vec<String> {
            let port = format!("--dport {} ", self.port);
            filter("-S INPUT").unwrap().lines().filter(|line| line.contains(&port)).map(|line| line.replace('"', "")).collect()
        }

        /// The comments of those.
        fn comments(&self) -> Vec<String> {
            let comment = |rule: &String| rule.split_once("--comment ")?.1.split(' ').next().map(str::to_owned);
            self.all().iter().filter_map(comment).collect()
        }
    }

    impl Drop for Rules {
        fn drop(&mut self) {
            for rule in self.all() {
                let _ = filter(&rule.replacen("-A", "-D", 1));
            }
        }
    }

    fn filter(words: &str) -> Result<String, String> {
        let said =
            Command::new("iptables").args(["-w", "10"]).args(words.split(' ')).output().map_err(|error| error.to_string())?;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if said.status.success() { Ok(text(said.stdout)) } else { Err(text(said.stderr)) }
    }

    /// A ledger whose first job is a drill that cuts a service off and was planned at such a time.
    fn desk(folder: &tempfile::TempDir, planned: Stamp) -> Desk {
        let desk = Desk::open(Some(&folder.path().join("state"))).unwrap();
        let toll = Toll { fate: Fate::Lost, one_in: 1 };
        let drill = Drill { faults: vec![add(&AddArgs { target: drill().target, toll, planned })], ..drill() };
        let plan = Plan {
            version: 1,
            call: vec!["drill".to_owned()],
            environment: "production".into(),
            guard: Guard::Open,
            target: Identity { name: "app".into(), keys: vec![], words: String::new() },
            notes: vec![],
            steps: vec![step(StepId(1), PREFLIGHT, "Look".to_owned(), &drill)],
        };
        let (operator, host, confirmation, files) = (desk.operator(), desk.host(), &Confirmation::default(), &[]);
        let job = desk.ledger().submit(Submission { plan: &plan, operator, host, confirmation, files }).unwrap();
        assert_eq!(job, JobId(1));
        desk
    }

    #[tokio::test]
    async fn rule_19_what_a_drill_of_this_ledger_has_left_is_swept_and_what_others_have_made_stays() {
        let (folder, rules, planned) = (tempfile::tempdir().unwrap(), Rules::new(), now());
        let desk = desk(&folder, planned);
        let ours = mark(JobId(1), planned);
        let others =
            [mark(JobId(1), planned.after(Duration::from_secs(1))), mark(JobId(2), planned), "of-somebody-else".to_owned()];
        if let Err(why) = rules.add(&ours) {
            println!("SKIPPED, nothing was tested: {why}");
            std::io::stderr().write_all(b"SKIPPED: the packet filter may not be changed here\n").unwrap();
            return;
        }
        for other in &others {
            rules.add(other).unwrap();
        }
        assert_eq!(sweep(&desk, true).await, Ok(true));
        assert_eq!(rules.comments().len(), 4, "it was only looked");
        assert_eq!(sweep(&desk, false).await, Ok(false));
        assert_eq!(rules.comments(), others);
    }
}
