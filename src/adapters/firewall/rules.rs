//! A cut in the words of `iptables`, and its rules found again among all others by their mark. Pure.

use jiff::Timestamp;

use crate::domain::firewall::{self, Cut, Family, Fate, OWN_PORTS, Stray};
use crate::domain::time::Stamp;

/// Where rules stand: a table and a chain of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    table: &'static str,
    name: &'static str,
}

/// What every packet to the host itself comes through.
pub const INPUT: Chain = Chain { table: "filter", name: "INPUT" };
/// What every connection from the host itself begins in.
pub const OUTPUT: Chain = Chain { table: "nat", name: "OUTPUT" };
/// The kernel's probabilities count in these.
const HALVES: u32 = 1 << 31;

/// What the kernel lets a rule lapse by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// Its own clock.
    ByItself,
    /// Nothing: it has no such match here.
    Never,
}

/// The program of a family.
pub fn program(family: Family) -> &'static str {
    match family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whose filter it is in.
    pub family: Family,
    /// Where it stands.
    pub chain: Chain,
    /// What follows the chain's name.
    words: Vec<String>,
}

impl Rule {
    /// The arguments that do something with it: `-I`, `-C`, `-D`.
    pub fn asked(&self, verb: &str) -> Vec<String> {
        let mut words = self.chain.asked(verb);
        words.extend(self.words.iter().cloned());
        words
    }
}

impl Chain {
    /// The arguments that do something with all of it: `-S`.
    pub fn asked(self, verb: &str) -> Vec<String> {
        ["-t", self.table, verb, self.name].map(str::to_owned).into()
    }
}

/// The chains that a cut has rules in.
pub fn chains(fate: Fate) -> &'static [Chain] {
    match fate {
        Fate::Lost | Fate::Reset => &[INPUT],
        Fate::Diverted { .. } => &[OUTPUT, INPUT],
    }
}

/// The rules of a cut. `from_outside`: what a container tells itself is not touched.
pub fn rules(cut: &Cut, from_outside: bool, lapse: Lapse) -> Vec<Rule> {
    let chains = chains(cut.toll.fate).iter().copied();
    let each = chains.flat_map(|chain| cut.targets().into_iter().map(move |(family, to)| (chain, family, to)));
    each.map(|(chain, family, to)| {
        let to = to.iter().flat_map(|to| ["-d".to_owned(), to.to_string()]);
        let words = ["-p", "tcp"].map(str::to_owned).into_iter().chain(to).chain(told(cut, chain, from_outside, lapse)).collect();
        Rule { family, chain, words }
    })
    .collect()
}

/// What of a rule is the same for each address.
fn told(cut: &Cut, chain: Chain, from_outside: bool, lapse: Lapse) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut say = |some: &[&str]| words.extend(some.iter().map(|word| (*word).to_owned()));
    match cut.toll.fate {
        Fate::Diverted { .. } => {
            say(&[if chain == OUTPUT { "-o" } else { "-i" }, "lo"]);
            say(&["!", "--sport", &format!("{}:{}", OWN_PORTS.start(), OWN_PORTS.end())]);
        }
        Fate::Lost | Fate::Reset if from_outside => say(&["!", "-i", "lo"]),
        Fate::Lost | Fate::Reset => {}
    }
    say(&["--dport", &cut.gate.port.to_string()]);
    if cut.toll.one_in > 1 {
        say(&["-m", "statistic", "--mode", "random", "--probability", &probability(cut.toll.one_in)]);
    }
    if lapse == Lapse::ByItself {
        say(&["-m", "time", "--datestop", &moment(cut.until)]);
    }
    say(&["-m", "comment", "--comment", &cut.mark]);
    match cut.toll.fate {
        Fate::Lost => say(&["-j", "DROP"]),
        Fate::Diverted { to } if chain == OUTPUT => say(&["-j", "REDIRECT", "--to-ports", &to.to_string()]),
        Fate::Reset | Fate::Diverted { .. } => say(&["-j", "REJECT", "--reject-with", "tcp-reset"]),
    }
    words
}

/// As it is printed again: so a rule is found by the same words that made it.
fn probability(one_in: u32) -> String {
    let share = f64::from(HALVES / one_in) / f64::from(HALVES);
    format!("{share:.11}")
}

/// In UTC, which is how the match reads it.
fn moment(at: Stamp) -> String {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The rules of a mark in what `-S` printed of a chain.
pub fn marked(listed: &str, family: Family, chain: Chain, mark: &str) -> Vec<Rule> {
    commented(listed, family, chain).filter(|(comment, _)| comment == mark).map(|(_, rule)| rule).collect()
}

/// The rules of whatever drill in the same.
pub fn strays(listed: &str, family: Family, chain: Chain) -> Vec<Stray> {
    let stray = |(mark, rule): (String, Rule)| {
        let job = firewall::marked(&mark)?;
        let stop = rule.words.windows(2).find(|pair| pair[0] == "--datestop").map(|pair| pair[1].as_str());
        Some(Stray { mark, job, family, until: stop.and_then(told_moment), removal: rule.asked("-D") })
    };
    commented(listed, family, chain).filter_map(stray).collect()
}

/// The rules with a comment of one word, whole: another's may begin with ours.
fn commented(listed: &str, family: Family, chain: Chain) -> impl Iterator<Item = (String, Rule)> {
    let rules = listed.lines().filter_map(move |line| line.strip_prefix("-A ")?.strip_prefix(chain.name)?.strip_prefix(' '));
    rules.filter_map(move |rule| {
        let words: Vec<&str> = rule.split_ascii_whitespace().collect();
        let comment = words.windows(2).find(|pair| pair[0] == "--comment")?[1];
        let is_whole = comment.starts_with('"') == comment.ends_with('"');
        let bare = |word: &str| word.trim_matches('"').to_owned();
        is_whole.then(|| (bare(comment), Rule { family, chain, words: words.iter().map(|word| bare(word)).collect() }))
    })
}

/// What [`moment`] wrote.
fn told_moment(word: &str) -> Option<Stamp> {
    let moment = word.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Stamp(moment.timestamp().as_millisecond()))
}

/// Whether a refusal means that the kernel, or the program, has no such match.
pub fn lacks_match(words: &str) -> bool {
    ["Couldn't load match", "Couldn't load target", "missing kernel module", "No chain/target/match by that name"]
        .iter()
        .any(|part| words.contains(part))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::firewall::{Gate, Place, Toll};

    fn cut(at: &[&str], toll: Toll) -> Cut {
        let at = at.iter().map(|at| at.parse().unwrap()).collect();
        let gate = Gate { place: Place::Host { ssh: None }, port: 5432, at };
        Cut { gate, toll, mark: "midwatch:drill-7:12".to_owned(), until: Stamp(1_795_359_012_345) }
    }

    fn words(cut: &Cut, from_outside: bool, lapse: Lapse) -> Vec<String> {
        let words = |rule: &Rule| format!("{} {}", program(rule.family), rule.asked("-I").join(" "));
        rules(cut, from_outside, lapse).iter().map(words).collect()
    }

    #[test]
    fn a_cut_is_told_to_the_packet_filter() {
        let all = cut(&["127.0.0.1"], Toll { fate: Fate::Lost, one_in: 1 });
        assert_eq!(
            words(&all, false, Lapse::ByItself),
            ["iptables -t filter -I INPUT -p tcp -d 127.0.0.1 --dport 5432 -m time --datestop 2026-11-22T14:50:12 \
              -m comment --comment midwatch:drill-7:12 -j DROP"]
        );
        let some = cut(&["::"], Toll { fate: Fate::Reset, one_in: 4 });
        let rule = "-t filter -I INPUT -p tcp ! -i lo --dport 5432 -m statistic --mode random --probability 0.25000000000 \
                    -m comment --comment midwatch:drill-7:12 -j REJECT --reject-with tcp-reset";
        assert_eq!(words(&some, true, Lapse::Never), [format!("iptables {rule}"), format!("ip6tables {rule}")]);
    }

    #[test]
    fn whoever_is_diverted_is_told_from_the_proxy_by_where_it_comes_from() {
        let slow = cut(&["127.0.0.1"], Toll { fate: Fate::Diverted { to: 7000 }, one_in: 1 });
        let rule = |chain: &str, lo: &str, what: &str| {
            format!(
                "iptables -t {chain} -p tcp -d 127.0.0.1 {lo} lo ! --sport 61000:65535 --dport 5432 \
                 -m comment --comment midwatch:drill-7:12 -j {what}"
            )
        };
        assert_eq!(
            words(&slow, false, Lapse::Never),
            [
                rule("nat -I OUTPUT", "-o", "REDIRECT --to-ports 7000"),
                rule("filter -I INPUT", "-i", "REJECT --reject-with tcp-reset")
            ]
        );
    }

    #[test]
    fn only_the_rules_of_a_mark_are_found_again() {
        let rule = |chain: &str, comment: &str| {
            format!("-A {chain} -p tcp -m tcp --dport 5432 -m comment --comment \"{comment}\" -j DROP\n")
        };
        let listed = [
            "-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n".to_owned(),
            rule("INPUT", "midwatch:drill-7:12"),
            rule("INPUT", "midwatch:drill-7:123"),
            rule("INPUT", "midwatch:drill-7:12 and more"),
            rule("INPUT", "not midwatch:drill-7:12"),
            rule("INPUT-LOG", "midwatch:drill-7:12"),
        ]
        .concat();
        let found = marked(&listed, Family::V4, INPUT, "midwatch:drill-7:12");
        let deleted: Vec<_> = found.iter().map(|rule| rule.asked("-D").join(" ")).collect();
        assert_eq!(deleted, ["-t filter -D INPUT -p tcp -m tcp --dport 5432 -m comment --comment midwatch:drill-7:12 -j DROP"]);
    }

    #[test]
    fn what_drills_have_left_is_found_with_what_removes_it_and_nothing_else_is() {
        let listed = "-P INPUT ACCEPT\n\
            -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n\
            -A INPUT -p tcp -m comment --comment \"midwatch:drill-7:12 or so\" -j DROP\n\
            -A INPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 5432 -m time --datestop 2026-11-22T19:00:30 \
            -m comment --comment \"midwatch:drill-7:12\" -j DROP\n\
            -A INPUT -p tcp -m comment --comment midwatch:drill-8:5 -j DROP\n";
        let [first, second] = &strays(listed, Family::V4, INPUT)[..] else { panic!("two") };
        assert_eq!((&*first.mark, first.job), ("midwatch:drill-7:12", crate::domain::job::JobId(7)));
        assert_eq!(first.until.map(moment).as_deref(), Some("2026-11-22T19:00:30"));
        assert_eq!(
            first.command(),
            "iptables -t filter -D INPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 5432 -m time --datestop 2026-11-22T19:00:30 \
             -m comment --comment midwatch:drill-7:12 -j DROP"
        );
        assert_eq!((second.job.0, second.until), (8, None));
    }
}
