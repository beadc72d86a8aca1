//! The shapes of this face (contracts/connectware.md section 1), as they are received and sent.

use aggregates::values::{
    Certificate, Fingerprint, GrantMethod, GrantType, Invalid, Operation, Permission, PermissionId, Timestamp,
};
use projections::{role_directory::RoleRow, sessions::SessionRow, user_directory::UserRow};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use ledger::ids::Entropy;

/// A permission as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct PermissionOut {
    /// UUID.
    #[schema(example = "5b9a3f0e-8d0b-4d3c-9b0e-2f6f6f4f9a11")]
    #[schema(format = "uuid")]
    id: String,
    /// A URL path (`http`) or an MQTT topic (`mqtt`); `+` is one level, `#` the rest. In `coiote` a method and a template, such as
    /// `GET devices/{id}`; in `domain` a domain such as `/a/b/`, or a tree such as `/a/#`.
    #[schema(example = "/api/users/#")]
    resource: String,
    /// `read`, `write` or `readWrite`.
    #[schema(example = "readWrite")]
    operation: &'static str,
    /// `http`, `mqtt`, `coiote` or `domain`.
    #[schema(example = "http")]
    context: &'static str,
}

impl From<&Permission> for PermissionOut {
    fn from(permission: &Permission) -> Self {
        let (context, resource) = permission.written();
        Self {
            id: permission.id.to_string(),
            resource: resource.into_owned(),
            operation: permission.operation.as_str(),
            context,
        }
    }
}

/// A permission as it is sent. An `id` in it is passed over: ids are the server's to give.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPermission, example = json!({"resource": "/api/users/#", "operation": "read", "context": "http"}))]
pub(crate) struct PermissionIn {
    /// A pattern: `+` is one level, `#` the rest. To let somebody subscribe to `$share/{group}/{filter}`, grant `{filter}`.
    pub(crate) resource: String,
    pub(crate) operation: String,
    pub(crate) context: String,
}

impl PermissionIn {
    /// The permission with a new id. Ids that clients send are ignored, since the server gives the ids.
    pub(crate) fn parse(&self, entropy: &dyn Entropy) -> Result<Permission, Invalid> {
        let id = PermissionId(entropy.uuid());
        let operation = Operation::parse(&self.operation)?;
        Permission::parse(id, &self.resource, operation, &self.context)
    }
}

/// The most permissions or certificates that one request may give to one user or role. Other writes wait meanwhile.
pub(crate) const MOST_AT_ONCE: usize = 1_000;

/// All permissions of a list.
pub(crate) fn permissions(sent: &[PermissionIn], entropy: &dyn Entropy) -> Result<Vec<Permission>, Invalid> {
    if sent.len() > MOST_AT_ONCE {
        return Err(Invalid {
            what: "permissions",
            rule: "must be at most 1000 in one request",
        });
    }
    sent.iter().map(|permission| permission.parse(entropy)).collect()
}

/// All permissions of a new user or role. A permission that an existing user or role already has may break a rule, since it may be
/// older than the rule; a new one may not.
pub(crate) fn new_permissions(
    sent: &[PermissionIn],
    entropy: &dyn Entropy,
) -> Result<Vec<Permission>, Invalid> {
    let permissions = permissions(sent, entropy)?;
    permissions.iter().try_for_each(Permission::must_be_of_use)?;
    Ok(permissions)
}

/// A role as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub(crate) struct RoleOut {
    /// UUID.
    #[schema(example = "6d756e69-6d65-4e74-8000-000000000001")]
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "connectware-admin")]
    name: String,
    /// Whether several users may hold it.
    is_shared: bool,
    /// All permissions; in a page of users at most 100 of each role.
    permissions: Vec<PermissionOut>,
    /// Whether there are more permissions: `GET /api/roles/{id}/permissions` shows all. Only there if so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    more_permissions: bool,
}

impl From<&RoleRow> for RoleOut {
    fn from(role: &RoleRow) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.clone(),
            is_shared: role.is_shared,
            permissions: role.permissions.iter().map(PermissionOut::from).collect(),
            more_permissions: role.more_permissions,
        }
    }
}

/// A way of proving who one is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GrantType)]
pub(crate) struct GrantTypeWire {
    /// `password`, `certificate` or `token`.
    #[schema(example = "password")]
    method: String,
    /// A required method must be satisfied besides any other.
    #[serde(default)]
    is_required: bool,
}

impl From<&GrantType> for GrantTypeWire {
    fn from(grant: &GrantType) -> Self {
        Self {
            method: grant.method.as_str().to_owned(),
            is_required: grant.is_required,
        }
    }
}

/// All grant types of a list.
pub(crate) fn grant_types(sent: &[GrantTypeWire]) -> Result<Vec<GrantType>, Invalid> {
    sent.iter()
        .map(|grant| {
            Ok(GrantType {
                method: GrantMethod::parse(&grant.method)?,
                is_required: grant.is_required,
            })
        })
        .collect()
}

/// A token as it is listed; never the token itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(crate) struct TokenOut {
    /// SHA-256 of the token, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    fingerprint: String,
    #[schema(example = "2026-01-31T12:00:00.000Z")]
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(example = "2026-02-01T12:00:00.000Z")]
    #[schema(format = "date-time")]
    expires_at: String,
    #[schema(example = "my laptop")]
    label: String,
}

impl From<&SessionRow> for TokenOut {
    fn from(session: &SessionRow) -> Self {
        Self {
            fingerprint: session.fingerprint.to_string(),
            created_at: session.issued_at.to_millis_string(),
            expires_at: session.expires_at.to_millis_string(),
            label: session.label.clone(),
        }
    }
}

/// A certificate a user may present.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserCertificate)]
pub(crate) struct CertificateOut {
    /// SHA-256 or SHA-1 of its DER form, in hexadecimal.
    fingerprint: String,
    #[schema(format = "date-time")]
    created_at: String,
    /// `null` if it is not known.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
}

impl From<&Certificate> for CertificateOut {
    fn from(certificate: &Certificate) -> Self {
        Self {
            fingerprint: certificate.fingerprint.to_string(),
            created_at: certificate.created_at.to_millis_string(),
            expires_at: certificate.expires_at.map(Timestamp::to_millis_string),
        }
    }
}

/// A certificate as it is sent with a new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewUserCertificate)]
pub(crate) struct CertificateIn {
    fingerprint: String,
    /// RFC 3339; absent means now.
    #[schema(format = "date-time")]
    created_at: Option<String>,
    /// RFC 3339.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
}

impl CertificateIn {
    /// The certificate. If it has no beginning, it begins at `now`.
    pub(crate) fn parse(&self, now: Timestamp) -> Result<Certificate, Invalid> {
        Ok(Certificate {
            fingerprint: Fingerprint::parse(&self.fingerprint)?,
            created_at: self.created_at.as_deref().map_or(Ok(now), Timestamp::parse)?,
            expires_at: self.expires_at.as_deref().map(Timestamp::parse).transpose()?,
        })
    }
}

/// A user as it is shown. `mfa_is_enrolled` alone is in snake case (contracts/connectware.md section 1, "User").
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserOut {
    /// UUID.
    #[schema(example = "0a0b0c0d-0000-4000-8000-000000000001")]
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "iot.device.0123456")]
    username: String,
    auto_generated: bool,
    mqtt_publish_prefix: Option<String>,
    /// `local`, `ldap` or `msEntraId`.
    #[schema(example = "local")]
    identity_provider: &'static str,
    grant_types: Vec<GrantTypeWire>,
    tokens: Vec<TokenOut>,
    certificates: Vec<CertificateOut>,
    roles: Vec<RoleOut>,
    #[serde(rename = "mfa_is_enrolled")]
    mfa_is_enrolled: bool,
    #[serde(rename = "enforceMFAEnrollment")]
    enforce_mfa_enrollment: bool,
}

impl From<&UserRow> for UserOut {
    fn from(user: &UserRow) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            auto_generated: user.auto_generated,
            mqtt_publish_prefix: user.mqtt_publish_prefix.clone(),
            identity_provider: user.identity_provider.as_str(),
            grant_types: user.grant_types.iter().map(GrantTypeWire::from).collect(),
            tokens: user.tokens.iter().map(TokenOut::from).collect(),
            certificates: user.certificates.iter().map(CertificateOut::from).collect(),
            roles: user
                .roles
                .iter()
                .map(|role| RoleOut::from(role.as_ref()))
                .collect(),
            mfa_is_enrolled: user.has_second_factor,
            enforce_mfa_enrollment: user.enforce_mfa_enrollment,
        }
    }
}

/// Distinguishes an absent field (`None`) from one that is `null` (`Some(None)`).
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
