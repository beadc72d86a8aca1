//! `POST /auth/admin/licenses`

use aggregates::{
    licence::LicenceKey,
    values::{AgreementId, OrganisationId, Timestamp},
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use server::{
    App, ByPath, JsonBody, Permitted, Refusal, Wrote,
    licences::{NewLicence, agreement_with, issue},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    message::Message,
    wire::{AdminLicenseOut, admin_license_out, providers},
};

/// A licence to issue.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxNewLicense)]
pub(crate) struct NewLicense {
    /// The agreement.
    #[serde(rename = "AgreementUUID")]
    agreement: String,
    /// The organisation that owns it.
    #[serde(rename = "OrganisationUUID")]
    organisation: String,
    /// The key: 4 to 64 ASCII letters, digits, `.`, `_` and `-`. Without it, the server draws one.
    #[serde(rename = "LicenseKey")]
    #[schema(example = "7N42C-Q0X9K-M3ZJ8-D5WTY-1VRBH")]
    license_key: Option<String>,
    /// When it begins to be valid. Without it, now.
    #[serde(rename = "StartsAt")]
    #[schema(example = "2026-01-01T00:00:00Z")]
    starts_at: Option<String>,
    /// When it expires. Without it, never.
    #[serde(rename = "ExpiresAt")]
    #[schema(example = "2027-01-01T00:00:00Z")]
    expires_at: Option<String>,
    /// Until when it is paid.
    #[serde(rename = "PaidUntilAt")]
    #[schema(example = "2026-02-01T00:00:00Z")]
    paid_until_at: Option<String>,
    /// The price of a month, in the smallest unit of the currency. Without it, 0.
    #[serde(rename = "AmountPerMonth")]
    amount_per_month: Option<u32>,
    /// The discount on the price, in basis points: at most 10,000. Without it, 0.
    #[serde(rename = "DiscountBP")]
    discount_bp: Option<u32>,
    /// What it is for, in a catalogue: at most 1,000 UUIDs.
    #[serde(rename = "CatalogueUUIDs")]
    catalogue: Option<Vec<String>>,
    /// How many devices may use it: at most 1,000,000. Without it, 1.
    #[serde(rename = "Seats")]
    seats: Option<u32>,
}

impl NewLicense {
    /// The agreement, and the terms.
    fn parsed(self) -> Result<(AgreementId, NewLicence), Refusal> {
        let time = |text: Option<String>| text.as_deref().map(Timestamp::parse).transpose();
        let catalogue = self.catalogue.unwrap_or_default();
        let uuid = |text: &String| {
            let found = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
            found.ok_or_else(|| Refusal::invalid("CatalogueUUIDs must be UUIDs"))
        };
        let license_key = self.license_key.as_deref().map(LicenceKey::parse);
        let agreement = AgreementId::parse(&self.agreement)?;
        let new = NewLicence {
            organisation: OrganisationId::parse(&self.organisation)?,
            licence_key: license_key.transpose()?,
            starts_at: time(self.starts_at)?,
            expires_at: time(self.expires_at)?,
            paid_until_at: time(self.paid_until_at)?,
            amount_per_month: self.amount_per_month.unwrap_or(0),
            discount_bp: self.discount_bp.unwrap_or(0),
            catalogue: catalogue.iter().map(uuid).collect::<Result<_, _>>()?,
            seats: self.seats.unwrap_or(1),
        };
        Ok((agreement, new))
    }
}

/// Issues a licence. Its terms never change: other terms are another licence.
#[utoipa::path(post, operation_id = "nx_post_license", path = "/auth/admin/licenses", tag = "nx", request_body = NewLicense, responses(
    (status = 201, description = "The licence", body = AdminLicenseOut),
    (status = 404, description = "`unknown_agreement` or `unknown_organisation`", body = Message),
    (status = 409, description = "`licence_key_taken`: another licence has this key", body = Message)
))]
pub(crate) async fn post_license(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewLicense>,
) -> Result<Wrote<(StatusCode, Json<AdminLicenseOut>)>, Refusal> {
    let (agreement, new) = body.parsed()?;
    // Everything that the answer shows is read before: after the append, nothing may fail.
    let agreement = agreement_with(&app, agreement).await?;
    let providers = providers(&app, agreement.provider.into_iter().collect()).await?;
    let (made, appended) = issue(&app, &caller, agreement, new).await?;
    let shown = admin_license_out(&made, &providers, app.clock.now());
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(shown))))
}
