//! Queries about applications.

use std::collections::BTreeSet;

use aggregates::values::{ApplicationId, GroupId, OrganisationId};

use super::{
    ApplicationFilter, ApplicationRow, ApplicationSort, ApplicationsAmong,
    record::{ApplicationRecord, TextKey},
};
use crate::{
    numbered::{Chosen, Condition, all_of, part_of, part_where},
    page::{Paged, Part, Sorting},
    store::{
        self, Column as _, Sort, Sorted as _, load,
        sql::{Boxed, Db, Error, sql},
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
        let found = match selected(among) {
            Selected::All => store::page(&mut tx, &[ApplicationRecord::ALL], sort, part).await?,
            Selected::Organisation(id) => {
                let lists = ApplicationRecord::OF_ORGANISATION;
                store::page_of(&mut tx, &lists, id.sort_key(), sort, part).await?
            }
            Selected::Chosen(chosen) => part_of(&mut tx, &chosen, column(by), descending, part).await?,
        };
        Ok(found.map(ApplicationRecord::into_row))
    })
}

/// A part of the applications that have what the filter asks for. Its cost grows with the number of applications that it chooses, and not with
/// the number of all.
pub fn filtered<'a>(
    db: &'a Db,
    among: ApplicationsAmong<'a>,
    filter: &'a ApplicationFilter,
    sorting: Sorting<ApplicationSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<ApplicationRow>, Error>> {
    let mut conditions = conditions(filter);
    if conditions.is_empty() {
        return page(db, among, sorting, part);
    }
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let (column, descending) = (column(sorting.by), sorting.descending);
        let found = match selected(among) {
            Selected::All => part_where(&mut tx, &conditions, column, descending, part).await?,
            Selected::Organisation(id) => {
                conditions.push(of_organisation(id));
                part_where(&mut tx, &conditions, column, descending, part).await?
            }
            Selected::Chosen(chosen) => {
                let chosen = chosen
                    .into_iter()
                    .map(|chosen| chosen.and(conditions.iter().cloned()));
                let chosen: Vec<_> = chosen.collect();
                part_of(&mut tx, &chosen, column, descending, part).await?
            }
        };
        Ok(found.map(ApplicationRecord::into_row))
    })
}

/// Up to `most` owners of these applications, each once, sorted without case and then letter by letter.
pub fn owners<'a>(
    db: &'a Db,
    among: ApplicationsAmong<'a>,
    most: i64,
) -> Boxed<'a, Result<Vec<String>, Error>> {
    const SELECT: &str = "SELECT owner, owner_key FROM applications WHERE owner IS NOT NULL";
    const EACH_ONCE: &str = "GROUP BY owner_key, owner ORDER BY owner_key, owner LIMIT";
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let mut rows = Vec::new();
        match selected(among) {
            Selected::All => {
                let all = sql(format!("{SELECT} {EACH_ONCE} $1"));
                rows.extend(tx.all(all.bind(most)).await?);
            }
            Selected::Organisation(id) => {
                let of = sql(format!("{SELECT} AND organisation = $1 {EACH_ONCE} $2"));
                rows.extend(tx.all(of.bind(id).bind(most)).await?);
            }
            Selected::Chosen(chosen) => {
                let each_once = format!("{EACH_ONCE} {}", most.max(0));
                for chosen in chosen {
                    rows.extend(chosen.rows(&mut tx, &format!("{SELECT} AND"), &each_once).await?);
                }
            }
        }
        let owners: BTreeSet<(String, String)> = rows
            .iter()
            .map(|row| Ok((row.text(1)?, row.text(0)?)))
            .collect::<Result<_, Error>>()?;
        let most = usize::try_from(most).unwrap_or_default();
        Ok(owners.into_iter().map(|(_, owner)| owner).take(most).collect())
    })
}

/// Which rows a page is about, and how they are found.
enum Selected<'a> {
    /// All.
    All,
    /// Those of an organisation.
    Organisation(OrganisationId),
    /// Those that any of these choices names.
    Chosen(Vec<Chosen<'a>>),
}

fn selected(among: ApplicationsAmong<'_>) -> Selected<'_> {
    match among {
        ApplicationsAmong::All => Selected::All,
        ApplicationsAmong::Organisation(id) => Selected::Organisation(id),
        ApplicationsAmong::Reached {
            organisations,
            groups: _,
            within: Some(id),
        } if organisations.contains(&id) => Selected::Organisation(id),
        ApplicationsAmong::Reached {
            organisations: _,
            groups,
            within: Some(id),
        } => Selected::Chosen(vec![attached(groups).and([of_organisation(id)])]),
        ApplicationsAmong::Reached {
            organisations,
            groups,
            within: None,
        } => Selected::Chosen(vec![
            Chosen::by("organisation IN", organisations.iter().copied(), ""),
            attached(groups),
        ]),
        ApplicationsAmong::These(ids) => {
            Selected::Chosen(vec![Chosen::by("number IN", ids.iter().copied(), "")])
        }
    }
}

fn attached(groups: &[GroupId]) -> Chosen<'_> {
    let before = "number IN (SELECT application FROM group_applications WHERE group_number IN";
    Chosen::by(before, groups.iter().copied(), ")")
}

fn of_organisation<'a>(id: OrganisationId) -> Condition<'a> {
    Condition {
        column: "organisation",
        value: id.into(),
    }
}

fn conditions(filter: &ApplicationFilter) -> Vec<Condition<'_>> {
    let mut conditions = Vec::new();
    if let Some(status) = &filter.status {
        conditions.push(Condition {
            column: "status",
            value: status.bind(),
        });
    }
    if let Some(owner) = &filter.owner {
        // The index has the key, which has neither the case nor the end of a long text.
        let key = TextKey::of(Some(owner));
        conditions.push(Condition {
            column: "owner_key",
            value: key.bind().into_owned(),
        });
        conditions.push(Condition {
            column: "owner",
            value: owner.as_str().into(),
        });
    }
    conditions
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
