//! `/auth/user`

mod get;
mod patch;
mod person;
mod post;
mod verify;

use aggregates::values::{Operation, UserId};
use serde::Serialize;
use server::{
    App, Caller, Refusal,
    nx::{Profile, administers_all},
    within,
};
use utoipa::ToSchema;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

pub(crate) use person::Person;

use crate::{FIFTEEN, FIVE, ONE, guard::ADMINISTRATION, wire::OrganisationOut};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(within(ONE, of(routes!(get::get_user))))
        .merge(within(FIVE, of(routes!(patch::patch_user))))
        .merge(within(FIVE, of(routes!(verify::get_verify))))
        .merge(within(FIFTEEN, of(routes!(post::post_user))))
}

fn of(routes: UtoipaMethodRouter<App>) -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes)
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxUser)]
pub(crate) struct UserOut {
    /// The id.
    #[serde(rename = "UUID")]
    uuid: String,
    /// The e-mail address; empty for a user without one.
    #[serde(rename = "Email")]
    email: String,
    /// The name; the username, for a user who has no other.
    #[serde(rename = "Name")]
    name: String,
    /// The organisation of which the user is a member.
    #[serde(rename = "Organisation")]
    organisation: Option<OrganisationOut>,
    /// Whether the user administers the licences of all organisations.
    #[serde(rename = "IsSuperAdmin")]
    is_super_admin: bool,
    /// The id of the user at Nx Cloud; empty, since this server knows none.
    #[serde(rename = "NxID")]
    nx_id: String,
}

impl UserOut {
    fn of(app: &App, profile: Profile) -> Self {
        Self {
            uuid: profile.user.to_string(),
            email: profile.email.unwrap_or_default(),
            name: profile.name,
            organisation: profile
                .organisation
                .map(|(id, name)| OrganisationOut::of(id, name)),
            is_super_admin: administers_all(app, profile.user),
            nx_id: String::new(),
        }
    }
}

/// The user of a path: the caller, or anybody if the caller is a super administrator. Others are refused like a user who does not exist.
fn meant(app: &App, caller: &Caller, id: &str) -> Result<UserId, Refusal> {
    caller.must_be_person()?;
    let user = UserId::parse(id)?;
    match user == caller.user || caller.may(app, Operation::Write, ADMINISTRATION) {
        true => Ok(user),
        false => Err(unknown()),
    }
}

fn unknown() -> Refusal {
    Refusal::not_found("user")
}
