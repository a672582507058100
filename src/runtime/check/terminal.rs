//! The terminal: whether it can draw what the console draws. Nothing here fails a check: `midwatch check` may run where the
//! console never will.

use crate::runtime::check::{Finding, Subject};

/// What the surroundings say of the terminal.
#[derive(Clone, Debug, Default)]
pub struct Terminal {
    /// `TERM`.
    pub term: Option<String>,
    /// The first that is set of `LC_ALL`, `LC_CTYPE` and `LANG`.
    pub locale: Option<String>,
}

impl Terminal {
    /// That of this process.
    pub fn of_process() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { term: set("TERM"), locale: set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")) }
    }

    /// Whether the locale says that text is UTF-8.
    pub fn is_utf8(&self) -> bool {
        let locale = self.locale.as_deref().unwrap_or_default().to_ascii_lowercase();
        locale.ends_with("utf-8") || locale.ends_with("utf8")
    }
}

/// Whether the console can be drawn here, with ASCII alone or without.
pub fn check(terminal: &Terminal, ascii: bool) -> Vec<Finding> {
    let subject = |name: &str| Subject { environment: None, name: name.to_owned() };
    let term = subject("terminal");
    let term = match terminal.term.as_deref() {
        None => term.note("TERM is not set: the console cannot be drawn here", "export TERM=xterm-256color"),
        Some("dumb") => term.note("TERM is dumb: the console cannot be drawn here", "export TERM=xterm-256color"),
        Some(name) => term.good(name),
    };
    let locale = subject("locale");
    let said = terminal.locale.as_deref().unwrap_or("not set");
    let locale = match (terminal.is_utf8(), ascii) {
        (true, _) => locale.good(said),
        (false, true) => locale.good(format!("{said}, and drawn with ASCII alone")),
        (false, false) => locale
            .note(format!("{said}: not UTF-8, lines and braille may not show"), "midwatch --ascii, or export LC_ALL=C.UTF-8"),
    };
    vec![term, locale]
}
