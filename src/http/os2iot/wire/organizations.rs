//! Organisations as answers show them.

use std::collections::BTreeMap;

use aggregates::values::OrganisationId;
use projections::{organisations, organisations::OrganisationRow, sql::Db};
use serde::Serialize;
use server::Refusal;
use utoipa::ToSchema;

use super::{authors::Authors, time};

/// An organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotOrganization)]
pub(crate) struct OrganizationOut {
    id: u32,
    name: String,
    /// Always `false`: this server publishes no data.
    open_data_dk_registered: bool,
    created_at: String,
    updated_at: String,
    /// The number of the user, or of the system user of the API key, who made it; null for the server.
    created_by: Option<u32>,
    /// The number of who changed it last.
    updated_by: Option<u32>,
}

/// These organisations.
pub(crate) async fn organizations_out(
    db: &Db,
    rows: &[OrganisationRow],
) -> Result<Vec<OrganizationOut>, Refusal> {
    let authors = Authors::read(db, rows.iter().flat_map(|row| [row.created_by, row.updated_by])).await?;
    let shown = rows.iter().map(|row| OrganizationOut {
        id: row.id.ordinal().get(),
        name: row.name.clone(),
        open_data_dk_registered: false,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        created_by: authors.number(row.created_by),
        updated_by: authors.number(row.updated_by),
    });
    Ok(shown.collect())
}

/// One organisation.
pub(crate) async fn organization_out(db: &Db, row: &OrganisationRow) -> Result<OrganizationOut, Refusal> {
    let shown = organizations_out(db, std::slice::from_ref(row)).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("organisation"))
}

/// The organisations with these ids, by their ids.
pub(super) async fn organisations(
    db: &Db,
    ids: Vec<OrganisationId>,
) -> Result<BTreeMap<OrganisationId, OrganizationOut>, Refusal> {
    let rows = organisations::find_many(db, &ids).await?;
    let shown = organizations_out(db, &rows).await?;
    Ok(rows.iter().map(|row| row.id).zip(shown).collect())
}
