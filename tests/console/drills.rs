//! Drills in the demo, from a terminal: one that is begun, seen and read there, and one that nobody is left to end.

use crate::host;
use crate::night::{Person, Traces, open_dashboard};
use crate::pty::{ENTER, ESC, F1, Terminal};

/// `F1`: a drill whose end is armed. The service is down, its panels are stale with a reason, the alert counts its `for`, then rings; the
/// drill tells when it did, and how long the shop took to come back.
pub fn one_that_is_begun_here(console: &mut Terminal) {
    console.press("8");
    console.press("/");
    console.press("postgres-paused");
    console.press(ENTER);
    console.see("it may begin");
    console.press(F1);
    console.see("Break something");
    console.press("postgres-paused");
    console.press(ENTER);
    console.see("Plan: drill postgres-paused --target postgres");
    console.see("Enter to start it");
    console.press(ENTER);
    console.see_line(&["its end", "armed: due in"]);
    console.see_line(&["the fault", "on for", "left"]);
    console.see_line(&["postgres answers", "no answer"]);
    console.see("x Abort");
    its_fault_is_seen(console);
    console.press("8");
    console.see_line(&["PostgresDown", "fired after"]);
    console.see_line(&["the fault", "was on for"]);
    console.see_line(&["recovery", "steady"]);
    console.see_no("FAULT");
    console.press("]");
    console.see_line(&["postgres-paused", "postgres"]);
    console.press(ENTER);
    console.see_line(&["its end", "verified"]);
    console.press(ESC);
    console.press("[");
    console.press("[");
    console.press(ESC);
}

/// Its worker and its watchdog are killed: whoever looks on sees to the end of the fault.
pub fn rule_19_an_open_console_ends_what_one_has_left(console: &mut Terminal, person: &Person, traces: &Traces) {
    console.press("8");
    console.press("/");
    console.press("app-instance-paused app-3");
    console.press(ENTER);
    console.see("it may begin");
    console.press(ENTER);
    console.see("Plan: drill app-instance-paused --target app-3");
    console.see("Enter to start it");
    console.press(ENTER);
    console.see_line(&["the fault", "on for"]);
    assert!(person.server("app-3").stopped());
    // The worker first: it would start another watchdog.
    let killed = [traces.midwatches("worker"), traces.midwatches("fault-end")];
    assert!(killed.iter().all(|some| !some.is_empty()), "{killed:?}");
    host::signal(killed.iter().flatten(), "KILL");
    console.see("has ended, and nothing of it is left");
    console.see_no("FAULT");
    assert!(!person.server("app-3").stopped());
}

fn its_fault_is_seen(console: &mut Terminal) {
    console.press("1");
    console.see("FAULT ON");
    console.see_line(&["down", "postgres", "timeout"]);
    open_dashboard(console, "Database");
    console.see_line(&["stale ", "postgres"]);
    console.press("3");
    console.see_line(&["PostgresDown", "pending", "of 15s"]);
    console.see_line(&["PostgresDown", "firing"]);
    console.press("/");
    console.press("PostgresDown");
    console.press(ENTER);
    console.press(ENTER);
    console.see("pg_up");
    console.see("database-down");
    console.press(ESC);
    console.see("filter: PostgresDown");
    console.press(ESC);
    console.see_no("filter: ");
}
