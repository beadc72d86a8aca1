//! API keys as answers show them.

use aggregates::values::{ApiKeyId, Timestamp, UserId};
use projections::{api_keys, api_keys::ApiKeyRow, sql::Db};
use serde::Serialize;
use server::{
    App, Refusal,
    organisations::{Issued, NewKey},
};
use utoipa::ToSchema;

use super::{GroupOut, Seen, authors::Authors, seen_groups, those, time};

/// An API key. Only the answer that issues it has the key itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotApiKey)]
pub(crate) struct ApiKeyOut {
    id: u32,
    /// The key. It is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    key: Option<String>,
    /// The first characters of the key.
    prefix: String,
    name: String,
    expires_on: Option<String>,
    /// When a request came with the key last. What other nodes have seen may be missing for a minute.
    last_used_at: Option<String>,
    permissions: Vec<GroupOut>,
    system_user: SystemUserOut,
    created_at: String,
    updated_at: String,
    /// The number of the user, or of the system user of the API key, who issued it; null for the server.
    created_by: Option<u32>,
    /// The number of who changed it last.
    updated_by: Option<u32>,
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
    app: &App,
    rows: &[ApiKeyRow],
    seen: &Seen,
) -> Result<Vec<ApiKeyOut>, Refusal> {
    let db = app.ledger().db();
    let ids: Vec<ApiKeyId> = rows.iter().map(|row| row.id).collect();
    let of_keys = api_keys::groups_of(db, &ids).await?;
    let groups = seen_groups(db, of_keys.values().flatten(), seen).await?;
    let authors = Authors::read(db, rows.iter().flat_map(|row| [row.created_by, row.updated_by])).await?;
    let uses = app.ledger().key_uses().of(&ids).await?;
    let shown = rows.iter().map(|row| ApiKeyOut {
        id: row.id.ordinal().get(),
        key: None,
        prefix: row.prefix.clone(),
        name: row.name.clone(),
        expires_on: row.expires_at.map(time),
        last_used_at: uses.get(&row.id).copied().map(time),
        permissions: those(of_keys.get(&row.id), &groups),
        system_user: SystemUserOut {
            id: row.system_user.ordinal().get(),
            name: row.name.clone(),
            is_system_user: true,
            active: false,
        },
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        created_by: authors.number(row.created_by),
        updated_by: authors.number(row.updated_by),
    });
    Ok(shown.collect())
}

/// What is shown of a key that is to be issued. All of it is read before: afterwards only the answer has the key, so nothing may fail then.
pub(crate) struct ToIssue {
    name: String,
    expires_on: Option<Timestamp>,
    permissions: Vec<GroupOut>,
    by: Option<u32>,
}

impl ToIssue {
    /// Reads what is shown of the groups, and of whoever issues the key.
    pub(crate) async fn read(db: &Db, new: &NewKey, seen: &Seen, by: UserId) -> Result<Self, Refusal> {
        let shown = seen_groups(db, &new.groups, seen).await?;
        Ok(Self {
            by: Authors::read(db, [Some(by)]).await?.number(Some(by)),
            name: new.name.to_string(),
            expires_on: new.expires_at,
            permissions: shown.into_values().collect(),
        })
    }

    /// The key with its secret, once it is issued.
    pub(crate) fn issued(self, issued: &Issued, at: Timestamp) -> ApiKeyOut {
        ApiKeyOut {
            id: issued.id.ordinal().get(),
            key: Some(issued.secret.to_string()),
            prefix: issued.prefix.clone(),
            name: self.name.clone(),
            expires_on: self.expires_on.map(time),
            last_used_at: None,
            permissions: self.permissions,
            system_user: SystemUserOut {
                id: issued.system_user.ordinal().get(),
                name: self.name,
                is_system_user: true,
                active: false,
            },
            created_at: time(at),
            updated_at: time(at),
            created_by: self.by,
            updated_by: self.by,
        }
    }
}
