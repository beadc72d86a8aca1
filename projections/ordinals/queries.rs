//! Queries about numbers.

use aggregates::values::Ordinal;

use super::{Numbered, record::OrdinalRecord};
use crate::store::{
    load,
    sql::{Boxed, Db, Error},
};

/// The number after the highest that was ever used of a kind; `None` if all are used. Another process may take it first: then the claim
/// or the stream of the new thing is refused.
pub fn next<'a>(db: &'a Db, kind: Numbered) -> Boxed<'a, Result<Option<Ordinal>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, OrdinalRecord::OF_KIND, [kind]).await?;
        Ok(Ordinal::new(found.first().map_or(0, |record| record.last) + 1))
    })
}
