//! `PUT /api/users/{id}`

use std::sync::Arc;

use aggregates::{
    Command,
    user::{UpdateUser, UserCommand},
    values::{IdentityProvider, Invalid, PasswordHash, RoleId, UserId, Username},
};
use axum::{Json, extract::State};
use projections::user_directory;
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::new_user::UNHASHED;
use crate::wire::{GrantTypeWire, PermissionIn, UserOut, grant_types, permissions, present};
use server::{
    App, ByPath, Conflicts, JsonBody, Missing, PathOf, Permitted, Refusal, Refusals, Rehearse, Wrote,
    identity::passwords::rules::NewPassword, role_grants,
};

/// What to change; absent fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"mqttPublishPrefix": "plant/7", "enforceMFAEnrollment": false}))]
pub(crate) struct UserChange {
    /// By the same rules as for a new user; an older name that breaks them may stay.
    username: Option<String>,
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// `null` or empty takes the prefix away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    mqtt_publish_prefix: Option<Option<String>>,
    identity_provider: Option<String>,
    grant_types: Option<Vec<GrantTypeWire>>,
    /// Role ids, not names: exactly these.
    roles: Option<Vec<String>>,
    /// The user's own permissions: exactly these.
    #[schema(max_items = 1000)]
    permissions: Option<Vec<PermissionIn>>,
    /// `true` switches the user's second factor off, lifts a ban because of wrong codes, and ends the user's sessions.
    disable_mfa: Option<bool>,
    #[serde(rename = "enforceMFAEnrollment")]
    enforce_mfa_enrollment: Option<bool>,
    /// Whether the user must change their password before anything else. A new password ends this, unless the same request demands it.
    must_change_password: Option<bool>,
}

/// Changes a user.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, format = "uuid", description = "Id of the user")), request_body = UserChange,
    responses((status = 200, description = "The user", body = UserOut), Refusals, Missing, Conflicts))]
pub(crate) async fn put_user(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<UserChange>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let mut change = body.check(&app, &id).await?;
    let password = change.password();
    let (id, mut commands) = change.commands(password.as_ref().map(|_| PasswordHash::new(UNHASHED)));
    if let Some(password) = password {
        // Hashing takes by far the most time, so everything else is refused before.
        caller.rehearse(&app, &commands, |_| None::<&str>).await?;
        let hash = caller.hash(&app, password).await?;
        if let Some(Command::User(_, UserCommand::Update(update))) = commands.last_mut() {
            update.password_hash = Some(hash);
        }
    }
    let appended = caller.execute(&app, commands).await?;
    let changed = user_directory::find(app.ledger().db(), id, app.clock.now()).await?;
    let changed = changed.ok_or_else(|| Refusal::not_found("user"))?;
    Ok(Wrote(appended.position, Json(UserOut::from(&changed))))
}

/// A change. Everything is checked that can be checked without hashing the password.
pub(crate) struct Checked {
    id: UserId,
    /// What must happen before the change.
    before: Vec<Command>,
    update: UpdateUser,
    password: Option<NewPassword>,
}

impl UserChange {
    /// Checks everything that is cheap to check.
    pub(crate) async fn check(self, app: &App, id: &str) -> Result<Checked, Refusal> {
        let id = UserId::parse(id)?;
        let rules = Arc::clone(&app.live().password_rules);
        let now = app.ledger().authorization().user(id);
        let names = now.as_ref().map(|user| &*user.username);
        let names: Vec<&str> = names.into_iter().chain(self.username.as_deref()).collect();
        let password = self
            .password
            .map(|password| rules.propose(&password, &names))
            .transpose()?;
        if let Some(name) = &self.username {
            may_be_sent(app, id, name)?;
        }
        let roles = match self.roles {
            None => None,
            Some(ids) => {
                let ids = ids
                    .iter()
                    .map(|id| RoleId::parse(id))
                    .collect::<Result<Vec<_>, _>>()?;
                // If a client sends back the user as it was shown, the list includes the role of the user's own
                // permissions.
                let ids: Vec<_> = ids.into_iter().filter(|role| *role != id.own_role()).collect();
                Some(role_grants(app, &ids).await?)
            }
        };
        let update = UpdateUser {
            username: self.username,
            mqtt_publish_prefix: self.mqtt_publish_prefix,
            identity_provider: self
                .identity_provider
                .as_deref()
                .map(IdentityProvider::parse)
                .transpose()?,
            grant_types: self.grant_types.as_deref().map(grant_types).transpose()?,
            enforce_mfa_enrollment: self.enforce_mfa_enrollment,
            disable_second_factor: self.disable_mfa.unwrap_or_default(),
            password_hash: None,
            must_change_password: self.must_change_password,
            roles,
            permissions: self
                .permissions
                .as_deref()
                .map(|sent| permissions(sent, app.entropy.as_ref()))
                .transpose()?,
        };
        if !app.user_exists(id).await? {
            return Err(Refusal::not_found("user"));
        }
        let is_renamed = match (&now, &update.username) {
            (Some(now), Some(name)) => *now.username != **name,
            (None, _) | (_, None) => false,
        };
        // Certificates that have expired for good do not keep the user from being renamed.
        let before = match is_renamed {
            true => {
                app.issuing()
                    .ends_of_expired(id, app.settings.certificate_grace_days)
                    .await?
            }
            false => Vec::new(),
        };
        Ok(Checked {
            id,
            before,
            update,
            password,
        })
    }
}

/// Refuses a username that breaks a rule, before a password is hashed. The command makes the same decision on the newest state.
fn may_be_sent(app: &App, id: UserId, name: &str) -> Result<(), Invalid> {
    match app.ledger().authorization().user(id) {
        Some(user) => Username::another(&user.username, name).map(drop),
        None => Username::parse(name).map(drop),
    }
}

impl Rehearse<1> for UserChange {
    async fn rehearse(self, app: &App, [id]: [&str; 1]) -> Result<Vec<Command>, Refusal> {
        let mut change = self.check(app, id).await?;
        let hash = change.password().map(|_| PasswordHash::new(UNHASHED));
        Ok(change.commands(hash).1)
    }
}

impl Checked {
    /// Takes the password, which must be hashed.
    pub(crate) fn password(&mut self) -> Option<NewPassword> {
        self.password.take()
    }

    /// The commands that change the user. The last one has the change itself.
    pub(crate) fn commands(mut self, password_hash: Option<PasswordHash>) -> (UserId, Vec<Command>) {
        self.update.password_hash = password_hash;
        let command = Command::User(self.id, UserCommand::Update(self.update));
        self.before.push(command);
        (self.id, self.before)
    }
}
