//! A million users on each engine: how long the server takes to start, how much memory it has then, how long a check
//! takes, and how long pages of lists take beside those of a thousand users.

mod lists;
mod people;
mod place;
pub(crate) mod start;

use place::{Engine, Place};

use crate::{
    context::{Bench, Result},
    table::Table,
};

/// How many users the smaller database has.
const FEW: u64 = 1_000;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let many = Place::filled(bench, engine, bench.options.users_in_memory).await?;
        start::measure(bench, &many, table).await?;
        let few = Place::filled(bench, engine, FEW).await?;
        lists::measure(bench, &many, &few, table).await?;
        few.remove(bench).await?;
        many.remove(bench).await?;
    }
    Ok(())
}
