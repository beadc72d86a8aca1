//! `PATCH /auth/user/{uuid}`

use aggregates::{nx_account::ChangeNxAccount, values::Title};
use axum::{Json, extract::State};
use serde::{Deserialize, Deserializer};
use server::{
    App, Caller, JsonBody, PathOf, Refusal, SMALL_BODY, Wrote,
    nx::{change, profile},
};
use utoipa::ToSchema;

use super::{UserOut, meant, unknown};

/// How many characters a name has at most.
pub(super) const LONGEST: usize = 200;

/// What to change of a user. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxUserChange)]
pub(crate) struct UserChange {
    /// The new name: at most 200 characters.
    #[serde(rename = "Name")]
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Whether the user wants the newsletter.
    #[serde(rename = "Newsletter")]
    newsletter: Option<bool>,
    /// The new phone number: at most 200 characters. `null` is none.
    #[serde(rename = "PhoneNumber", default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone: Option<Option<String>>,
}

/// A member that is there, even if it is `null`.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl UserChange {
    fn parsed(self) -> Result<ChangeNxAccount, Refusal> {
        let title = |what, field, text: &str| {
            let title = Title::parse_within(what, text, 1, LONGEST);
            title.map_err(|invalid| Refusal::from(invalid).in_field(field))
        };
        let name = self.name.as_deref().map(|text| title("Name", "Name", text));
        let phone = |text: Option<String>| {
            let text = text.filter(|text| !text.is_empty());
            text.map(|text| title("PhoneNumber", "PhoneNumber", &text))
                .transpose()
        };
        Ok(ChangeNxAccount {
            name: name.transpose()?,
            phone: self.phone.map(phone).transpose()?,
            newsletter: self.newsletter,
        })
    }
}

/// Changes the caller, or any user if the caller is a super administrator.
#[utoipa::path(patch, operation_id = "nx_patch_user", path = "/auth/user/{uuid}", tag = "nx", request_body = UserChange,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserOut), (status = 404, description = "There is no such user, or the caller may not change them")))]
pub(crate) async fn patch_user(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<UserChange, SMALL_BODY>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let user = meant(&app, &caller, &id)?;
    let parsed = body.parsed()?;
    profile(&app, user).await?.ok_or_else(unknown)?;
    let changed = change(&app, &caller, user, parsed).await?;
    let found = profile(&app, user).await?.ok_or_else(unknown)?;
    Ok(Wrote(changed.position, Json(UserOut::of(&app, found))))
}
