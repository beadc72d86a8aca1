//! Queries about agreements, licences and seats.

use std::collections::BTreeMap;

use aggregates::{
    licence::LicenceKey,
    values::{AgreementId, DeviceId, LicenceId, OrganisationId},
};

use super::{
    AgreementRow, AgreementSort, LicenceFilter, LicenceRow, LicenceSort, LicencesAmong, SeatRow,
    chosen::chosen,
    record::{AgreementRecord, LicenceRecord, SeatRecord},
    several::several,
};
use crate::{
    page::{Paged, Part, Sorting},
    store::{
        self, Column as _, Order, Record as _, Sort, Sorted as _, load, select,
        sql::{Boxed, Db, Error, Row, Tx},
        unreadable,
    },
};

/// Why there is no part of the licences.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The order has several keys, and more licences than may be sorted are equal in the first one to some of the part.
    #[error("too many licences are equal in the first key to those of the part")]
    TooManyEqual,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

/// The agreement with this id.
pub fn agreement<'a>(db: &'a Db, id: AgreementId) -> Boxed<'a, Result<Option<AgreementRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, AgreementRecord::WITH_ID, [id]).await?;
        Ok(found.into_iter().next().map(AgreementRecord::into_row))
    })
}

/// A part of the agreements.
pub fn agreements<'a>(
    db: &'a Db,
    sorting: Sorting<AgreementSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<AgreementRow>, Error>> {
    Box::pin(async move {
        let sort = match sorting.by {
            AgreementSort::Creation => Sort::OLDEST_FIRST,
            AgreementSort::Name => Sort::by(&AgreementRecord::BY_NAME),
        };
        let sort = if sorting.descending { sort.reversed() } else { sort };
        let mut tx = db.snapshot().await?;
        let found = store::page(&mut tx, &[AgreementRecord::ALL], sort, part).await?;
        Ok(found.map(AgreementRecord::into_row))
    })
}

/// The licence with this id.
pub fn find<'a>(db: &'a Db, id: LicenceId) -> Boxed<'a, Result<Option<LicenceRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found = load(&mut tx, LicenceRecord::WITH_ID, [id]).await?;
        Ok(with_agreements(&mut tx, found).await?.pop())
    })
}

/// The licences that these devices use.
pub fn seats_of<'a>(
    db: &'a Db,
    devices: impl IntoIterator<Item = DeviceId> + Send + 'a,
) -> Boxed<'a, Result<Vec<SeatRow>, Error>> {
    let devices: Vec<DeviceId> = devices.into_iter().collect();
    Box::pin(async move {
        let found = load(&mut &*db, SeatRecord::OF_DEVICE, devices).await?;
        let mut seats: Vec<_> = found.into_iter().map(SeatRecord::into_row).collect();
        seats.sort();
        Ok(seats)
    })
}

/// A part of the licences, in the order of the first of these keys; licences that are equal in it are in the order of the next one, and
/// last in the order of creation, which runs in the direction of the first key.
///
/// All licences, or those of one organisation, without a filter: in the order of at most one key, each part costs the same; in the order of
/// several, the licences are also sorted that are equal in the first key to the first or the last of the part, if there are at most
/// `most_sorted` of them with the part. The cost of any other part grows with the number of licences of the organisations.
pub fn page<'a>(
    db: &'a Db,
    among: LicencesAmong<'a>,
    filter: &'a LicenceFilter,
    order: &'a [Sorting<LicenceSort>],
    part: Part,
    most_sorted: i64,
) -> Boxed<'a, Result<Vec<LicenceRow>, PageError>> {
    let is_too_long = |part: &String| part.len() > LicenceKey::LONGEST;
    Box::pin(async move {
        if filter.key_part.as_ref().is_some_and(is_too_long) {
            return Ok(Vec::new());
        }
        let mut tx = db.snapshot().await?;
        let list = match among {
            LicencesAmong::All => Some(List::All),
            LicencesAmong::Organisations([]) => return Ok(Vec::new()),
            LicencesAmong::Organisations([one]) => Some(List::Of(*one)),
            LicencesAmong::Organisations(_) => None,
        };
        let rows = match (list, order) {
            (Some(list), [] | [_]) if *filter == LicenceFilter::default() => {
                in_order(&mut tx, list, order.first(), part).await?
            }
            (Some(list), [first, ..]) if *filter == LicenceFilter::default() => {
                several(&mut tx, list, *first, order, part, most_sorted).await?
            }
            _ => chosen(&mut tx, among, filter, order, part).await?,
        };
        Ok(with_agreements(&mut tx, rows).await?)
    })
}

/// Licences that are counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    All,
    Of(OrganisationId),
}

/// A part of a list, in the order of one key or of creation.
pub(super) async fn in_order(
    tx: &mut Tx<'_>,
    list: List,
    sorting: Option<&Sorting<LicenceSort>>,
    part: Part,
) -> Result<Vec<LicenceRecord>, Error> {
    let sort = match sorting {
        None => Sort::OLDEST_FIRST,
        Some(Sorting {
            by,
            descending: false,
        }) => Sort::by(column_order(*by)),
        Some(Sorting { by, .. }) => Sort::by(column_order(*by)).reversed(),
    };
    let found = match list {
        List::All => store::page(tx, &[LicenceRecord::ALL], sort, part).await?,
        List::Of(id) => {
            let lists = LicenceRecord::OF_ORGANISATION;
            store::page_of(tx, &lists, id.sort_key(), sort, part).await?
        }
    };
    Ok(found.rows)
}

/// The order of the lists by a key.
pub(super) const fn column_order(by: LicenceSort) -> &'static Order<LicenceRecord> {
    match by {
        LicenceSort::AgreementName => &LicenceRecord::BY_AGREEMENT,
        LicenceSort::LicenceKey => &LicenceRecord::BY_KEY,
        LicenceSort::StartsAt => &LicenceRecord::BY_START,
        LicenceSort::ExpiresAt => &LicenceRecord::BY_END,
    }
}

/// `ORDER BY` for these keys.
pub(super) fn order_by(order: &[Sorting<LicenceSort>]) -> String {
    let way = |descending| if descending { " DESC" } else { "" };
    let keys = order
        .iter()
        .map(|key| format!("{}{}, ", column_order(key.by).column, way(key.descending)));
    let last = way(order.first().is_some_and(|first| first.descending));
    format!("ORDER BY {}ordinal{last}", keys.collect::<String>())
}

/// The licences with the ids in the first column of these rows, in this order. A statement that sorts licences asks for their ids alone, so
/// that the database does not carry whole rows through the sort.
pub(super) async fn with_ids(tx: &mut Tx<'_>, rows: &[Row]) -> Result<Vec<LicenceRecord>, Error> {
    let ids = rows.iter().map(|row| LicenceId::read(row, 0));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let found = load(tx, LicenceRecord::WITH_ID, &ids).await?;
    let found = found.into_iter().map(|licence| (licence.licence_id, licence));
    let mut found: BTreeMap<LicenceId, LicenceRecord> = found.collect();
    let in_order = ids.iter().map(|id| found.remove(id));
    let in_order =
        in_order.map(|found| found.ok_or_else(|| unreadable("a licence has gone within a snapshot")));
    in_order.collect()
}

/// The licences with their agreements.
async fn with_agreements(tx: &mut Tx<'_>, rows: Vec<LicenceRecord>) -> Result<Vec<LicenceRow>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<AgreementId> = rows.iter().map(|row| row.agreement).collect();
    ids.sort();
    ids.dedup();
    let keys: Vec<_> = ids.iter().map(|id| vec![(*id).into()]).collect();
    let mut agreements = BTreeMap::new();
    for row in select(tx, &AgreementRecord::TABLE, &["agreement_id"], &keys).await? {
        let agreement = AgreementRecord::read(&row)?.into_row();
        agreements.insert(agreement.id, agreement);
    }
    let rows = rows.into_iter().map(|row| {
        let agreement = agreements.get(&row.agreement).cloned();
        let agreement = agreement.ok_or_else(|| unreadable("a licence has no agreement"))?;
        Ok(row.into_row(agreement))
    });
    rows.collect()
}
