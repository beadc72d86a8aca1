//! The rows. Each group has a file.

pub(crate) mod appender;
pub(crate) mod bare;
mod bare_login;
mod bare_sqlite;
mod brokers;
mod cerbos;
mod certificates;
mod check;
mod commands;
mod consistency;
mod decisions;
mod evaluation;
mod flood;
mod grants;
mod imports;
mod kicks;
mod levels;
mod licences;
mod logins;
mod logins_by_code;
pub(crate) mod memory;
pub(crate) mod million;
pub(crate) mod nodes;
mod plain;
mod proxy;
mod replay;
mod server;
mod session;
mod stock;
mod streams;
mod timing;
mod unfinished;

use crate::{
    context::{Bench, Result},
    table::Table,
};

/// All groups, in the order in which they are measured.
pub(crate) const GROUPS: [&str; 23] = [
    "appender",
    "nodes",
    "commands",
    "streams",
    "imports",
    "session",
    "replay",
    "check",
    "evaluation",
    "levels",
    "consistency",
    "million",
    "licences",
    "grants",
    "proxy",
    "server",
    "logins",
    "flood",
    "timing",
    "kicks",
    "memory",
    "brokers",
    "certificates",
];

/// Measures a group.
pub(crate) async fn measure(group: &str, bench: &Bench, table: &mut Table) -> Result<()> {
    match group {
        "appender" => appender::measure(bench, table).await,
        "nodes" => nodes::measure(bench, table).await,
        "kicks" => kicks::measure(bench, table).await,
        "commands" => commands::measure(bench, table).await,
        "streams" => streams::measure(bench, table).await,
        "imports" => imports::measure(bench, table).await,
        "session" => session::measure(bench, table).await,
        "replay" => replay::measure(bench, table).await,
        "check" => check::measure(bench, table).await,
        "levels" => levels::measure(bench, table).await,
        "evaluation" => evaluation::measure(bench, table).await,
        "consistency" => consistency::measure(bench, table).await,
        "licences" => licences::measure(bench, table).await,
        "grants" => grants::measure(bench, table).await,
        "proxy" => proxy::measure(bench, table).await,
        "million" => million::measure(bench, table).await,
        "logins" => logins::measure(bench, table).await,
        "flood" => flood::measure(bench, table).await,
        "timing" => timing::measure(bench, table).await,
        "brokers" => brokers::measure(bench, table).await,
        "certificates" => certificates::measure(bench, table).await,
        "memory" => unfinished::measure(bench, table).await,
        _ => server::measure(bench, table).await,
    }
}
