//! `POST /api/client-registry/register`

use aggregates::{
    registration::{WishedPermission, Wishes},
    values::{Context, Invalid, Operation, TopicFilter, Username},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pki::{Csr, CsrError, LONGEST_NAME};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::wire::PermissionIn;
use server::{
    App, ErrorBody, JsonBody, Origin, Refusal, RefusalKind, SMALL_BODY,
    registry::{Asked, Registering, SentCredential, register},
};

/// The longest name of a role for which a device may ask, in characters.
const MOST_NAME: usize = 255;

/// A device that asks to be let in.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "username": "iot.device.0123456", "password": "secret-password", "roles": ["sensors"],
    "permissions": [{"resource": "site/7/#", "operation": "write", "context": "mqtt"}], "context": "hall 3, second press"
}))]
pub(crate) struct Device {
    /// The username that the device wants, as for any user.
    #[schema(min_length = 3, max_length = 255)]
    username: String,
    /// As the password policy wants it. A device sends either a password or a signing request.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// A certificate signing request: the base64 of its PEM. Its only common name must be the username.
    #[schema(example = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K...")]
    csr: Option<String>,
    /// The names of roles for which the device asks: a suggestion.
    #[serde(default)]
    roles: Vec<String>,
    /// The permissions for which the device asks: a suggestion.
    #[serde(default)]
    permissions: Vec<PermissionIn>,
    /// What the device says about itself. Together, roles, permissions and context may have 8 KiB.
    context: Option<String>,
}

/// The device was let in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Granted {
    /// The certificate of a device that sent a signing request: the base64 of its PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

/// Asks to be let in, or whether the request was granted: the device sends the same request again until somebody has decided.
///
/// A new request needs an open registry. Whoever sends the same username and the same credential again learns at any time what became of
/// the request.
#[utoipa::path(post, path = "/api/client-registry/register", tag = "client-registry", security(()), request_body = Device, responses(
    (status = 201, description = "The device was let in", body = Granted),
    (status = 202, description = "Nobody has decided yet: send the same request again later"),
    (status = 400, description = "The request is not as it should be", body = ErrorBody),
    (status = 409, description = "The username is taken, or was registered with another credential", body = ErrorBody),
    (status = 423, description = "The registry is closed", body = ErrorBody),
    (status = 429, description = "Too many requests came from this address, or too many passwords wait to be hashed; see Retry-After", body = ErrorBody),
    (status = 503, description = "The ledger does not answer, or too many registrations are pending", body = ErrorBody)
))]
pub(crate) async fn post_register(
    State(app): State<App>,
    origin: Origin,
    body: Result<JsonBody<Device, SMALL_BODY>, Refusal>,
) -> Result<Response, Refusal> {
    let JsonBody(body) = body.map_err(too_long)?;
    let device = body.check()?;
    Ok(match register(&app, &device, &origin).await? {
        Asked::Pending => StatusCode::ACCEPTED.into_response(),
        Asked::Granted(certificate) => (StatusCode::CREATED, Json(Granted { certificate })).into_response(),
    })
}

/// A request without a credential may have 8 KiB, which is much more than a device needs.
fn too_long(refusal: Refusal) -> Refusal {
    match refusal.kind {
        RefusalKind::TooLarge => Refusal::invalid("the request of a device must be at most 8 KiB"),
        _ => refusal,
    }
}

impl Device {
    fn check(self) -> Result<Registering, Refusal> {
        let username = Username::parse(&self.username)?;
        let credential = match (self.password, self.csr) {
            (Some(password), None) => SentCredential::Password(password),
            (None, Some(text)) => SentCredential::Csr(Box::new(csr(&text, &username)?)),
            (Some(_), Some(_)) | (None, None) => {
                return Err(Refusal::invalid("a device sends either a password or a csr"));
            }
        };
        let wishes = Wishes {
            roles: self.roles,
            permissions: self.permissions.iter().map(wished).collect::<Result<_, _>>()?,
            context: self.context,
        };
        if wishes
            .roles
            .iter()
            .any(|role| role.is_empty() || role.chars().count() > MOST_NAME)
        {
            return Err(Refusal::invalid(format!(
                "roles: a name must have from 1 to {MOST_NAME} characters"
            )));
        }
        // A registration that is asked about again is judged by the same rule.
        wishes.to_text()?;
        Ok(Registering {
            username,
            credential,
            wishes,
        })
    }
}

/// A request that can lead to a certificate with this username.
fn csr(text: &str, username: &Username) -> Result<Csr, Refusal> {
    let invalid = |error: CsrError| Refusal::invalid(error.to_string());
    let csr = Csr::parse(text).map_err(invalid)?;
    csr.must_name(username).map_err(invalid)?;
    match username.chars().count() <= LONGEST_NAME {
        true => Ok(csr),
        false => Err(Refusal::invalid("csr: a certificate names at most 64 characters")),
    }
}

fn wished(sent: &PermissionIn) -> Result<WishedPermission, Invalid> {
    Ok(WishedPermission {
        resource: TopicFilter::parse(&sent.resource)?,
        operation: Operation::parse(&sent.operation)?,
        context: Context::parse(&sent.context)?,
    })
}
