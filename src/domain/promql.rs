//! What can be told from a `PromQL` expression without asking it: its threshold, its selectors, its metrics and jobs.
//!
//! Never a gate: the parser doesn't know all that a newer Prometheus does, so what it cannot read is graphed and sent as it is.

use std::fmt;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::token::{T_ADD, T_DIV, T_MOD, T_MUL, T_POW, T_SUB};
use promql_parser::parser::token::{T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_NEQ, TokenId, TokenType};
use promql_parser::parser::{BinaryExpr, Expr, VectorSelector, parse};

/// How long and how deep an expression may be to be looked into: its tree is walked on the stack.
const LONGEST: usize = 64 << 10;
const DEEPEST: usize = 400;

/// A comparison of an expression with a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// What is compared, to be graphed.
    pub expr: String,
    /// How.
    pub op: Comparison,
    /// With what, to be drawn as a line.
    pub value: f64,
}

/// How a value is compared with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

impl Comparison {
    fn of(token: TokenId) -> Option<Self> {
        Some(match token {
            T_EQLC => Self::Equal,
            T_NEQ => Self::NotEqual,
            T_GTR => Self::Greater,
            T_GTE => Self::AtLeast,
            T_LSS => Self::Less,
            T_LTE => Self::AtMost,
            _ => return None,
        })
    }

    /// The same comparison seen from the other side: `5 < x` is `x > 5`.
    fn turned(self) -> Self {
        match self {
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            same => same,
        }
    }

    /// Whether `value` compares so with `threshold`; NaN never does, except that it differs.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            #[expect(clippy::float_cmp, reason = "PromQL compares bits of numbers, and so must we")]
            Self::Equal => value == threshold,
            #[expect(clippy::float_cmp, reason = "PromQL compares bits of numbers, and so must we")]
            Self::NotEqual => value != threshold,
            Self::Greater => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Less => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        })
    }
}

/// The threshold of an alert's expression: the first comparison with a number outside of all functions. `None` where there is
/// none, or where the expression cannot be read; then the whole of it is graphed.
pub fn threshold(expr: &str) -> Option<Threshold> {
    let (compared, op, value) = compared(&tree(expr)?)?;
    let text = compared.to_string();
    // What was printed must say the same: the printer is not ours.
    (parse(&text).is_ok_and(|again| again == compared)).then_some(Threshold { expr: text, op, value })
}

/// Every vector selector of an expression, without its range, offset and `@`, each once.
pub fn selectors(expr: &str) -> Vec<String> {
    once(found(expr).iter().map(written))
}

/// The names of the metrics an expression reads, each once.
pub fn metrics(expr: &str) -> Vec<String> {
    once(found(expr).iter().filter_map(name))
}

/// The jobs an expression names by `job="..."`, each once.
pub fn jobs(expr: &str) -> Vec<String> {
    once(found(expr).iter().flat_map(matchers).filter(|m| m.name == "job" && m.op == MatchOp::Equal).map(|m| m.value.clone()))
}

fn once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// The tree of an expression that is neither too long nor too deep.
fn tree(expr: &str) -> Option<Expr> {
    let deepens = |c: char| "([{+-*/%^<>=!~".contains(c);
    let words = ["and", "or", "unless"].iter().map(|word| expr.matches(word).count()).sum::<usize>();
    let deep = expr.chars().filter(|c| deepens(*c)).count() + words > DEEPEST;
    if expr.len() > LONGEST || deep { None } else { parse(expr).ok() }
}

fn compared(expr: &Expr) -> Option<(Expr, Comparison, f64)> {
    match expr {
        Expr::Paren(paren) => compared(&paren.expr),
        Expr::Binary(binary) => match binary.op.id() {
            T_LAND | T_LOR => compared(&binary.lhs).or_else(|| compared(&binary.rhs)),
            T_LUNLESS => compared(&binary.lhs),
            op => sides(binary, Comparison::of(op)?),
        },
        _ => None,
    }
}

fn sides(binary: &BinaryExpr, op: Comparison) -> Option<(Expr, Comparison, f64)> {
    // `bool` makes a number of a comparison: there is no line to cross any more.
    if binary.return_bool() {
        return None;
    }
    match (number(&binary.lhs), number(&binary.rhs)) {
        (None, Some(value)) => Some((bare(&binary.lhs), op, value)),
        (Some(value), None) => Some((bare(&binary.rhs), op.turned(), value)),
        _ => None,
    }
}

fn bare(expr: &Expr) -> Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        other => other.clone(),
    }
}

/// A number, or one that is reckoned from numbers: `5 * 1024 ^ 3`.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(literal) => Some(literal.val),
        Expr::Paren(paren) => number(&paren.expr),
        Expr::Unary(unary) => Some(-number(&unary.expr)?),
        Expr::Binary(binary) => reckon(number(&binary.lhs)?, binary.op, number(&binary.rhs)?),
        _ => None,
    }
}

fn reckon(left: f64, op: TokenType, right: f64) -> Option<f64> {
    Some(match op.id() {
        T_ADD => left + right,
        T_SUB => left - right,
        T_MUL => left * right,
        T_DIV => left / right,
        T_MOD => left % right,
        T_POW => left.powf(right),
        _ => return None,
    })
}

fn found(expr: &str) -> Vec<VectorSelector> {
    let mut selectors = Vec::new();
    if let Some(tree) = tree(expr) {
        gather(&tree, &mut selectors);
    }
    selectors
}

fn gather(expr: &Expr, into: &mut Vec<VectorSelector>) {
    match expr {
        Expr::VectorSelector(selector) => into.push(selector.clone()),
        Expr::MatrixSelector(matrix) => into.push(matrix.vs.clone()),
        Expr::Aggregate(aggregate) => {
            gather(&aggregate.expr, into);
            aggregate.param.iter().for_each(|param| gather(param, into));
        }
        Expr::Unary(unary) => gather(&unary.expr, into),
        Expr::Binary(binary) => {
            gather(&binary.lhs, into);
            gather(&binary.rhs, into);
        }
        Expr::Paren(paren) => gather(&paren.expr, into),
        Expr::Subquery(subquery) => gather(&subquery.expr, into),
        Expr::Call(call) => call.args.args.iter().for_each(|arg| gather(arg, into)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn matchers(selector: &VectorSelector) -> impl Iterator<Item = &Matcher> {
    selector.matchers.matchers.iter().chain(selector.matchers.or_matchers.iter().flatten())
}

fn name(selector: &VectorSelector) -> Option<String> {
    let written = || matchers(selector).find(|m| m.name == "__name__" && m.op == MatchOp::Equal).map(|m| m.value.clone());
    selector.name.clone().or_else(written)
}

/// A name that is not a plain word (`{"http.requests"}`) is written as the matcher that it stands for.
fn written(selector: &VectorSelector) -> String {
    let mut selector = VectorSelector { offset: None, at: None, ..selector.clone() };
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    if let Some(name) = selector.name.take_if(|name| !plain(name)) {
        selector.matchers.matchers.insert(0, Matcher::new(MatchOp::Equal, "__name__", &name));
    }
    selector.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(expr: &str) -> Option<String> {
        threshold(expr).map(|t| format!("{} {} {}", t.expr, t.op, t.value))
    }

    #[test]
    fn the_number_an_alert_waits_for_is_found() {
        let rows = [
            ("up == 0", "up == 0"),
            ("5 < rate(errors_total[5m])", "rate(errors_total[5m]) > 5"),
            (
                "(node_filesystem_avail_bytes / node_filesystem_size_bytes) * 100 < 10 and node_filesystem_readonly == 0",
                "(node_filesystem_avail_bytes / node_filesystem_size_bytes) * 100 < 10",
            ),
            ("a > on (job) b and c >= 2 * 1024 ^ 2", "c >= 2097152"),
            ("(((a > -1))) unless b > 3", "a > -1"),
            ("sum by (job) (rate(x{a=\"b\"}[1m] offset 5m)) != 3 or y > 1", "sum by (job) (rate(x{a=\"b\"}[1m] offset 5m)) != 3"),
            ("absent(up{job=\"app\"}) == 1", "absent(up{job=\"app\"}) == 1"),
        ];
        for (expr, want) in rows {
            assert_eq!(told(expr).as_deref(), Some(want), "{expr}");
        }
    }

    #[test]
    fn what_has_no_threshold_is_graphed_whole() {
        for expr in ["up", "a > b", "a > bool 1", "sum(a > 1)", "b unless a > 1", "a[2*5m] > 1 anchored", "", "(((", "1 > 2"] {
            assert_eq!(told(expr), None, "{expr}");
        }
    }

    #[test]
    fn selectors_lose_their_ranges_and_offsets() {
        let expr = r#"sum(rate(http_requests_total{job="app", code=~"5.."}[5m] offset 1h)) / quantile(scalar(q), max_over_time(up{job="db"}[1h:5m] @ 0)) + up{job="db"}"#;
        assert_eq!(selectors(expr), [r#"http_requests_total{code=~"5..",job="app"}"#, r#"up{job="db"}"#, "q"]);
        assert_eq!(metrics(expr), ["http_requests_total", "up", "q"]);
        assert_eq!(metrics(r#"{__name__="a"} + {__name__=~"b"}"#), ["a"]);
        assert_eq!(jobs(expr), ["app", "db"]);
        assert_eq!(selectors(r#"{"http.requests", a="b"}"#), [r#"{__name__="http.requests",a="b"}"#]);
    }

    #[test]
    fn deep_and_long_expressions_are_left_alone() {
        let deep = format!("{}up{} > 1", "(".repeat(100_000), ")".repeat(100_000));
        let long = vec!["a"; 100_000].join("+");
        let almost = format!("{}up{} > 1", "(".repeat(DEEPEST - 5), ")".repeat(DEEPEST - 5));
        assert_eq!((told(&deep), selectors(&long).len()), (None, 0));
        assert_eq!(told(&almost).as_deref(), Some("up > 1"));
    }

    #[test]
    fn comparisons_hold_as_in_promql() {
        assert!(Comparison::NotEqual.holds(f64::NAN, 1.0) && !Comparison::Equal.holds(f64::NAN, f64::NAN));
        assert!(Comparison::AtLeast.holds(1.0, 1.0) && !Comparison::Greater.holds(1.0, 1.0) && Comparison::Less.holds(0.0, 1.0));
    }

    proptest! {
        #[test]
        fn anything_may_come(expr in "[a-z(){}\\[\\]=~\"<>!+*/ 0-9.:$@-]{0,60}|.*") {
            threshold(&expr);
            selectors(&expr);
            metrics(&expr);
            jobs(&expr);
        }
    }
}
