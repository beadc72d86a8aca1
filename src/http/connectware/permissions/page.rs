//! `GET /api/permissions/page`

use aggregates::values::{PermissionId, coiote::written};
use axum::{Json, extract::State, response::Response};
use projections::permission_usage::{self, ResourceRow, UsageRow};
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, Asks, ByPath, FreshAtStart, Pagination, Query, Refusal, Refusals, page_of};

/// The names of the parameter with the ids (contracts/connectware.md section 2).
const IDS: [&str; 4] = ["ids", "id", "permissionIds", "id[eq]"];
/// The most ids in one request.
const MOST_IDS: usize = 1_000;

/// A page of what permissions are about.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionPage {
    permissions: Vec<ResourceUsage>,
    pagination: Pagination,
}

/// A resource and who may do what to it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceUsage {
    #[schema(example = "/api/users/#")]
    resource: String,
    #[schema(example = "http")]
    context: &'static str,
    /// At most 100 uses.
    usage: Vec<Usage>,
    /// There are more uses: `GET /api/permissions/usage` shows them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    more_usage: bool,
    /// If there are more uses: what to pass as `next` to see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_usage: Option<i64>,
}

/// A role that has a permission on a resource.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    role_name: String,
    #[schema(format = "uuid")]
    role_id: String,
    is_role_shared: bool,
    /// The one user who holds a role that is not shared; else `null`.
    username: Option<String>,
    #[schema(format = "uuid")]
    user_id: Option<String>,
    #[schema(example = "read")]
    operation: &'static str,
}

impl From<&ResourceRow> for ResourceUsage {
    fn from(row: &ResourceRow) -> Self {
        let (context, resource) = written(row.context, &row.resource);
        Self {
            resource: resource.into_owned(),
            context,
            usage: row.usage.iter().map(Usage::from).collect(),
            more_usage: row.next_usage.is_some(),
            next_usage: row.next_usage,
        }
    }
}

impl From<&UsageRow> for Usage {
    fn from(row: &UsageRow) -> Self {
        Self {
            role_name: row.role_name.clone(),
            role_id: row.role_id.to_string(),
            is_role_shared: row.is_role_shared,
            username: row.username.clone(),
            user_id: row.user_id.map(|id| id.to_string()),
            operation: row.operation.as_str(),
        }
    }
}

/// What permissions are about, with the roles that have them, a page at a time.
#[utoipa::path(get, path = "/api/permissions/page", tag = "permissions",
    params(
        ("rowsPerPage" = Option<i64>, Query, minimum = 1, maximum = 100, description = "1 to 100; default 100", example = 10),
        ("pageNumber" = Option<i64>, Query, minimum = 1, description = "From 1; default 1", example = 1),
        ("ids" = Option<Vec<String>>, Query, max_items = 1000, description = "Only what these permissions are about")
    ),
    responses((status = 200, description = "A page; empty past the last one", body = PermissionPage), Refusals))]
pub(crate) async fn get_permissions_page(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let page = page_of(&query)?;
    let ids = ids(&query)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let read = permission_usage::page(app.ledger().db(), &page, ids.as_deref()).await?;
        Ok(Json(PermissionPage {
            permissions: read.rows.iter().map(ResourceUsage::from).collect(),
            pagination: Pagination::of(&page, &read),
        }))
    });
    read.await
}

/// The permissions that a query names, if it names any.
pub(super) fn ids(query: &Query) -> Result<Option<Vec<PermissionId>>, Refusal> {
    let ids = IDS
        .iter()
        .flat_map(|name| query.all(name))
        .map(PermissionId::parse)
        .collect::<Result<Vec<_>, _>>()?;
    if ids.len() > MOST_IDS {
        return Err(Refusal::invalid(format!("at most {MOST_IDS} ids may be named")));
    }
    Ok((!ids.is_empty()).then_some(ids))
}
