//! Foreign backups: what teams' own scripts have left in a folder or a bucket. It is adopted as it is — the files stay where they
//! are, a manifest in a repository names them with their hashes — and proved by restore like any other backup.
//!
//! `find` says which files are backups, from their names and first bytes; `script` and `archive` read `pg_dump`'s formats as far as
//! a judgement needs; `read` opens and hashes them; `errors` tells from the tools' words why a restore failed, and what is no fault
//! of the backup; `prove` joins them. Nothing here ever writes beside the files.

pub mod archive;
pub mod errors;
pub mod find;
pub mod pgbackrest;
pub mod prove;
pub mod read;
pub mod restore;
pub mod script;
pub mod survey;
