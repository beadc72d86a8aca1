//! API keys as answers show them.

use std::collections::BTreeSet;

use aggregates::values::{ApiKeyId, GroupId, Timestamp};
use projections::{api_keys, api_keys::ApiKeyRow, sql::Db};
use serde::Serialize;
use server::{
    Refusal,
    organisations::{Issued, NewKey},
};
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
    key: Option<String>,
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

/// What is shown of a key that is to be issued. All of it is read before: afterwards only the answer has the key, so nothing may fail then.
pub(crate) struct ToIssue {
    name: String,
    expires_on: Option<Timestamp>,
    permissions: Vec<GroupOut>,
}

impl ToIssue {
    /// Reads what is shown of the groups.
    pub(crate) async fn read(db: &Db, new: &NewKey, seen: &Seen) -> Result<Self, Refusal> {
        let groups: &BTreeSet<GroupId> = &new.groups;
        let shown = seen_groups(db, groups, seen).await?;
        Ok(Self {
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
            permissions: self.permissions,
            system_user: SystemUserOut {
                id: issued.system_user.ordinal().get(),
                name: self.name,
                is_system_user: true,
                active: false,
            },
            created_at: time(at),
            updated_at: time(at),
        }
    }
}
