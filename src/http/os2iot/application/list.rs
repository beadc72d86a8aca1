//! `GET /api/v1/application`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{
    applications,
    applications::{ApplicationSort, ApplicationsAmong},
};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use crate::{
    guard::{PersonOrKey, READER},
    list::{ListOut, ordinal, part, sorting},
    wire::{ApplicationOut, applications_out},
};

const SORTS: &[(&str, ApplicationSort)] = &[
    ("id", ApplicationSort::Id),
    ("name", ApplicationSort::Name),
    ("updatedAt", ApplicationSort::UpdatedAt),
    ("status", ApplicationSort::Status),
    ("startDate", ApplicationSort::StartDate),
    ("endDate", ApplicationSort::EndDate),
    ("owner", ApplicationSort::Owner),
    ("contactPerson", ApplicationSort::ContactPerson),
    ("personalData", ApplicationSort::PersonalData),
];

/// The applications that the caller may read.
#[utoipa::path(get, operation_id = "os2iot_get_applications", path = "/api/v1/application", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `updatedAt`, `status`, `startDate`, `endDate`, `owner`, `contactPerson` or `personalData`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`"),
        ("organizationId" = Option<String>, Query, description = "Only those of this organisation", example = "3")
    ),
    responses((status = 200, description = "The applications", body = ListOut<ApplicationOut>)))]
pub(crate) async fn get_applications(
    State(app): State<App>,
    asks: Asks<PersonOrKey<READER>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, ApplicationSort::Id)?);
    let within = ordinal(&query, "organizationId")?.map(OrganisationId::of);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    if let Some(organisation) = within.filter(|one| !reach.is_global && !reach.member_of.contains(one)) {
        return Err(Refusal::forbidden(
            "read",
            &format!("applications of organisation {}", organisation.ordinal()),
        ));
    }
    let answer = turn.answer(async move |_| {
        let organisations: Vec<OrganisationId> = reach.user_admin.iter().copied().collect();
        let among = match (reach.is_global, within) {
            (true, Some(organisation)) => ApplicationsAmong::Organisation(organisation),
            (true, None) => ApplicationsAmong::All,
            // Whoever administers the users of an organisation reads all its applications.
            (false, Some(organisation)) if reach.user_admin.contains(&organisation) => {
                ApplicationsAmong::Organisation(organisation)
            }
            (false, within) => ApplicationsAmong::Reached {
                organisations: &organisations,
                groups: &reach.groups,
                within,
            },
        };
        let db = app.ledger().db();
        let found = applications::page(db, among, sorting, part).await?;
        let shown = applications_out(db, &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
