//! `/api/mfa`: the caller's second factor.

mod disable;
mod enable;
mod login;
mod qr;
mod regenerate;
mod validate;

use serde::{Deserialize, Serialize};
use server::{
    App, Refusal, Wrote,
    identity::second_factor::{BackupCodes, Typed},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enable::post_enable))
        .routes(routes!(validate::post_validate))
        .routes(routes!(login::post_mfa_login))
        .routes(routes!(disable::post_disable))
        .routes(routes!(regenerate::post_backup_codes))
}

/// A code: exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"otp": "287082"}))]
pub(crate) struct CodeIn {
    /// The six digits that the user's device shows.
    #[schema(value_type = Option<String>)]
    otp: Option<Zeroizing<String>>,
    /// A back-up code that was not used before. Hyphens, spaces and upper case do not matter.
    #[schema(value_type = Option<String>)]
    backup_code: Option<Zeroizing<String>>,
}

impl CodeIn {
    fn typed(self) -> Result<Typed, Refusal> {
        typed(self.otp, self.backup_code)
    }
}

/// The code that was sent in one of two fields.
fn typed(otp: Option<Zeroizing<String>>, backup_code: Option<Zeroizing<String>>) -> Result<Typed, Refusal> {
    let [otp, backup_code] = [&otp, &backup_code].map(|code| code.as_ref().map(|code| code.as_str()));
    Ok(Typed::of(otp, backup_code)?)
}

/// Back-up codes. Each can take the place of the device once. They are shown only now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"backupCodes": ["mzxw-6ytb-oiqd-emzt"]}))]
pub(crate) struct BackupCodesOut {
    backup_codes: Vec<String>,
}

/// The answer with new back-up codes.
pub(crate) fn backup_codes(Wrote(position, codes): Wrote<BackupCodes>) -> Wrote<axum::Json<BackupCodesOut>> {
    let backup_codes = codes.texts().into_iter().map(str::to_owned).collect();
    Wrote(position, axum::Json(BackupCodesOut { backup_codes }))
}
