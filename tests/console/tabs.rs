//! The tabs of the Alerts screen, over a live Prometheus and Alertmanager.

use crate::pty::{ENTER, ESC, Terminal};

/// What stands beside the alerts, and back to them.
pub fn walk(console: &mut Terminal) {
    console.press("]");
    console.see("nothing is silenced");
    console.press("]");
    console.see("[Rules ");
    console.press("/");
    console.press("PostgresDown");
    console.press(ENTER);
    console.see_line(&["ok", "PostgresDown", "<1%"]);
    console.press(ENTER);
    console.see_line(&["health", "ok"]);
    console.see("threshold");
    console.press(ESC);
    console.press(ESC);
    console.press("]");
    console.see("[Targets ");
    console.see_line(&["up", "prometheus"]);
    console.press("/");
    console.press("job=prometheus");
    console.press(ENTER);
    console.press(ENTER);
    console.see_line(&["url", "/metrics"]);
    console.press(ESC);
    console.press(ESC);
    console.press("]");
    console.see("[Alerts ");
}
