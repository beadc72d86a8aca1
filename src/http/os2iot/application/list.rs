//! `GET /api/v1/application`

use aggregates::{application::ApplicationStatus, values::OrganisationId};
use axum::{Json, extract::State, response::Response};
use projections::{
    applications,
    applications::{ApplicationFilter, ApplicationSort, ApplicationsAmong},
};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use super::Readable;
use crate::{
    guard::{PersonOrKey, READER},
    list::{ListOut, given, ordinal, part, sorting},
    wire::{ApplicationOut, StatusCheck, applications_out},
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

/// How many characters an owner has at most.
const MOST_OWNER: usize = 100;

/// What the listed applications must have, and how their devices must be.
fn filter(query: &Query) -> Result<(ApplicationFilter, Option<StatusCheck>), Refusal> {
    let one_of = |name: &str, values: &str| Refusal::invalid(format!("{name} must be one of {values}"));
    let status = given(query, "status")?.map(ApplicationStatus::parse).transpose();
    let status = status.map_err(|_| one_of("status", "NONE, IN-OPERATION, PROTOTYPE, OTHER"))?;
    let owner = given(query, "owner")?.map(str::to_owned);
    if owner
        .as_ref()
        .is_some_and(|owner| owner.chars().count() > MOST_OWNER)
    {
        return Err(Refusal::invalid(format!(
            "owner must have at most {MOST_OWNER} characters"
        )));
    }
    let check = match given(query, "statusCheck")? {
        None => None,
        Some("stable") => Some(StatusCheck::Stable),
        Some("alert") => Some(StatusCheck::Alert),
        Some(_) => return Err(one_of("statusCheck", "stable, alert")),
    };
    Ok((ApplicationFilter { status, owner }, check))
}

/// The applications that the caller may read. The filters choose before the list is cut into parts, so `count` counts what they leave.
#[utoipa::path(get, operation_id = "os2iot_get_applications", path = "/api/v1/application", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `updatedAt`, `status`, `startDate`, `endDate`, `owner`, `contactPerson` or `personalData`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`"),
        ("organizationId" = Option<String>, Query, description = "Only those of this organisation", example = "3"),
        ("status" = Option<String>, Query, description = "Only those with this status: `NONE`, `IN-OPERATION`, `PROTOTYPE` or `OTHER`"),
        ("owner" = Option<String>, Query, description = "Only those with this owner, letter for letter"),
        ("statusCheck" = Option<String>, Query, description = "`stable`: all, since this server has no devices; `alert`: none")
    ),
    responses((status = 200, description = "The applications", body = ListOut<ApplicationOut>)))]
pub(crate) async fn get_applications(
    State(app): State<App>,
    asks: Asks<PersonOrKey<READER>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, ApplicationSort::Id)?);
    let (filter, check) = filter(&query)?;
    let within = ordinal(&query, "organizationId")?.map(OrganisationId::of);
    let turn = asks.turn(&app).await?;
    let readable = Readable::of(reach(&app, asks.caller()), within)?;
    let answer = turn.answer(async move |_| {
        let among = match check {
            // An application without devices has no silent one.
            Some(StatusCheck::Alert) => ApplicationsAmong::These(&[]),
            Some(StatusCheck::Stable) | None => readable.among(),
        };
        let db = app.ledger().db();
        let found = applications::filtered(db, among, &filter, sorting, part).await?;
        let mut shown = applications_out(db, &found.rows).await?;
        for application in &mut shown {
            application.status_check = Some(StatusCheck::Stable);
        }
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
