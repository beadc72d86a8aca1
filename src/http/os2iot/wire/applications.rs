//! Applications as answers show them.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{ApplicationId, GroupId};
use projections::{applications::ApplicationRow, groups, sql::Db};
use serde::Serialize;
use server::Refusal;
use utoipa::ToSchema;

use super::{Named, OrganizationOut, authors::Authors, organizations::organisations, time};

/// An application.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotApplication)]
pub(crate) struct ApplicationOut {
    id: u32,
    name: String,
    description: Option<String>,
    /// `NONE`, `IN-OPERATION`, `PROTOTYPE` or `OTHER`.
    status: String,
    start_date: Option<String>,
    end_date: Option<String>,
    category: Option<String>,
    owner: Option<String>,
    contact_person: Option<String>,
    contact_email: Option<String>,
    contact_phone: Option<String>,
    personal_data: Option<bool>,
    hardware: Option<String>,
    controlled_properties: Vec<TypeOut>,
    device_types: Vec<TypeOut>,
    belongs_to: Option<OrganizationOut>,
    permissions: Vec<Named>,
    /// Only in `GET /api/v1/application`: always `stable`, since no device of an application is here that could be silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    pub(crate) status_check: Option<StatusCheck>,
    created_at: String,
    updated_at: String,
    /// The number of the user, or of the system user of the API key, who made it; null for the server.
    created_by: Option<u32>,
    /// The number of who changed it last.
    updated_by: Option<u32>,
}

/// Whether something is wrong with the devices of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusCheck {
    /// Nothing.
    Stable,
    /// A device is silent.
    Alert,
}

/// A word of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Os2iotType)]
pub(crate) struct TypeOut {
    r#type: String,
}

/// Applications with their organisation and the groups to which they are attached.
pub(crate) async fn applications_out(
    db: &Db,
    rows: &[ApplicationRow],
) -> Result<Vec<ApplicationOut>, Refusal> {
    let authors = Authors::read(db, rows.iter().flat_map(|row| [row.created_by, row.updated_by])).await?;
    let organisations = organisations(db, rows.iter().map(|row| row.organisation).collect()).await?;
    let ids: Vec<ApplicationId> = rows.iter().map(|row| row.id).collect();
    let attached = groups::of_applications(db, &ids).await?;
    let groups: BTreeSet<GroupId> = attached.values().flatten().copied().collect();
    let groups: Vec<GroupId> = groups.into_iter().collect();
    let groups = groups::find_many(db, &groups).await?;
    let named = groups.iter().map(|group| {
        let (id, name) = (group.id.ordinal().get(), group.name.clone());
        (group.id, Named { id, name })
    });
    let named: BTreeMap<GroupId, Named> = named.collect();
    let shown = rows.iter().map(|row| {
        let groups = attached.get(&row.id).into_iter().flatten();
        let details = row.details.clone();
        let types = |texts: Vec<String>| texts.into_iter().map(|r#type| TypeOut { r#type }).collect();
        ApplicationOut {
            id: row.id.ordinal().get(),
            name: row.name.clone(),
            description: details.description,
            status: details.status.as_str().to_owned(),
            start_date: details.start_date.map(time),
            end_date: details.end_date.map(time),
            category: details.category,
            owner: details.owner,
            contact_person: details.contact_person,
            contact_email: details.contact_email,
            contact_phone: details.contact_phone,
            personal_data: details.personal_data,
            hardware: details.hardware,
            controlled_properties: types(details.controlled_properties),
            device_types: types(details.device_types),
            belongs_to: organisations.get(&row.organisation).cloned(),
            permissions: groups.filter_map(|id| named.get(id).cloned()).collect(),
            status_check: None,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            created_by: authors.number(row.created_by),
            updated_by: authors.number(row.updated_by),
        }
    });
    Ok(shown.collect())
}
