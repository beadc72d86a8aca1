//! `/api/v1/api-key`

mod delete;
mod get;
mod list;
mod post;
mod put;

use std::collections::BTreeSet;

use aggregates::values::{ApiKeyId, GroupId, Ordinal, Timestamp, Title};
use projections::api_keys;
use server::{App, Refusal};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    fields::{Fields, FromFields},
    wire::{ApiKeyOut, Seen, api_keys_out},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_api_keys))
        .routes(routes!(post::post_api_key))
        .routes(routes!(get::get_api_key))
        .routes(routes!(put::put_api_key))
        .routes(routes!(delete::delete_api_key))
}

/// A key to issue or to change.
#[derive(ToSchema)]
#[schema(as = Os2iotNewApiKey, rename_all = "camelCase")]
pub(crate) struct ApiKeyIn {
    /// 2 to 50 characters.
    #[schema(value_type = String, example = "Dashboard")]
    pub(crate) name: Option<Title>,
    /// The numbers of the user groups whose rights the key has: at least one.
    #[schema(value_type = Vec<u32>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
    /// When the key expires. Without it, the key never does.
    #[schema(value_type = Option<String>)]
    pub(crate) expires_on: Option<Option<Timestamp>>,
}

impl FromFields for ApiKeyIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.title("name", true, 2, 50),
            permission_ids: fields.ordinals("permissionIds", true),
            expires_on: fields.moment("expiresOn"),
        }
    }
}

impl ApiKeyIn {
    pub(crate) fn groups(&self) -> BTreeSet<GroupId> {
        let ids = self.permission_ids.iter().flatten();
        ids.copied().map(GroupId::of).collect()
    }
}

/// A key as it is now, with its groups as far as these are seen.
async fn shown(app: &App, id: ApiKeyId, seen: &Seen) -> Result<ApiKeyOut, Refusal> {
    let found = api_keys::find(app.ledger().db(), id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("API key"))?;
    let shown = api_keys_out(app, &[found], seen).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("API key"))
}
