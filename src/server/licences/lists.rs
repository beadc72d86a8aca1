//! Lists of licences.

use projections::{
    Part, Sorting,
    licences::{self, LicenceFilter, LicenceRow, LicenceSort, LicencesAmong, PageError},
};

use crate::{app::App, refusal::Refusal};

/// How many licences are sorted at most for a part in the order of several keys.
const MOST_SORTED: i64 = 100_000;

/// A part of the licences in the order of these keys. It is refused if the order has several keys, and too many licences are equal in the
/// first one to some of the part.
pub async fn page(
    app: &App,
    among: LicencesAmong<'_>,
    filter: &LicenceFilter,
    order: &[Sorting<LicenceSort>],
    part: Part,
) -> Result<Vec<LicenceRow>, Refusal> {
    let db = app.ledger().db();
    let found = licences::page(db, among, filter, order, part, MOST_SORTED).await;
    found.map_err(refused)
}

fn refused(error: PageError) -> Refusal {
    match error {
        PageError::TooManyEqual => Refusal::invalid(format!(
            "more than {MOST_SORTED} licences are equal in the first key of the order to those of this part: \
             begin with another key, or name one key"
        )),
        PageError::Database(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::RefusalKind;

    #[test]
    fn an_order_with_too_many_equal_licences_is_the_fault_of_the_request() {
        let refusal = refused(PageError::TooManyEqual);
        assert_eq!(
            (refusal.kind, refusal.code),
            (RefusalKind::Invalid, "invalid_request")
        );
        assert!(refusal.message.contains("100000 licences"), "{}", refusal.message);
        let failed = refused(PageError::Database(projections::sql::Error::PoolTimedOut));
        assert_eq!(failed.kind, RefusalKind::Unavailable);
    }
}
