//! Queries about applications.

use aggregates::values::{ApplicationId, OrganisationId};

use super::{ApplicationRow, ApplicationSort, ApplicationsAmong, record::ApplicationRecord};
use crate::{
    numbered::{Chosen, all_of, part_of},
    page::{Paged, Part, Sorting},
    store::{
        self, Sort, Sorted as _, load,
        sql::{Boxed, Db, Error},
    },
};

/// The application with this id.
pub fn find<'a>(db: &'a Db, id: ApplicationId) -> Boxed<'a, Result<Option<ApplicationRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, ApplicationRecord::WITH_NUMBER, [id]).await?;
        Ok(found.into_iter().next().map(ApplicationRecord::into_row))
    })
}

/// Those of these applications that exist, in the order of their numbers.
pub fn find_many<'a>(db: &'a Db, ids: &'a [ApplicationId]) -> Boxed<'a, Result<Vec<ApplicationRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let chosen = Chosen::by("number IN", ids.iter().copied(), "");
        let rows: Vec<ApplicationRecord> = all_of(&mut tx, chosen).await?;
        Ok(rows.into_iter().map(ApplicationRecord::into_row).collect())
    })
}

/// How many applications an organisation has.
pub fn count_of_organisation<'a>(db: &'a Db, id: OrganisationId) -> Boxed<'a, Result<i64, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        store::total_of(&mut tx, &ApplicationRecord::OF_ORGANISATION, id.sort_key()).await
    })
}

/// A part of the applications. The cost of a part of all, or of one organisation, does not depend on how many there are. The cost of any
/// other part grows with the number of chosen applications.
pub fn page<'a>(
    db: &'a Db,
    among: ApplicationsAmong<'a>,
    sorting: Sorting<ApplicationSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<ApplicationRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let (by, descending) = (sorting.by, sorting.descending);
        let sort = if descending { sort(by).reversed() } else { sort(by) };
        let chosen = match among {
            ApplicationsAmong::All => {
                let found = store::page(&mut tx, &[ApplicationRecord::ALL], sort, part).await?;
                return Ok(found.map(ApplicationRecord::into_row));
            }
            ApplicationsAmong::Organisation(id) => return of_organisation(&mut tx, id, sort, part).await,
            ApplicationsAmong::Reached {
                organisations,
                groups: _,
                within: Some(id),
            } if organisations.contains(&id) => return of_organisation(&mut tx, id, sort, part).await,
            ApplicationsAmong::Reached {
                organisations: _,
                groups,
                within: Some(id),
            } => {
                let before = "organisation = $1 AND number IN \
                              (SELECT application FROM group_applications WHERE group_number IN";
                vec![Chosen::by(before, groups.iter().copied(), ")").with(id)]
            }
            ApplicationsAmong::Reached {
                organisations,
                groups,
                within: None,
            } => {
                let before = "number IN (SELECT application FROM group_applications WHERE group_number IN";
                vec![
                    Chosen::by("organisation IN", organisations.iter().copied(), ""),
                    Chosen::by(before, groups.iter().copied(), ")"),
                ]
            }
            ApplicationsAmong::These(ids) => vec![Chosen::by("number IN", ids.iter().copied(), "")],
        };
        let found = part_of(&mut tx, &chosen, column(by), descending, part).await?;
        Ok(found.map(ApplicationRecord::into_row))
    })
}

async fn of_organisation(
    tx: &mut store::sql::Tx<'_>,
    id: OrganisationId,
    sort: Sort<ApplicationRecord>,
    part: Part,
) -> Result<Paged<ApplicationRow>, Error> {
    let lists = ApplicationRecord::OF_ORGANISATION;
    let found = store::page_of(tx, &lists, id.sort_key(), sort, part).await?;
    Ok(found.map(ApplicationRecord::into_row))
}

fn sort(by: ApplicationSort) -> Sort<ApplicationRecord> {
    match by {
        ApplicationSort::Id => Sort::OLDEST_FIRST,
        ApplicationSort::Name => Sort::by(&ApplicationRecord::BY_NAME),
        ApplicationSort::UpdatedAt => Sort::by(&ApplicationRecord::BY_CHANGE),
        ApplicationSort::Status => Sort::by(&ApplicationRecord::BY_STATUS),
        ApplicationSort::StartDate => Sort::by(&ApplicationRecord::BY_START),
        ApplicationSort::EndDate => Sort::by(&ApplicationRecord::BY_END),
        ApplicationSort::Owner => Sort::by(&ApplicationRecord::BY_OWNER),
        ApplicationSort::ContactPerson => Sort::by(&ApplicationRecord::BY_CONTACT),
        ApplicationSort::PersonalData => Sort::by(&ApplicationRecord::BY_PERSONAL_DATA),
    }
}

const fn column(by: ApplicationSort) -> &'static str {
    match by {
        ApplicationSort::Id => "ordinal",
        ApplicationSort::Name => "name_key",
        ApplicationSort::UpdatedAt => "updated_at",
        ApplicationSort::Status => "status",
        ApplicationSort::StartDate => "start_date",
        ApplicationSort::EndDate => "end_date",
        ApplicationSort::Owner => "owner_key",
        ApplicationSort::ContactPerson => "contact_person_key",
        ApplicationSort::PersonalData => "personal_data",
    }
}
