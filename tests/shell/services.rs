//! The subcommands over services: how they are, what they write, stopping and starting them, recovery.

use crate::cases::{Case, Json::Lines};

/// In the order in which they are called.
pub const CASES: &[Case] = &[
    Case {
        path: "services",
        says: ("--environment kept services", "running"),
        json: Lines(&[("services --json", "service"), ("--environment kept services held --json", "service")]),
        exits: &[
            ("--environment kept services nothing", 64),
            ("--environment bare services", 78),
            ("--environment kept services --no-such-flag", 64),
        ],
    },
    Case {
        path: "logs",
        says: ("--environment kept logs held", "hello"),
        json: Lines(&[("--environment kept logs held --json --tail 1", "log")]),
        exits: &[
            ("logs", 64),
            ("--environment kept logs db", 78),
            ("--environment kept logs nothing", 64),
            ("--environment kept logs held --grep (", 64),
            ("--environment kept logs held --since never", 64),
        ],
    },
    Case {
        path: "start",
        says: ("LIVE start cache --yes", "the job has ended: done"),
        json: Lines(&[
            ("LIVE stop cache --yes && LIVE start cache --dry-run --json", "plan"),
            ("LIVE start cache --yes --json", "job"),
        ]),
        exits: &[
            ("LIVE start cache --yes", 77),
            ("--environment kept start held --yes", 77),
            ("--environment kept start db --yes", 78),
            ("start", 64),
        ],
    },
    Case {
        path: "pause",
        says: ("--environment kept pause held --dry-run", "Pause held"),
        json: Lines(&[("--environment kept pause held --dry-run --json", "plan")]),
        exits: &[("--environment kept pause nothing --yes", 64), ("--environment kept pause held", 77)],
    },
    Case {
        path: "unpause",
        says: ("LIVE pause cache --yes && LIVE unpause cache --yes", "the job has ended: done"),
        json: Lines(&[
            ("LIVE pause cache --yes && LIVE unpause cache --dry-run --json", "plan"),
            ("LIVE unpause cache --yes --json", "job"),
        ]),
        exits: &[("LIVE unpause cache --yes", 77), ("--environment kept unpause held --yes", 77)],
    },
    Case {
        path: "scale",
        says: ("LIVE scale workers 2 --dry-run", "from 0 to 2"),
        json: Lines(&[("LIVE scale workers 2 --dry-run --json", "plan")]),
        exits: &[
            ("--environment kept scale held 2 --dry-run", 77),
            ("--environment kept scale held many --yes", 64),
            ("--environment kept scale held", 64),
        ],
    },
    Case {
        path: "restart",
        says: ("--environment kept restart held --dry-run", "Stop held"),
        json: Lines(&[("--environment kept restart held --dry-run --json", "plan")]),
        exits: &[("--environment kept restart db --yes", 78), ("--environment kept restart held --instance none --yes", 64)],
    },
    Case {
        path: "stop",
        says: ("--environment kept stop held --dry-run", "Stop held"),
        json: Lines(&[("--environment kept stop held --dry-run --json", "plan")]),
        exits: &[("--environment kept stop held --dry-run --force", 0), ("--environment kept stop held", 77)],
    },
    Case {
        path: "recover",
        says: ("recover db --dry-run", "nothing is wrong"),
        json: Lines(&[("recover db --dry-run --json", "plan")]),
        exits: &[("recover nothing --yes", 64), ("recover db", 77), ("--environment bare recover --yes", 78)],
    },
    Case {
        path: "promote",
        says: ("LIVE promote standby --dry-run", "un-replicated WAL"),
        json: Lines(&[("LIVE promote standby --dry-run --json", "plan")]),
        exits: &[("promote db --dry-run", 77), ("promote nothing --yes", 64), ("promote", 64)],
    },
    Case {
        path: "rebuild",
        says: ("LIVE rebuild standby --dry-run", "set-aside"),
        json: Lines(&[("LIVE rebuild standby --dry-run --json", "plan")]),
        exits: &[("rebuild db --dry-run", 78), ("rebuild nothing --yes", 64), ("rebuild", 64)],
    },
    Case {
        path: "failover",
        says: ("LIVE failover second --dry-run", "first"),
        json: Lines(&[("LIVE failover second --dry-run --json", "plan")]),
        exits: &[("failover db --dry-run", 64), ("failover nothing --yes", 64), ("failover", 64)],
    },
    Case {
        path: "cancel-query",
        says: ("LIVE cancel-query db --pid SESSION --yes", "the job has ended: done"),
        json: Lines(&[
            ("LIVE cancel-query db --pid SESSION --dry-run --json", "plan"),
            ("LIVE cancel-query db --pid SESSION --yes --json", "job"),
        ]),
        exits: &[
            ("cancel-query db --pid 1 --dry-run", 77),
            ("cancel-query nothing --pid 1 --yes", 64),
            ("cancel-query db --yes", 64),
        ],
    },
    Case {
        path: "terminate",
        says: ("LIVE terminate db --pid SESSION --yes", "the job has ended: done"),
        json: Lines(&[
            ("LIVE terminate db --pid SESSION --dry-run --json", "plan"),
            ("LIVE terminate db --pid SESSION --yes --json", "job"),
        ]),
        exits: &[("terminate db --pid 1 --dry-run", 77), ("terminate nothing --pid 1 --yes", 64), ("terminate db --yes", 64)],
    },
    Case {
        path: "kill-client",
        says: ("LIVE kill-client cache --id CLIENT --yes", "the job has ended: done"),
        json: Lines(&[
            ("LIVE kill-client cache --id CLIENT --dry-run --json", "plan"),
            ("LIVE kill-client cache --id CLIENT --yes --json", "job"),
        ]),
        exits: &[("kill-client nothing --id 1 --yes", 64), ("kill-client db --id 1 --yes", 64)],
    },
];
