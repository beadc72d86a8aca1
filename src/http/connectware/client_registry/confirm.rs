//! `POST /api/client-registry/confirm`

use aggregates::{
    Command,
    registration::RegistrationCommand,
    user::{CreateUser, UserCommand},
    values::{GrantMethod, GrantType, IdentityProvider, RoleId, UserId, Username},
};
use axum::{Json, extract::State, http::StatusCode};
use projections::user_directory;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::wire::{GrantTypeWire, PermissionIn, UserOut, grant_types, new_permissions};
use server::{
    App, ByPath, Conflicts, JsonBody, Missing, Permitted, Refusal, Refusals, Rehearse, Wrote,
    registry::{certificate_commands, pending},
    role_grants,
};

/// The device that is let in, and what it gets. It gets nothing that is not here, whatever it asked for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "username": "iot.device.0123456", "mqttPublishPrefix": "site/7",
    "grantTypes": [{"method": "password", "isRequired": false}], "roles": [],
    "initialPermissions": [{"resource": "site/7/#", "operation": "write", "context": "mqtt"}]
}))]
pub(crate) struct Confirmation {
    /// The username of a pending registration.
    username: String,
    /// Put before every topic the user publishes to.
    mqtt_publish_prefix: Option<String>,
    /// How the device may prove who it is. Absent: by the credential with which it registered.
    grant_types: Option<Vec<GrantTypeWire>>,
    /// Permissions of the device's own.
    #[serde(default)]
    #[schema(max_items = 1000)]
    initial_permissions: Vec<PermissionIn>,
    /// Role ids, not names.
    #[serde(default)]
    roles: Vec<String>,
}

/// Lets a device in: makes a user with the credential with which the device registered.
#[utoipa::path(post, path = "/api/client-registry/confirm", tag = "client-registry", request_body = Confirmation, responses(
    (status = 201, description = "The user", body = UserOut), Refusals, Missing, Conflicts
))]
pub(crate) async fn post_confirm(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<Confirmation>,
) -> Result<Wrote<(StatusCode, Json<UserOut>)>, Refusal> {
    let (id, commands) = body.commands(&app).await?;
    let appended = caller.execute(&app, commands).await?;
    let made = user_directory::find(app.ledger().db(), id, app.clock.now()).await?;
    let made = made.ok_or_else(|| Refusal::not_found("user"))?;
    Ok(Wrote(
        appended.position,
        (StatusCode::CREATED, Json(UserOut::from(&made))),
    ))
}

impl Confirmation {
    /// The commands that end the registration and make the user, as one unit.
    async fn commands(self, app: &App) -> Result<(UserId, Vec<Command>), Refusal> {
        let roles = self.roles.iter().map(|id| RoleId::parse(id));
        let roles = roles.collect::<Result<Vec<_>, _>>()?;
        let granted = self.grant_types.as_deref().map(grant_types).transpose()?;
        let permissions = new_permissions(&self.initial_permissions, app.entropy.as_ref())?;
        let roles = role_grants(app, &roles).await?;
        let (registration_id, registration) = pending(app, &self.username).await?;
        let (id, now) = (registration_id.user(), app.clock.now());
        let username = Username::parse(&registration.username)?;
        let method = match registration.csr {
            Some(_) => GrantMethod::Certificate,
            None => GrantMethod::Password,
        };
        let certificate = certificate_commands(app, &registration, (id, &username)).await?;
        let create = CreateUser {
            username,
            identity_provider: IdentityProvider::Local,
            auto_generated: false,
            mqtt_publish_prefix: self.mqtt_publish_prefix,
            grant_types: granted.unwrap_or_else(|| vec![by(method)]),
            enforce_mfa_enrollment: false,
            password_hash: registration.password_hash,
            must_change_password: false,
            roles,
            permissions,
            certificates: Vec::new(),
        };
        let mut commands = vec![
            Command::Registration(registration_id, RegistrationCommand::Confirm { now }),
            Command::User(id, UserCommand::Create(create)),
        ];
        commands.extend(certificate);
        Ok((id, commands))
    }
}

/// The method alone.
fn by(method: GrantMethod) -> GrantType {
    GrantType {
        method,
        is_required: false,
    }
}

impl Rehearse<0> for Confirmation {
    async fn rehearse(self, app: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        Ok(self.commands(app).await?.1)
    }
}
