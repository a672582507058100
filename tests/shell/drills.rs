//! The subcommands over drills and what they leave.

use crate::cases::Case;
use crate::cases::Json::{Elsewhere, Lines, Never};

/// In the order in which they are called.
pub const CASES: &[Case] = &[
    Case {
        path: "drill",
        says: ("LIVE drill redis-paused --target cache --for 2s --expect , --dry-run", "its end is armed first"),
        json: Lines(&[
            ("LIVE drill redis-paused --target cache --for 2s --expect , --dry-run --json", "plan"),
            ("LIVE drill redis-paused --target cache --for 2s --expect , --yes --json", "job"),
        ]),
        exits: &[
            ("drill", 64),
            ("drill the-world", 64),
            ("drill postgres-paused --target db --yes", 78),
            ("drill redis-paused", 78),
        ],
    },
    Case {
        path: "chaos list",
        says: ("chaos list", "postgres-paused"),
        json: Lines(&[("chaos list --json", "scenario")]),
        exits: &[("chaos", 64), ("chaos list x", 64)],
    },
    Case {
        path: "chaos plan",
        says: ("LIVE chaos plan redis-paused --target cache --expect ,", "Watch for 1m"),
        json: Lines(&[("LIVE chaos plan redis-paused --target cache --json", "plan")]),
        exits: &[("chaos plan", 64), ("chaos plan app-instance-killed --target db", 64)],
    },
    Case {
        path: "chaos run",
        says: ("LIVE chaos run redis-paused --target cache --for 2s --expect , --yes", "the job has ended: done"),
        json: Lines(&[("LIVE chaos run redis-paused --target cache --for 2s --dry-run --json", "plan")]),
        exits: &[("chaos run", 64), ("chaos run postgres-paused --target db --yes", 78)],
    },
    Case {
        path: "chaos report",
        says: ("chaos report", "# Drill: redis-paused on cache, 2s"),
        json: Lines(&[("chaos report --json", "drill")]),
        exits: &[("--state HEREnone chaos report", 64), ("chaos report 1", 64), ("chaos report x", 64)],
    },
    Case {
        path: "chaos gameday",
        says: ("chaos gameday HEREday.toml --dry-run", "refused now: db says nothing of a control"),
        json: Lines(&[
            ("chaos gameday HEREday.toml --dry-run --json", "gameday-plan"),
            ("chaos gameday HEREday.toml --yes --json", "gameday"),
            ("LIVE chaos gameday HEREcalm.toml --yes --json", "gameday"),
        ]),
        exits: &[
            ("chaos gameday", 64),
            ("chaos gameday HEREnowhere.toml", 78),
            ("chaos gameday HEREwrong.toml", 78),
            ("chaos gameday HEREday.toml --yes", 77),
            ("chaos run HEREforeign.json --yes", 77),
            ("chaos plan HEREwrong.toml", 64),
        ],
    },
    Case {
        path: "chaos export",
        says: ("LIVE chaos export redis-paused --target cache --expect ,", "\"steady-state-hypothesis\""),
        json: Never("it is an experiment of Chaos Toolkit's as it is"),
        exits: &[("chaos export", 64), ("chaos export postgres-paused --target db", 78)],
    },
    Case {
        path: "chaos abort",
        says: ("chaos abort", "!no drill runs"),
        json: Lines(&[(
            "LIVE chaos run redis-paused --target cache --expect , --detach --yes && chaos abort --dry-run && chaos abort --json",
            "asked",
        )]),
        exits: &[("chaos abort", 77), ("chaos abort --dry-run", 77)],
    },
    Case {
        path: "chaos sweep",
        says: ("chaos sweep", "nothing is left of any drill"),
        json: Elsewhere("chaos.rs", "swept", "fits(\"fault\", &swept)"),
        exits: &[("chaos sweep --dry-run", 0), ("chaos sweep", 0), ("chaos sweep --accept 12", 77)],
    },
];
