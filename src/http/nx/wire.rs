//! Wire shapes that several endpoints share (contracts/nx.md section 4).

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{OrganisationId, Timestamp, UserId};
use projections::{
    licences::{AgreementRow, LicenceRow, LicenceStanding},
    organisations,
};
use serde::Serialize;
use server::{App, Refusal};
use utoipa::ToSchema;

/// An agreement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxAgreement)]
pub(crate) struct AgreementOut {
    /// The id.
    #[serde(rename = "UUID")]
    uuid: String,
    /// The name.
    #[serde(rename = "Name")]
    name: String,
    /// The kind.
    #[serde(rename = "Kind")]
    kind: String,
    /// What it provides.
    #[serde(rename = "Provides")]
    provides: Vec<String>,
    /// When it was published.
    #[serde(rename = "PublishedAt")]
    published_at: Option<String>,
}

/// An organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NxOrganisation)]
pub(crate) struct OrganisationOut {
    /// The id.
    #[serde(rename = "UUID")]
    uuid: String,
    /// The name.
    #[serde(rename = "Name")]
    name: String,
}

impl OrganisationOut {
    pub(crate) fn of(id: OrganisationId, name: String) -> Self {
        Self {
            uuid: id.to_string(),
            name,
        }
    }
}

/// The user who signed a licence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxSignedUser)]
pub(crate) struct SignedUserOut {
    /// The id.
    #[serde(rename = "UUID")]
    uuid: String,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxLicense)]
pub(crate) struct LicenseOut {
    /// The id.
    #[serde(rename = "UUID")]
    uuid: String,
    /// The agreement.
    #[serde(rename = "Agreement")]
    agreement: AgreementOut,
    /// The price of a month, in the smallest unit of the currency.
    #[serde(rename = "AmountPerMonth")]
    amount_per_month: i64,
    /// What the licence is for, in a catalogue.
    #[serde(rename = "CatalogueUUIDs")]
    catalogue: Vec<String>,
    /// The discount on the price, in basis points.
    #[serde(rename = "DiscountBP")]
    discount_bp: i64,
    /// When it expires; null is never.
    #[serde(rename = "ExpiresAt")]
    expires_at: Option<String>,
    /// The key.
    #[serde(rename = "LicenseKey")]
    license_key: String,
    /// Until when it is paid.
    #[serde(rename = "PaidUntilAt")]
    paid_until_at: Option<String>,
    /// The organisation that provides what is agreed.
    #[serde(rename = "ProviderOrganisation")]
    provider_organisation: Option<OrganisationOut>,
    /// The user who has signed it.
    #[serde(rename = "SignedUser")]
    signed_user: Option<SignedUserOut>,
    /// When the user signed it.
    #[serde(rename = "SignedUserAt")]
    signed_user_at: Option<String>,
    /// When it begins to be valid.
    #[serde(rename = "StartsAt")]
    starts_at: String,
}

/// A licence, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxAdminLicense)]
pub(crate) struct AdminLicenseOut {
    #[serde(flatten)]
    license: LicenseOut,
    /// The organisation that owns it.
    #[serde(rename = "OrganisationUUID")]
    organisation_uuid: String,
    /// How many devices may use it.
    #[serde(rename = "Seats")]
    seats: i64,
    /// `Active`, `Suspended`, `Expired`, or `Pending` before it starts.
    #[serde(rename = "Status")]
    status: &'static str,
}

fn time(at: Timestamp) -> String {
    at.to_millis_string()
}

impl From<&AgreementRow> for AgreementOut {
    fn from(row: &AgreementRow) -> Self {
        Self {
            uuid: row.id.to_string(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            provides: row.provides.clone(),
            published_at: row.published_at.map(time),
        }
    }
}

/// The organisations that provide what the agreements of licences say. Those that were deleted are left out.
pub(crate) type Providers = BTreeMap<OrganisationId, OrganisationOut>;

/// The organisations with these ids.
pub(crate) async fn providers(app: &App, ids: BTreeSet<OrganisationId>) -> Result<Providers, Refusal> {
    let ids: Vec<OrganisationId> = ids.into_iter().collect();
    let found = organisations::find_many(app.ledger().db(), &ids).await?;
    let found = found
        .into_iter()
        .map(|row| (row.id, OrganisationOut::of(row.id, row.name)));
    Ok(found.collect())
}

fn provided(rows: &[LicenceRow]) -> BTreeSet<OrganisationId> {
    rows.iter().filter_map(|row| row.agreement.provider).collect()
}

fn shown(row: &LicenceRow, providers: &Providers) -> LicenseOut {
    let provider = row.agreement.provider.and_then(|id| providers.get(&id));
    LicenseOut {
        uuid: row.id.to_string(),
        agreement: AgreementOut::from(&row.agreement),
        amount_per_month: row.amount_per_month,
        catalogue: row.catalogue.iter().map(ToString::to_string).collect(),
        discount_bp: row.discount_bp,
        expires_at: row.expires_at.map(time),
        license_key: row.licence_key.clone(),
        paid_until_at: row.paid_until_at.map(time),
        provider_organisation: provider.cloned(),
        signed_user: row
            .signed_by
            .map(|UserId(id)| SignedUserOut { uuid: id.to_string() }),
        signed_user_at: row.signed_at.map(time),
        starts_at: time(row.starts_at),
    }
}

/// Licences as everybody sees them.
pub(crate) async fn licenses_out(app: &App, rows: &[LicenceRow]) -> Result<Vec<LicenseOut>, Refusal> {
    let providers = providers(app, provided(rows)).await?;
    Ok(rows.iter().map(|row| shown(row, &providers)).collect())
}

/// Licences as administrators see them.
pub(crate) async fn admin_licenses_out(
    app: &App,
    rows: &[LicenceRow],
) -> Result<Vec<AdminLicenseOut>, Refusal> {
    let (providers, now) = (providers(app, provided(rows)).await?, app.clock.now());
    let shown = rows.iter().map(|row| admin_license_out(row, &providers, now));
    Ok(shown.collect())
}

/// A licence as administrators see it now.
pub(crate) fn admin_license_out(row: &LicenceRow, providers: &Providers, now: Timestamp) -> AdminLicenseOut {
    AdminLicenseOut {
        license: shown(row, providers),
        organisation_uuid: row.organisation.to_string(),
        seats: row.seats,
        status: match row.standing(now) {
            LicenceStanding::Pending => "Pending",
            LicenceStanding::Active => "Active",
            LicenceStanding::Suspended => "Suspended",
            LicenceStanding::Expired => "Expired",
        },
    }
}
