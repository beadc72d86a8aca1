//! `/api/v1/application`

mod dashboard;
mod delete;
mod filter_information;
mod get;
mod give;
mod list;
mod post;
mod put;

use std::collections::BTreeSet;

use aggregates::{
    application::{ApplicationDetails, ApplicationStatus},
    values::{ApplicationId, GroupId, Ordinal, OrganisationId, Timestamp, Title},
};
use authorization::Reach;
use projections::{applications, applications::ApplicationsAmong};
use server::{App, Refusal};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    fields::{Fields, FromFields},
    wire::{ApplicationOut, applications_out},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_applications))
        .routes(routes!(post::post_application))
        .routes(routes!(get::get_application))
        .routes(routes!(put::put_application))
        .routes(routes!(give::put_application_organization))
        .routes(routes!(delete::delete_application))
        .routes(routes!(filter_information::get_filter_information))
        .routes(routes!(dashboard::get_application_dashboard_data))
}

/// The most words in a list of an application.
const MOST_TYPES: usize = 100;

/// An application to create or to change.
#[derive(ToSchema)]
#[schema(as = Os2iotNewApplication, rename_all = "camelCase")]
pub(crate) struct ApplicationIn {
    /// 1 to 50 characters, unique over all organisations.
    #[schema(value_type = String, example = "Parking")]
    name: Option<Title>,
    /// The number of the organisation.
    #[schema(value_type = u32, example = 3)]
    organization_id: Option<Ordinal>,
    /// The numbers of the user groups to which it is attached.
    #[schema(value_type = Option<Vec<u32>>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
    /// At most 1024 characters.
    description: Option<String>,
    /// `NONE`, `IN-OPERATION`, `PROTOTYPE` or `OTHER`.
    #[schema(value_type = Option<String>)]
    status: ApplicationStatus,
    /// A date, or a moment (RFC 3339).
    #[schema(value_type = Option<String>)]
    start_date: Option<Timestamp>,
    /// A date, or a moment (RFC 3339).
    #[schema(value_type = Option<String>)]
    end_date: Option<Timestamp>,
    /// At most 100 characters.
    category: Option<String>,
    /// At most 100 characters.
    owner: Option<String>,
    /// At most 100 characters.
    contact_person: Option<String>,
    /// At most 100 characters.
    contact_email: Option<String>,
    /// At most 12 characters.
    contact_phone: Option<String>,
    /// Whether it processes personal data.
    personal_data: Option<bool>,
    /// At most 1024 characters.
    hardware: Option<String>,
    /// Objects with a `type`.
    #[schema(value_type = Option<Vec<Object>>)]
    controlled_properties: Vec<String>,
    /// Objects with a `type`.
    #[schema(value_type = Option<Vec<Object>>)]
    device_types: Vec<String>,
}

impl FromFields for ApplicationIn {
    fn read(fields: &mut Fields) -> Self {
        let status = match fields.text("status", 20) {
            Some(text) => ApplicationStatus::parse(&text).unwrap_or_else(|_| {
                fields.not_among("status", "NONE, IN-OPERATION, PROTOTYPE, OTHER");
                ApplicationStatus::default()
            }),
            None => ApplicationStatus::default(),
        };
        Self {
            name: fields.title("name", true, 1, 50),
            organization_id: fields.ordinal("organizationId", true),
            permission_ids: fields.ordinals("permissionIds", false),
            description: fields.text("description", 1024),
            status,
            start_date: fields.moment("startDate").flatten(),
            end_date: fields.moment("endDate").flatten(),
            category: fields.text("category", 100),
            owner: fields.text("owner", 100),
            contact_person: fields.text("contactPerson", 100),
            contact_email: fields.text("contactEmail", 100),
            contact_phone: fields.text("contactPhone", 12),
            personal_data: fields.bool("personalData", false),
            hardware: fields.text("hardware", 1024),
            controlled_properties: fields
                .types("controlledProperties", MOST_TYPES)
                .unwrap_or_default(),
            device_types: fields.types("deviceTypes", MOST_TYPES).unwrap_or_default(),
        }
    }
}

/// What the body says about an application: who it is for, where, and the rest.
struct Said {
    name: Option<Title>,
    details: ApplicationDetails,
}

impl ApplicationIn {
    fn said(self) -> Said {
        let details = ApplicationDetails {
            description: self.description,
            status: self.status,
            start_date: self.start_date,
            end_date: self.end_date,
            category: self.category,
            owner: self.owner,
            contact_person: self.contact_person,
            contact_email: self.contact_email,
            contact_phone: self.contact_phone,
            personal_data: self.personal_data,
            hardware: self.hardware,
            controlled_properties: self.controlled_properties,
            device_types: self.device_types,
        };
        Said {
            name: self.name,
            details,
        }
    }

    fn organisation(&self) -> Option<OrganisationId> {
        self.organization_id.map(OrganisationId::of)
    }

    fn groups(&self) -> Option<BTreeSet<GroupId>> {
        let ids = self.permission_ids.as_ref()?;
        Some(ids.iter().copied().map(GroupId::of).collect())
    }
}

/// An application as it is now.
async fn shown(app: &App, id: ApplicationId) -> Result<ApplicationOut, Refusal> {
    let db = app.ledger().db();
    let found = applications::find(db, id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("application"))?;
    let shown = applications_out(db, &[found]).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("application"))
}

/// The applications that somebody reads whose levels reach so far. With an organisation, those there; it must be one of which they have a group.
struct Readable {
    reach: Reach,
    /// The organisations whose applications are all readable.
    whole: Vec<OrganisationId>,
    within: Option<OrganisationId>,
}

impl Readable {
    fn of(reach: Reach, within: Option<OrganisationId>) -> Result<Self, Refusal> {
        match within.filter(|one| !reach.is_global && !reach.member_of.contains(one)) {
            Some(organisation) => Err(Refusal::forbidden(
                "read",
                &format!("applications of organisation {}", organisation.ordinal()),
            )),
            None => Ok(Self {
                // Whoever administers the users of an organisation reads all its applications.
                whole: reach.user_admin.iter().copied().collect(),
                reach,
                within,
            }),
        }
    }

    fn among(&self) -> ApplicationsAmong<'_> {
        match (self.reach.is_global, self.within) {
            (true, Some(organisation)) => ApplicationsAmong::Organisation(organisation),
            (true, None) => ApplicationsAmong::All,
            (false, within) => ApplicationsAmong::Reached {
                organisations: &self.whole,
                groups: &self.reach.groups,
                within,
            },
        }
    }
}
