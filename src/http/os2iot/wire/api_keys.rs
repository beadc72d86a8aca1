//! API keys as answers show them.

use aggregates::values::ApiKeyId;
use projections::{api_keys, api_keys::ApiKeyRow, sql::Db};
use serde::Serialize;
use server::Refusal;
use utoipa::ToSchema;

use super::{GroupOut, Seen, seen_groups, those, time};

/// An API key. Only the answer that issues it has the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotApiKey)]
pub(crate) struct ApiKeyOut {
    id: u32,
    /// The key. It is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) key: Option<String>,
    /// The first characters of the key.
    prefix: String,
    name: String,
    expires_on: Option<String>,
    permissions: Vec<GroupOut>,
    system_user: SystemUserOut,
    created_at: String,
    updated_at: String,
}

/// The author of what a key does.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotSystemUser)]
pub(crate) struct SystemUserOut {
    id: u32,
    name: String,
    is_system_user: bool,
    active: bool,
}

/// API keys with their groups, as far as these are seen.
pub(crate) async fn api_keys_out(
    db: &Db,
    rows: &[ApiKeyRow],
    seen: &Seen,
) -> Result<Vec<ApiKeyOut>, Refusal> {
    let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.id).collect();
    let of_keys = api_keys::groups_of(db, &ids).await?;
    let groups = seen_groups(db, of_keys.values().flatten(), seen).await?;
    let shown = rows.iter().map(|row| ApiKeyOut {
        id: row.id.ordinal().get(),
        key: None,
        prefix: row.prefix.clone(),
        name: row.name.clone(),
        expires_on: row.expires_at.map(time),
        permissions: those(of_keys.get(&row.id), &groups),
        system_user: SystemUserOut {
            id: row.system_user.ordinal().get(),
            name: row.name.clone(),
            is_system_user: true,
            active: false,
        },
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
    });
    Ok(shown.collect())
}
