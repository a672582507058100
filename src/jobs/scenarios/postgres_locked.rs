//! A table of PostgreSQL is locked, as by a migration that was not thought through: whoever reads or writes it waits.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::chaos::offer::Part;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::problem::nearest;
use crate::domain::service::ServiceKind;
use crate::jobs::postgres::session::Session;
use crate::jobs::scenario::{Case, Faults, Means, SPARE, Scenario, outage};
use crate::jobs::steps::postgres_hold::{Held, HoldArgs};
use crate::ports::Promise;

/// The scenario.
pub const SCENARIO: &Scenario = &Scenario {
    name: "postgres-locked",
    help: "A table of PostgreSQL is locked: whoever reads or writes it waits (--on TABLE; the one most written where none is named)",
    kinds: &[ServiceKind::Postgres],
    expects: &["PostgresLongTransaction"],
    allows: &[&["PostgresTooManyConnections", "PostgresSlowQueries"], outage::CUSTOMERS, outage::WORK, outage::STANDSTILL],
    longest: Duration::from_secs(240),
    end: "the server ends the lock by itself; a watchdog process has it do so on time",
    loses: false,
    sole: true,
    part: Some(Part::Leads),
    takes: &[("on", "a table")],
    means: Means::Protocol(faults),
};

/// After how long midwatch's rule calls a transaction long.
const LONG: Duration = Duration::from_secs(60);

/// How many tables are named where none is meant.
const SHOWN: usize = 10;

#[derive(Deserialize)]
struct Table {
    name: String,
    allowed: bool,
}

/// The tables, those most written first. PostgreSQL 17 has a privilege of its own for it.
const TABLES: &str = "\
SELECT format('%I.%I', n.nspname, c.relname) AS name, has_schema_privilege(n.oid, 'USAGE') AND (
    has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')
    OR CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN')
      ELSE false END) AS allowed
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) DESC, 1";

fn faults<'a>(case: &'a Case<'a>) -> Promise<'a, Faults> {
    Box::pin(async move {
        case.outlasts("PostgresLongTransaction", LONG)?;
        let mut session = Session::open(&*case.tools(), case.database()).await?;
        let tables: Vec<Table> = session.rows(TABLES).await?;
        session.close().await?;
        let table = chosen(&tables, case.on(), case.database())?;
        if !table.allowed {
            let what = format!("{} may not lock {} in {}", case.role(), table.name, case.database());
            let grant = format!("GRANT UPDATE ON {} TO {}; in {}", table.name, case.role(), case.database());
            return Err(Failure::new(FailureKind::Denied, what).mend(grant));
        }
        let lasts = case.lasts + SPARE;
        let (target, database) = (case.survey.target.clone(), case.database().to_owned());
        let notes = vec![
            format!("{} is locked whole: its readers and writers wait, and what they hold is waited for", table.name),
            format!("the server ends the lock after {} s, whoever lives then", lasts.as_secs()),
            "whoever is to end it keeps a session open: those who wait may take every other connection".to_owned(),
        ];
        let args = HoldArgs { target, database, held: Held::Table(table.name.clone()), lasts };
        Ok(Faults::new(vec![args.step()], notes))
    })
}

/// The table that was named, with its schema or without, or that which is written most.
fn chosen<'t>(tables: &'t [Table], on: Option<&str>, database: &str) -> Result<&'t Table, Failure> {
    let Some(on) = on else {
        return tables.first().ok_or_else(|| Failure::refused(format!("{database} has no table")));
    };
    let is_it = |table: &&Table| table.name == on || table.name.split_once('.').is_some_and(|(_, name)| name == on);
    tables.iter().find(is_it).ok_or_else(|| {
        let failure = Failure::new(FailureKind::Usage, format!("{database} has no table {on:?}"));
        let names = || tables.iter().map(|table| table.name.as_str());
        match nearest(on, names()) {
            Some(near) => failure.mend(format!("did you mean {near:?}?")),
            None if tables.is_empty() => failure,
            None => failure.mend(format!("there are {}", names().take(SHOWN).collect::<Vec<_>>().join(", "))),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_table_is_named_with_its_schema_or_without_or_is_the_one_most_written() {
        let table = |name: &str| Table { name: name.to_owned(), allowed: true };
        let tables = [table("public.orders"), table("shop.stock")];
        let found = |on| chosen(&tables, on, "shop").map(|table| table.name.clone());
        assert_eq!(found(None).unwrap(), "public.orders");
        assert_eq!(found(Some("stock")).unwrap(), "shop.stock");
        assert_eq!(found(Some("public.orders")).unwrap(), "public.orders");
        assert_eq!(found(Some("nothing")).unwrap_err().kind, FailureKind::Usage);
        assert_eq!(chosen(&[], None, "shop").err().unwrap().kind, FailureKind::Refused);
    }
}
