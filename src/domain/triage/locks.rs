//! Who waits for whom, as trees: whoever holds everybody up stands on top. A circle of sessions that wait for each other is drawn
//! once and ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::triage::postgres::Session;

/// One session in its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which: an index into the sessions. None for one that the server did not list: it ended meanwhile, or is a prepared
    /// transaction.
    pub session: Option<usize>,
    /// Its process; 0 is a prepared transaction.
    pub pid: i32,
    /// How deep it stands, 0 for a root.
    pub depth: usize,
    /// For itself and each above it below the root: whether it is the last of its siblings. What the branches are drawn by.
    pub last: Vec<bool>,
    /// How many wait below it.
    pub below: usize,
    /// How many others it waits for besides the one above it.
    pub others: usize,
    /// A root that waits itself: everybody here waits for each other, until the server ends one of them.
    pub circle: bool,
}

/// Every session that waits or is waited for, in the order of drawing: each once, under the nearest that it waits for.
pub fn tree(sessions: &[Session]) -> Vec<Node> {
    let mut forest = Forest::grow(sessions);
    let roots = std::mem::take(&mut forest.roots);
    let mut nodes = Vec::new();
    for (pid, circle) in roots {
        forest.put(pid, circle, &[], &mut nodes);
    }
    nodes
}

/// Who waits for whom, by their processes.
pub type Waits = BTreeMap<i32, BTreeSet<i32>>;

/// Who of these sessions waits for whom.
pub fn waits(sessions: &[Session]) -> Waits {
    let waiting = sessions.iter().filter(|session| !session.blocked_by.is_empty());
    waiting.map(|session| (session.id.pid, session.blocked_by.iter().copied().collect())).collect()
}

/// How many of those that wait could go on if one process let go: all that wait for it, by way of others too, and for nobody
/// else.
pub fn frees(waits: &Waits, pid: i32) -> usize {
    let mut free: BTreeSet<i32> = [pid].into();
    loop {
        let could = |(who, of): &(&i32, &BTreeSet<i32>)| !free.contains(who) && of.is_subset(&free);
        let more: Vec<i32> = waits.iter().filter(could).map(|(who, _)| *who).collect();
        if more.is_empty() {
            return free.len() - 1;
        }
        free.extend(more);
    }
}

struct Forest {
    waits: Waits,
    /// Where each process is in the list of sessions.
    places: BTreeMap<i32, usize>,
    /// Who stands directly below whom.
    children: BTreeMap<i32, Vec<i32>>,
    /// Who stands on top, and whether that is a circle.
    roots: Vec<(i32, bool)>,
}

impl Forest {
    /// Breadth first from those who wait for nobody; then from one of each circle that nobody was found to lead to.
    fn grow(sessions: &[Session]) -> Self {
        let places = sessions.iter().enumerate().map(|(at, session)| (session.id.pid, at)).collect();
        let mut forest = Self { waits: waits(sessions), places, children: BTreeMap::new(), roots: Vec::new() };
        let all: BTreeSet<i32> = forest.waits.values().flatten().copied().collect();
        let mut seen = BTreeSet::new();
        let free: Vec<i32> = all.iter().copied().filter(|pid| !forest.waits.contains_key(pid)).collect();
        forest.spread(&free, false, &mut seen);
        while let Some(pid) = all.iter().copied().find(|pid| !seen.contains(pid)) {
            let pid = forest.in_circle(pid);
            forest.spread(&[pid], true, &mut seen);
        }
        forest
    }

    /// From one that no free session leads to, against the waiting, until somebody comes twice: they are in a circle.
    fn in_circle(&self, from: i32) -> i32 {
        let (mut at, mut passed) = (from, BTreeSet::new());
        while passed.insert(at) {
            let Some(next) = self.waits.get(&at).and_then(BTreeSet::first) else { break };
            at = *next;
        }
        at
    }

    fn spread(&mut self, roots: &[i32], circle: bool, seen: &mut BTreeSet<i32>) {
        let mut queue: VecDeque<i32> = VecDeque::new();
        for root in roots.iter().filter(|root| seen.insert(**root)) {
            self.roots.push((*root, circle));
            queue.push_back(*root);
        }
        while let Some(pid) = queue.pop_front() {
            let behind = self.waits.iter().filter(|(_, of)| of.contains(&pid)).map(|(who, _)| *who);
            let behind: Vec<i32> = behind.filter(|who| seen.insert(*who)).collect();
            queue.extend(&behind);
            self.children.insert(pid, behind);
        }
    }

    fn below(&self, pid: i32) -> usize {
        self.children.get(&pid).map_or(0, |children| children.iter().map(|child| 1 + self.below(*child)).sum())
    }

    fn put(&self, pid: i32, circle: bool, last: &[bool], nodes: &mut Vec<Node>) {
        let waits = self.waits.get(&pid).map_or(0, BTreeSet::len);
        nodes.push(Node {
            session: self.places.get(&pid).copied(),
            pid,
            depth: last.len(),
            last: last.to_vec(),
            below: self.below(pid),
            others: if last.is_empty() { 0 } else { waits.saturating_sub(1) },
            circle,
        });
        let children = self.children.get(&pid).map_or(&[][..], Vec::as_slice);
        for (n, child) in children.iter().enumerate() {
            let last: Vec<bool> = last.iter().copied().chain([n + 1 == children.len()]).collect();
            self.put(*child, false, &last, nodes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::triage::postgres::{Ages, SessionId, Who};

    fn session(pid: i32, blocked_by: &[i32]) -> Session {
        Session {
            id: SessionId { pid, started: 1 },
            kind: "client backend".into(),
            who: Who::default(),
            state: "active".into(),
            age: Ages::default(),
            wait: None,
            wants: None,
            blocked_by: blocked_by.to_vec(),
            query: String::new(),
        }
    }

    fn drawn(sessions: &[Session]) -> Vec<String> {
        let sign = |node: &Node| if node.circle { "o" } else { "" };
        tree(sessions).iter().map(|node| format!("{}{}{}", "-".repeat(node.depth), node.pid, sign(node))).collect()
    }

    #[test]
    fn whoever_holds_everybody_up_stands_on_top() {
        let sessions = [session(4, &[3, 2]), session(1, &[]), session(2, &[1]), session(3, &[2]), session(9, &[])];
        assert_eq!(drawn(&sessions), ["1", "-2", "--3", "--4"]);
        let nodes = tree(&sessions);
        assert_eq!((nodes[0].below, nodes[3].others), (3, 1));
        assert_eq!((nodes[2].last.clone(), nodes[3].last.clone()), (vec![true, false], vec![true, true]));
        assert_eq!(nodes[0].session, Some(1));
    }

    #[test]
    fn a_circle_is_drawn_once_with_who_waits_behind_it() {
        assert_eq!(drawn(&[session(1, &[2]), session(2, &[1])]), ["1o", "-2"]);
        assert_eq!(drawn(&[session(1, &[3]), session(2, &[3]), session(3, &[2])]), ["2o", "-3", "--1"]);
        assert_eq!(drawn(&[session(1, &[1])]), ["1o"]);
    }

    #[test]
    fn who_is_not_listed_is_shown_all_the_same() {
        let nodes = tree(&[session(2, &[0]), session(3, &[77])]);
        assert_eq!(
            nodes.iter().map(|node| (node.pid, node.session)).collect::<Vec<_>>(),
            [(0, None), (2, Some(0)), (77, None), (3, Some(1))]
        );
    }

    #[test]
    fn one_who_waits_for_somebody_else_too_is_not_freed() {
        let sessions = [session(2, &[1]), session(3, &[2]), session(4, &[3, 9])];
        let waits = waits(&sessions);
        assert_eq!([1, 2, 9, 4].map(|pid| frees(&waits, pid)), [2, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn everybody_who_waits_or_is_waited_for_is_drawn_once(edges in prop::collection::vec((0..12i32, 0..12i32), 0..40)) {
            let sessions: Vec<Session> = (0..12).map(|pid| {
                let of: Vec<i32> = edges.iter().filter(|(who, _)| *who == pid).map(|(_, of)| *of).collect();
                session(pid, &of)
            }).collect();
            let drawn: Vec<i32> = tree(&sessions).iter().map(|node| node.pid).collect();
            let all: BTreeSet<i32> = edges.iter().flat_map(|(who, of)| [*who, *of]).collect();
            prop_assert_eq!(drawn.len(), all.len());
            prop_assert_eq!(drawn.into_iter().collect::<BTreeSet<_>>(), all);
        }
    }
}
