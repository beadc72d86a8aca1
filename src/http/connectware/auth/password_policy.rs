//! `GET /api/auth/password-policy`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, identity::passwords::policy::PasswordPolicy};

/// The rules for passwords: the least numbers of characters. 0 means that there is no such rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PasswordPolicy, example = json!({"min": 5, "lower": 0, "upper": 0, "numeric": 0, "symbol": 0}))]
pub(crate) struct PolicyOut {
    /// In all.
    min: u16,
    /// Lower-case letters.
    lower: u16,
    /// Upper-case letters.
    upper: u16,
    /// Digits and other numeric characters.
    numeric: u16,
    /// Characters that are neither letters nor numeric.
    symbol: u16,
}

impl From<PasswordPolicy> for PolicyOut {
    fn from(policy: PasswordPolicy) -> Self {
        let PasswordPolicy {
            min,
            lower,
            upper,
            numeric,
            symbol,
        } = policy;
        Self {
            min,
            lower,
            upper,
            numeric,
            symbol,
        }
    }
}

/// The rules for passwords. A page can show them before somebody chooses a password.
#[utoipa::path(get, path = "/api/auth/password-policy", tag = "login", security(()), responses(
    (status = 200, description = "The rules", body = PolicyOut)
))]
pub(crate) async fn get_password_policy(State(app): State<App>) -> Json<PolicyOut> {
    Json(app.live().password_rules.policy.into())
}
