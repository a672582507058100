//! Numbers of things, as sentences say them.

use std::fmt::Display;

/// `1 orphan`, `2 orphans`.
pub fn counted(n: impl Copy + Display + PartialEq + From<u8>, what: &str) -> String {
    if n == 1.into() { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The same with a verb behind it: `1 session is`, `2 sessions are`.
pub fn subject(n: impl Copy + Display + PartialEq + From<u8>, what: &str, one: &str, many: &str) -> String {
    let verb = if n == 1.into() { one } else { many };
    format!("{} {verb}", counted(n, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_is_not_several() {
        assert_eq!([0_u32, 1, 2].map(|n| counted(n, "client")), ["0 clients", "1 client", "2 clients"]);
        assert_eq!(
            [1_usize, 12].map(|n| subject(n, "replica", "follows", "follow")),
            ["1 replica follows", "12 replicas follow"]
        );
    }
}
